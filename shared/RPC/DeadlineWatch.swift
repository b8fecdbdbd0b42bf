import Synchronization

/// Calls back when deadlines pass, for all calls of a process at once.
///
/// Nearly every call ends long before its deadline, so what counts is that noting and forgetting one is cheap: one task
/// looks over all of them every ``interval`` while there are any. A deadline is noticed at most so much late.
package final class DeadlineWatch: Sendable {
    package static let shared = DeadlineWatch()
    private static let interval: Duration = .milliseconds(20)

    /// One deadline that is watched.
    package struct ID: Sendable {
        fileprivate let number: UInt64
    }

    private struct State {
        var lastNumber: UInt64 = 0
        var entries: [UInt64: (instant: ContinuousClock.Instant, action: @Sendable () -> Void)] = [:]
        var isWatching = false
    }

    private let state = Mutex(State())

    /// Calls `action` once, soon after the deadline, unless it is forgotten before.
    package func watch(_ deadline: Deadline, _ action: @escaping @Sendable () -> Void) -> ID {
        let (id, starts) = state.withLock { state in
            state.lastNumber += 1
            state.entries[state.lastNumber] = (deadline.instant, action)
            defer { state.isWatching = true }
            return (ID(number: state.lastNumber), !state.isWatching)
        }
        if starts { Task.detached { await self.look() } }
        return id
    }

    /// Forgets a deadline.
    ///
    /// - Returns: Whether it had not been called back. It never is from here on.
    @discardableResult
    package func forget(_ id: ID) -> Bool {
        state.withLock { $0.entries.removeValue(forKey: id.number) != nil }
    }

    private func look() async {
        while true {
            let now = ContinuousClock.now
            let (due, next) = state.withLock { state in
                let due = state.entries.filter { $0.value.instant <= now }
                for number in due.keys { state.entries[number] = nil }
                return (due.values.map(\.action), state.entries.values.lazy.map(\.instant).min())
            }
            for action in due { action() }
            let wake = min(next ?? .now + Self.interval, .now + Self.interval)
            try? await Task.sleep(until: wake, clock: .continuous)
            let isDone = state.withLock { state in
                if state.entries.isEmpty { state.isWatching = false }
                return state.entries.isEmpty
            }
            if isDone { return }
        }
    }
}
