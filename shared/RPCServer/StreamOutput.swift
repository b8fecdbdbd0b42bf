import Hummingbird
import NIOCore
import RPC
import Synchronization

/// The open end of one stream: writes messages as the client takes them, and knows how long nothing has moved.
///
/// One message at a time: a second writer at the same moment is a bug in a handler and is refused.
final class StreamOutput: @unchecked Sendable {  // `writer` and `unseen` are touched only by whoever set `isWriting`
    private var writer: any ResponseBodyWriter
    private let eventLoop: any EventLoop
    /// What was handed over since the event loop was last waited for.
    private var unseen = 0

    /// How much may be handed over before the event loop is waited for.
    private static let maxUnseen = 64 * 1024

    private struct State {
        var isWriting = false
        /// When the last message was taken, or the current one handed over.
        var since = ContinuousClock.now
        var messages = 0
    }

    private let state = Mutex(State())

    init(_ writer: any ResponseBodyWriter, on eventLoop: any EventLoop) {
        self.writer = writer
        self.eventLoop = eventLoop
    }

    /// How many messages the client's side of the connection has taken.
    var messages: Int { state.withLock(\.messages) }

    /// Returns when the connection has room for more.
    func write(_ buffer: ByteBuffer, messages: Int) async throws {
        try begin()
        defer { state.withLock { $0.isWriting = false } }
        try await writer.write(buffer)
        unseen += buffer.readableBytes
        if unseen > Self.maxUnseen {
            // Only the event loop finds out that the connection is full. While it is busy with others, a writer would
            // fill memory.
            try await eventLoop.submit {}.get()
            unseen = 0
        }
        state.withLock {
            $0.since = .now
            $0.messages += messages
        }
    }

    /// Writes the last message, where there is one more, and ends the answer.
    func finish(_ buffer: ByteBuffer? = nil) async throws {
        try begin()
        if let buffer { try await writer.write(buffer) }
        try await writer.finish(nil)
    }

    /// Throws when nothing has moved for the limit, or at the deadline, and never returns.
    func watch(_ limit: Duration, until deadline: Deadline) async throws {
        while true {
            let (since, isWriting) = state.withLock { ($0.since, $0.isWriting) }
            let limitEnd = since + limit
            if limitEnd <= .now {
                if isWriting { throw StreamCut.notTaken }
                throw RPCError(
                    .deadlineExceeded,
                    "The stream was ended because nothing came for \(limit).",
                    reason: "stream_idle",
                    nextAction: .retry
                )
            }
            if deadline.hasPassed {
                throw RPCError(
                    .deadlineExceeded,
                    "The stream was ended because it took longer than its deadline allowed.",
                    reason: "deadline_exceeded",
                    nextAction: .retry
                )
            }
            try await Task.sleep(until: min(limitEnd, deadline.instant), clock: .continuous)
        }
    }

    private func begin() throws(RPCError) {
        let isAlone = state.withLock { state in
            defer { state.isWriting = true }
            if !state.isWriting { state.since = .now }
            return !state.isWriting
        }
        guard isAlone else {
            throw RPCError(.internal, "Two elements were sent at the same time. Send one after the other.")
        }
    }
}

/// Why a stream is given up without a word: nobody is there to read it.
enum StreamCut: Error {
    case hungUp
    case notTaken

    var rpcError: RPCError {
        switch self {
        case .hungUp: RPCError(.canceled, "The reader of the stream hung up.", reason: "stream_cut")
        case .notTaken: RPCError(.canceled, "The reader of the stream took nothing for too long.", reason: "stream_cut")
        }
    }
}
