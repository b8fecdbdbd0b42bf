/// Runs the operation until the deadline; after it the operation is cancelled and `deadline_exceeded` is thrown.
///
/// The operation is waited for even then, so nothing of it goes on behind the caller's back.
package func withDeadline<Result: Sendable>(
    _ deadline: Deadline,
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(until: deadline.instant, clock: .continuous)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw RPCError(
                .deadlineExceeded,
                "The call took longer than its deadline allowed. What it asked for may or may not have happened.",
                reason: "deadline_exceeded",
                nextAction: .retry
            )
        }
        return result
    }
}
