import Synchronization

/// The answers that a fault holds back for a while, until a test has seen enough.
final class SlowAnswers: Sendable {
    private struct State {
        var isOver = false
        var sleeping: [Int: Task<Void, any Error>] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    /// Returns after the time, or when nothing is held back any more.
    func wait(_ time: Duration) async {
        let (id, sleep) = state.withLock { state in
            let sleep = Task { try await Task.sleep(for: time) }
            if state.isOver { sleep.cancel() }
            state.last += 1
            state.sleeping[state.last] = sleep
            return (state.last, sleep)
        }
        _ = await sleep.result
        state.withLock { _ = $0.sleeping.removeValue(forKey: id) }
    }

    /// Lets every answer go that is held back, and holds none back from now on.
    func end() {
        let sleeping = state.withLock { state in
            state.isOver = true
            return state.sleeping.values
        }
        for sleep in sleeping { sleep.cancel() }
    }
}
