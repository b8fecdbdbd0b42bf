import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import RPC

/// Reads one stream: opens it, cuts its bytes into messages, decodes them, and knows when it is over.
///
/// Used by one task at a time, the one that iterates.
final class StreamReader<Message: Codable & Sendable, Element: Codable & Sendable>:
    @unchecked Sendable  // an iterator is used by one task at a time; a read runs in a child task that is waited for
{
    private let client: RPCClient
    private let stream: RPCStream<Message, Element>
    private let context: CallContext
    private var message: Message?
    private var body: HTTPClientResponse.Body.AsyncIterator?
    /// What came and is not decoded yet: less than one message, and then at most one read.
    private var buffer = ByteBuffer()
    private var isOver = false
    private var hasBegun = false

    init(client: RPCClient, stream: RPCStream<Message, Element>, message: Message, context: CallContext) {
        self.client = client
        self.stream = stream
        self.message = message
        self.context = context
    }

    func next() async throws(RPCError) -> Element? {
        guard !isOver else { return nil }
        do {
            if let message {
                self.message = nil
                body = try await open(message)
            }
            while true {
                if let envelope = try takeEnvelope() {
                    if let element = try await element(of: envelope) {
                        hasBegun = true
                        return element
                    }
                    end()
                    return nil
                }
                try await readMore()
            }
        } catch {
            end()
            throw error as? RPCError ?? RPCClient.failure(error, calling: stream.service)
        }
    }

    /// Lets go of the connection; unless everything was read, that closes it.
    private func end() {
        isOver = true
        body = nil
        buffer = ByteBuffer()
    }

    // MARK: Opening

    private func open(_ message: Message) async throws -> HTTPClientResponse.Body.AsyncIterator {
        guard !context.deadline.hasPassed else { throw tooLate }
        let json = try RPCCoding.encode(message)
        var body = ByteBuffer(
            bytes: ConnectStreaming.prefix(flags: ConnectStreaming.Flags.message, length: json.count)
        )
        body.writeBytes(json)
        let request = client.request(stream.path, ConnectStreaming.contentType, body, context)
        let response = try await client.http.execute(
            request,
            timeout: .nanoseconds(max(1, context.deadline.remaining.nanoseconds))
        )
        guard response.status == .ok else {
            let answer = try await withDeadline(context.deadline) {
                try await response.body.collect(upTo: 64 * 1024)
            }
            throw RPCClient.refusal(response.status.code, answer, calling: stream.service)
        }
        let type = response.headers.first(name: "content-type") ?? ""
        guard type.lowercased().hasPrefix(ConnectStreaming.contentType) else {
            throw broken("answered with the content type \(type.prefix(40))")
        }
        return response.body.makeAsyncIterator()
    }

    // MARK: Reading

    private func readMore() async throws {
        let limit = hasBegun ? Deadline(after: stream.idleLimit) : context.deadline
        let chunk: ByteBuffer?
        do {
            chunk = try await withDeadline(limit) { try await self.body?.next() }
        } catch let error as RPCError where error.code == .deadlineExceeded {
            throw hasBegun ? tooQuiet : tooLate
        } catch {
            try Task.checkCancellation()
            throw cut(error)
        }
        guard var chunk else {
            // A body whose task was cancelled ends as if it had been read.
            try Task.checkCancellation()
            throw cut(nil)
        }
        if buffer.readableBytes == 0 {
            buffer = chunk
        } else {
            buffer.discardReadBytes()
            buffer.writeBuffer(&chunk)
        }
    }

    /// Reads the end of the answer, which follows the last message at once, so that the connection can be used again.
    private func readToEnd() async {
        _ = try? await withDeadline(Deadline(after: .seconds(1))) { try await self.body?.next() }
    }

    private func takeEnvelope() throws(RPCError) -> (flags: UInt8, json: Data)? {
        guard let flags = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self),
            let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self)
        else { return nil }
        guard Int(length) <= max(stream.maxElementBytes, 64 * 1024) else {
            throw RPCError(
                .internal,
                "\(stream.service) sent an element that is longer than what is read here.",
                reason: "answer_too_large",
                nextAction: .callSupport
            )
        }
        let whole = ConnectStreaming.prefixLength + Int(length)
        guard buffer.readableBytes >= whole else { return nil }
        let start = buffer.readerIndex + ConnectStreaming.prefixLength
        let json = buffer.viewBytes(at: start, length: Int(length)).map { Data($0) } ?? Data()
        buffer.moveReaderIndex(forwardBy: whole)
        return (flags, json)
    }

    /// The element in an envelope; `nil` where it is the end of a stream that went well.
    private func element(of envelope: (flags: UInt8, json: Data)) async throws -> Element? {
        switch envelope.flags {
        case ConnectStreaming.Flags.message:
            do {
                return try RPCCoding.decodeAnswer(Element.self, from: envelope.json)
            } catch {
                throw broken("sent an element that does not fit its contract", error)
            }
        case ConnectStreaming.Flags.endOfStream:
            let end: ConnectStreaming.EndOfStream
            do {
                end = try RPCCoding.decodeAnswer(ConnectStreaming.EndOfStream.self, from: envelope.json)
            } catch {
                throw broken("ended a stream with something unreadable", error)
            }
            await readToEnd()
            if let error = end.error { throw error.error }
            return nil
        default:
            throw broken("sent a message with flags \(envelope.flags)")
        }
    }

    // MARK: Failures

    private var tooLate: RPCError {
        RPCError(
            .deadlineExceeded,
            "\(stream.service) sent nothing before the deadline.",
            reason: "deadline_exceeded",
            nextAction: .retry
        )
    }

    private var tooQuiet: RPCError {
        RPCError(
            .deadlineExceeded,
            "\(stream.service) sent nothing for \(stream.idleLimit) and is given up.",
            reason: "stream_idle",
            nextAction: .retry
        )
    }

    private func cut(_ cause: (any Error)?) -> RPCError {
        RPCError(
            .unavailable,
            "The stream from \(stream.service) broke off before its end. What came of it is incomplete.",
            reason: "stream_cut",
            nextAction: .retry,
            cause: cause
        )
    }

    private func broken(_ what: String, _ cause: (any Error)? = nil) -> RPCError {
        RPCError(.internal, "\(stream.service) \(what).", nextAction: .callSupport, cause: cause)
    }
}
