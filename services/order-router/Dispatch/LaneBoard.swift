import Synchronization

/// Which locations this process works for, and which are next: fair between them, and bounded.
///
/// A location that is woken while it waits, or while its lane runs, stands here once. Beyond the bound a wake is dropped:
/// the poll finds the location again.
final class LaneBoard: Sendable {
    private struct State {
        var running: [LaneKey: Bool] = [:]
        var waiting: [LaneKey] = []
        var isWaiting: Set<LaneKey> = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let maxWaiting: Int
    private let starts: AsyncStream<LaneKey>.Continuation
    /// The locations whose lanes are to be run now.
    ///
    /// Ends when the board is stopped.
    let toStart: AsyncStream<LaneKey>

    init(capacity: Int, maxWaiting: Int = 10_000) {
        self.capacity = capacity
        self.maxWaiting = maxWaiting
        // Never more than `capacity` elements: each is counted as running until it is finished.
        (toStart, starts) = AsyncStream.makeStream(of: LaneKey.self, bufferingPolicy: .unbounded)
    }

    /// Says that a location may have something to do.
    func wake(_ key: LaneKey) {
        state.withLock { state in
            guard !state.isStopped else { return }
            if state.running[key] != nil {
                state.running[key] = true
            } else if state.running.count < capacity {
                state.running[key] = false
                starts.yield(key)
            } else if state.waiting.count < maxWaiting, state.isWaiting.insert(key).inserted {
                state.waiting.append(key)
            }
        }
    }

    /// Says that a location's lane has ended; it stands at the end of the line if it was woken meanwhile.
    func finished(_ key: LaneKey) {
        state.withLock { state in
            let wasWoken = state.running.removeValue(forKey: key) ?? false
            guard !state.isStopped else { return }
            if wasWoken, state.isWaiting.insert(key).inserted { state.waiting.append(key) }
            while state.running.count < capacity, !state.waiting.isEmpty {
                let next = state.waiting.removeFirst()
                state.isWaiting.remove(next)
                state.running[next] = false
                starts.yield(next)
            }
        }
    }

    /// How many more lanes this process would run.
    var freeCapacity: Int {
        state.withLock { max(0, capacity - $0.running.count) }
    }

    /// The locations whose lanes run now.
    var running: [LaneKey] {
        state.withLock { Array($0.running.keys) }
    }

    /// No lane is started any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        starts.finish()
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }
}
