import Metrics
import RPC
import Synchronization

/// Lets so many calls run at once and so many of each caller, keeps some waiting, and refuses the rest.
///
/// Callers take turns: one that sends a thousand calls at once delays its own, not those of others.
final class CallQueue: Sendable {
    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var running = 0
        var runningOf: [String: Int] = [:]
        var waitingOf: [String: [Waiter]] = [:]
        /// The callers that wait, in the order of their turns.
        var turns: [String] = []
        var lastID = 0
    }

    private let limits: CallLimits
    private let state = Mutex(State())
    private let running = Meter(label: "rpc_calls_running")
    private let waiting = Meter(label: "rpc_calls_waiting")

    init(_ limits: CallLimits) {
        self.limits = limits
    }

    /// Runs the call when it is its turn, or throws `resource_exhausted`.
    func turn<Value: Sendable>(of caller: String, _ call: () async throws -> Value) async throws -> Value {
        if !mayRunNow(caller) { try await waitForTurn(caller) }
        defer { leave(caller) }
        report()
        return try await call()
    }

    private func mayRunNow(_ caller: String) -> Bool {
        state.withLock { state in
            let own = state.runningOf[caller, default: 0]
            guard state.running < limits.maxCalls, own < limits.maxCallsPerCaller, state.waitingOf[caller] == nil else {
                return false
            }
            state.running += 1
            state.runningOf[caller] = own + 1
            return true
        }
    }

    private func waitForTurn(_ caller: String) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let deadline = DeadlineWatch.shared.watch(Deadline(after: limits.maxWait)) {
            self.remove(id, of: caller)?.resume(throwing: self.refusal)
        }
        defer { DeadlineWatch.shared.forget(deadline) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isWaiting = state.withLock { state in
                    let line = state.waitingOf[caller, default: []]
                    guard line.count < limits.maxWaitingPerCaller else { return false }
                    if line.isEmpty { state.turns.append(caller) }
                    state.waitingOf[caller] = line + [Waiter(id: id, continuation: continuation)]
                    return true
                }
                guard isWaiting else { return continuation.resume(throwing: refusal) }
                // A call may have ended, or this one been cancelled, before it stood in the line.
                admitNext()
                if Task.isCancelled { remove(id, of: caller)?.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            remove(id, of: caller)?.resume(throwing: CancellationError())
        }
    }

    private func remove(_ id: Int, of caller: String) -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            guard var line = state.waitingOf[caller], let index = line.firstIndex(where: { $0.id == id }) else {
                return nil
            }
            let waiter = line.remove(at: index)
            state.waitingOf[caller] = line.isEmpty ? nil : line
            if line.isEmpty { state.turns.removeAll { $0 == caller } }
            return waiter.continuation
        }
    }

    private func leave(_ caller: String) {
        state.withLock { state in
            state.running -= 1
            let own = state.runningOf[caller, default: 1] - 1
            state.runningOf[caller] = own == 0 ? nil : own
        }
        admitNext()
        report()
    }

    /// Starts whoever may start now.
    private func admitNext() {
        while let waiter = state.withLock({ next(&$0) }) { waiter.continuation.resume() }
    }

    private func next(_ state: inout State) -> Waiter? {
        guard state.running < limits.maxCalls,
            let turn = state.turns.firstIndex(where: { state.runningOf[$0, default: 0] < limits.maxCallsPerCaller })
        else { return nil }
        let caller = state.turns.remove(at: turn)
        guard var line = state.waitingOf[caller], !line.isEmpty else { return nil }
        let waiter = line.removeFirst()
        state.waitingOf[caller] = line.isEmpty ? nil : line
        if !line.isEmpty { state.turns.append(caller) }
        state.running += 1
        state.runningOf[caller, default: 0] += 1
        return waiter
    }

    private func report() {
        let (running, waiting) = state.withLock { ($0.running, $0.waitingOf.values.reduce(0) { $0 + $1.count }) }
        self.running.set(running)
        self.waiting.set(waiting)
    }

    private var refusal: RPCError {
        RPCError(
            .resourceExhausted,
            "The service has as many calls as it takes, of yours or in all. Try again in a moment, or send fewer at once.",
            reason: "too_many_calls",
            nextAction: .retry
        )
    }
}
