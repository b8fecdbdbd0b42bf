import Synchronization

/// One connection, as the calls on it see it: whether their caller is still there.
package final class ServedConnection: Sendable {
    /// The connection whose requests the current task answers; `nil` outside a server of ours.
    @TaskLocal static var current: ServedConnection?

    /// Whether it came when there were too many: it is told so, and closed after one answer.
    let isSurplus: Bool

    private struct State {
        var isGone = false
        var nextID = 0
        var watchers: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    init(isSurplus: Bool) {
        self.isSurplus = isSurplus
    }

    /// Notes that the other side hung up and tells everyone who watches, once.
    func hangUp() {
        let watchers = state.withLock { state in
            state.isGone = true
            defer { state.watchers = [:] }
            return state.watchers
        }
        for watcher in watchers.values { watcher() }
    }

    /// Calls back when the other side hangs up, or at once if it has; returns what ``withdraw(_:)`` takes.
    func watch(_ watcher: @escaping @Sendable () -> Void) -> Int? {
        let id: Int? = state.withLock { state in
            guard !state.isGone else { return nil }
            state.nextID += 1
            state.watchers[state.nextID] = watcher
            return state.nextID
        }
        if id == nil { watcher() }
        return id
    }

    /// Forgets a watcher.
    func withdraw(_ id: Int?) {
        guard let id else { return }
        state.withLock { _ = $0.watchers.removeValue(forKey: id) }
    }

    /// Returns when the other side has hung up, or when the task is cancelled.
    func untilGone() async {
        let (gone, end) = AsyncStream.makeStream(of: Never.self)
        let id = watch { end.finish() }
        for await _ in gone {}
        withdraw(id)
    }

    /// For ``withDeadline(_:interrupts:_:)``: cancels when the other side hangs up.
    func interrupt(_ cancel: @escaping @Sendable () -> Void) -> (@Sendable () -> Void) {
        let id = watch(cancel)
        return { self.withdraw(id) }
    }
}
