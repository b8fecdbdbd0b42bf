import RPC
import Synchronization

/// Asks one readiness check, for a bounded time, and never twice at once.
///
/// A check that hangs goes on by itself and is looked at again by the next question, so that being asked every second
/// does not pile up questions to something that does not answer.
final class ReadinessProbe: Sendable {
    let name: String
    private let check: ReadinessCheck
    private let running = Mutex<Task<String?, Never>?>(nil)

    init(_ check: ReadinessCheck) {
        self.check = check
        name = check.name
    }

    /// What the check says; where it says nothing in time, that.
    func ask(within limit: Duration) async -> String? {
        let answer = running.withLock { running in
            let task = running ?? Task { await self.run() }
            running = task
            return task
        }
        let first = First()
        return await withCheckedContinuation { continuation in
            first.wait(continuation)
            let deadline = DeadlineWatch.shared.watch(Deadline(after: limit)) {
                first.give("It did not answer within \(limit).")
            }
            Task {
                first.give(await answer.value)
                DeadlineWatch.shared.forget(deadline)
            }
        }
    }

    private func run() async -> String? {
        let answer = await check.check()
        running.withLock { $0 = nil }
        return answer
    }

    /// Passes on the first of several answers.
    private final class First: Sendable {
        private let continuation = Mutex<CheckedContinuation<String?, Never>?>(nil)

        func wait(_ continuation: CheckedContinuation<String?, Never>) {
            self.continuation.withLock { $0 = continuation }
        }

        func give(_ answer: String?) {
            let waiting = continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
            waiting?.resume(returning: answer)
        }
    }
}
