import Foundation
import Synchronization

/// What this process has in hand, and the bell that says that runs may be waiting.
final class RunBoard: Sendable {
    /// A task's runs of one lane share its slots.
    struct Lane: Hashable, Sendable {
        var task: String
        var lane: Int
    }

    private struct Entry {
        var lane: Lane
        var generation: Int
        var cancel: @Sendable () -> Void
    }

    private struct State {
        var running: [UUID: Entry] = [:]
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// How many runs of a lane are in hand.
    func count(_ lane: Lane) -> Int {
        state.withLock { $0.running.values.count { $0.lane == lane } }
    }

    var isEmpty: Bool { state.withLock(\.running.isEmpty) }

    /// The runs in hand, with their generations.
    var running: [UUID: Int] { state.withLock { $0.running.mapValues(\.generation) } }

    func begin(_ run: ClaimedRun, cancel: @escaping @Sendable () -> Void) {
        state.withLock {
            $0.running[run.id] = Entry(
                lane: Lane(task: run.key.task, lane: run.lane),
                generation: run.generation,
                cancel: cancel
            )
        }
    }

    func end(_ run: UUID) {
        state.withLock { $0.running[run] = nil }
        wake()
    }

    /// Cancels runs that are no longer ours.
    func cancel(_ runs: some Sequence<UUID>) {
        let cancels = state.withLock { state in runs.compactMap { state.running[$0]?.cancel } }
        for cancel in cancels { cancel() }
    }

    func cancelAll() { cancel(running.keys) }

    // MARK: - The bell

    /// Says that there may be something to claim.
    func wake() {
        let waiter = state.withLock { state in
            state.isRung = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when somebody has rung since the last time, or after a while; for one waiter.
    func wait(atMost pause: Duration) async {
        let alarm = Task {
            try await Task.sleep(for: pause)
            self.wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if !state.isRung { state.waiter = continuation }
                    return state.isRung
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        state.withLock { $0.isRung = false }
        alarm.cancel()
    }
}
