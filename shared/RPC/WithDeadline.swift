/// Runs the operation until the deadline; after it the operation is cancelled and `deadline_exceeded` is thrown.
///
/// The operation is waited for even then, so nothing of it goes on behind the caller's back. `interrupts` is given what
/// cancels the operation, for another cause than the deadline, and returns what forgets about it.
package func withDeadline<Result: Sendable>(
    _ deadline: Deadline,
    interrupts: ((@escaping @Sendable () -> Void) -> (@Sendable () -> Void))? = nil,
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let task = Task { try await operation() }
    let watched = DeadlineWatch.shared.watch(deadline) { task.cancel() }
    let withdraw = interrupts?({ task.cancel() })
    let result = await withTaskCancellationHandler {
        await task.result
    } onCancel: {
        task.cancel()
    }
    withdraw?()
    guard DeadlineWatch.shared.forget(watched) else {
        throw RPCError(
            .deadlineExceeded,
            "The call took longer than its deadline allowed. What it asked for may or may not have happened.",
            reason: "deadline_exceeded",
            nextAction: .retry
        )
    }
    return try result.get()
}
