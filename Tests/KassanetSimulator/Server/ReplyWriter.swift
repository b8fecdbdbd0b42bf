import NIOCore
import NIOHTTP1

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Sends one reply the way it is to travel.
///
/// A caller that has gone is no error.
struct ReplyWriter: Sendable {
    let channel: any Channel
    let keepAlive: Bool

    /// Sends a reply; `answered` is kept before a next request can be read, or once there will be no answer.
    func write(_ reply: Reply, answered: EventLoopPromise<Void>) async {
        do {
            if reply.delayMs > 0 { await reply.slowAnswers?.wait(.milliseconds(reply.delayMs)) }
            try await send(reply, answered: answered)
        } catch {
            answered.fail(error)
            channel.close(promise: nil)
        }
    }

    private func send(_ reply: Reply, answered: EventLoopPromise<Void>) async throws {
        switch reply.delivery {
        case .never:
            channel.closeFuture.cascade(to: answered)
        case .hangUp(let reset):
            answered.succeed()
            if reset { await channel.reset() } else { try await channel.close() }
        case .whole where reply.long != nil:
            channel.write(head(reply, length: false), promise: nil)
            var parts = reply.long?.parts()
            // Waiting for each part keeps no more than one of them in memory, however slowly the caller reads.
            while let bytes = parts?.next() { try await channel.writeAndFlush(part(bytes[...])) }
            try await finish(answered)
        case .whole:
            channel.write(head(reply), promise: nil)
            channel.write(part(reply.body[...]), promise: nil)
            try await finish(answered)
        case .truncated:
            answered.succeed()
            channel.write(head(reply), promise: nil)
            try await channel.writeAndFlush(part(reply.body.prefix(reply.body.count / 2)))
            try await channel.close()
        case .drip(let everyMs):
            channel.write(head(reply), promise: nil)
            for index in reply.body.indices {
                try await channel.writeAndFlush(part(reply.body[index...index]))
                try await Task.sleep(for: .milliseconds(everyMs))
            }
            try await finish(answered)
        case .endless:
            channel.closeFuture.cascade(to: answered)
            channel.write(head(reply, length: false), promise: nil)
            while true { try await channel.writeAndFlush(part(reply.body[...])) }
        }
    }

    private func finish(_ answered: EventLoopPromise<Void>) async throws {
        guard keepAlive else {
            answered.succeed()
            try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
            return try await channel.close()
        }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: answered)
    }

    private func head(_ reply: Reply, length: Bool = true) -> HTTPServerResponsePart {
        var headers = HTTPHeaders(reply.headers.map { ($0.name, $0.value) })
        if length { headers.add(name: "Content-Length", value: String(reply.body.count)) }
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        return .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers))
    }

    private func part(_ bytes: ArraySlice<UInt8>) -> HTTPServerResponsePart {
        .body(.byteBuffer(ByteBuffer(bytes: bytes)))
    }
}

extension Channel {
    /// Ends the connection with a reset, as a machine does that loses its power.
    func reset() async {
        // Not every channel is a socket, and one that is closed already has no options; both end all the same.
        if let socket = self as? any SocketOptionProvider {
            try? await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await close()
    }
}
