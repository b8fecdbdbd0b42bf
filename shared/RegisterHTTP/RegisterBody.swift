import Synchronization

/// The body of an answer while it arrives, for one reader.
///
/// Letting go of it ends the request.
package final class RegisterBody: Sendable {
    /// How many bytes may wait for the reader before the register is made to wait.
    package static let highWater = 128 * 1024

    let buffer: Buffer
    private let id: UInt64
    private let loop: TransferLoop

    init(id: UInt64, loop: TransferLoop) {
        buffer = Buffer()
        self.id = id
        self.loop = loop
    }

    deinit {
        loop.cancel(id)
    }

    /// The status of the answer; nil before its first byte of body, or its end, was read.
    package var status: Int? { buffer.status }

    /// The next part of the body, nil at its end.
    ///
    /// Waits for the register no longer than `limit`; then the request is given up as timed out. How long the reader
    /// takes between two calls counts for nothing.
    package func next(within limit: Duration) async throws(RegisterHTTPError) -> [UInt8]? {
        while true {
            switch buffer.take() {
            case .part(let bytes, let wasPaused):
                if wasPaused { loop.resume(id) }
                return bytes
            case .end(.success): return nil
            case .end(.failure(let error)): throw error
            case .nothing:
                let timer = Task { [buffer, loop, id] in
                    guard (try? await Task.sleep(for: limit)) != nil else { return }
                    buffer.giveUp()
                    loop.cancel(id)
                }
                await withTaskCancellationHandler {
                    await buffer.wait()
                } onCancel: {
                    loop.cancel(id)
                }
                timer.cancel()
            }
        }
    }
}

extension RegisterBody {
    /// What the thread puts in and the reader takes out.
    final class Buffer: Sendable {
        enum Taken {
            case part([UInt8], wasPaused: Bool)
            case end(TransferLoop.Outcome)
            case nothing
        }

        private struct State {
            var bytes: [UInt8] = []
            var status: Int?
            var isPaused = false
            var isGivenUp = false
            var outcome: TransferLoop.Outcome?
            var reader: CheckedContinuation<Void, Never>?
        }

        private let state = Mutex(State())

        var status: Int? { state.withLock { $0.status } }

        /// Takes a part unless too much waits already.
        func offer(_ part: UnsafeBufferPointer<UInt8>, status: Int) -> Bool {
            let (isTaken, reader) = state.withLock { state in
                state.status = status
                guard state.bytes.count < RegisterBody.highWater else {
                    state.isPaused = true
                    return (false, CheckedContinuation<Void, Never>?.none)
                }
                state.bytes.append(contentsOf: part)
                defer { state.reader = nil }
                return (true, state.reader)
            }
            reader?.resume()
            return isTaken
        }

        func end(_ outcome: TransferLoop.Outcome) {
            let reader = state.withLock { state in
                if case .success(let response) = outcome { state.status = response.status }
                state.outcome = outcome
                if state.isGivenUp, case .failure(let error) = outcome, error.kind == .cancelled {
                    let late = RegisterHTTPError(kind: .timedOut, nothingLeft: error.nothingLeft, target: error.target)
                    state.outcome = .failure(late)
                }
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume()
        }

        /// What comes first is told first: an end is told when every byte before it was taken.
        func take() -> Taken {
            state.withLock { state in
                guard state.bytes.isEmpty else {
                    defer {
                        state.bytes = []
                        state.isPaused = false
                    }
                    return .part(state.bytes, wasPaused: state.isPaused)
                }
                return state.outcome.map(Taken.end) ?? .nothing
            }
        }

        func giveUp() { state.withLock { $0.isGivenUp = true } }

        /// Returns when there is something to take.
        func wait() async {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    guard state.bytes.isEmpty, state.outcome == nil else { return true }
                    state.reader = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }
}
