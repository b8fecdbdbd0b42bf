import Synchronization

/// Lets one loop sleep until it is woken or its time is up.
///
/// A ring while nobody sleeps is kept for the next sleep.
final class Alarm: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            let sleeper = state.sleeper
            state.sleeper = nil
            state.isRung = sleeper == nil
            return sleeper
        }?.resume()
    }

    /// Returns when it rings, after the time, or when the task is cancelled.
    func wait(atMost limit: Duration) async {
        let timer = Task {
            // Cancelled because it rang already.
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            ring()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if state.isRung || Task.isCancelled {
                        state.isRung = false
                        return true
                    }
                    state.sleeper = continuation
                    return false
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        timer.cancel()
    }
}
