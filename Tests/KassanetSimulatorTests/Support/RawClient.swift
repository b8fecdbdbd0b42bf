import NIOCore
import NIOPosix

@testable import KassanetSimulator

/// What came back over one connection, byte for byte.
struct RawAnswer: Sendable, Equatable {
    var bytes: [UInt8]
    var ending: Ending

    /// How a connection came to its end.
    enum Ending: Sendable, Equatable {
        case closed
        case reset
        /// There never was one.
        case refused
        /// The caller had read enough.
        case leftByCaller
    }

    /// The HTTP status; nil when there was no answer.
    var status: Int? {
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    var head: String { String(decoding: bytes.prefix(boundary ?? bytes.count), as: UTF8.self) }
    var body: [UInt8] { boundary.map { Array(bytes.dropFirst($0 + 4)) } ?? [] }

    /// The body as JSON, when it is plain.
    var plain: WireValue? { try? WireParser.parse(body) }

    /// The body as JSON, when it is encrypted the way the demo connection does.
    var opened: WireValue? {
        guard let plain = try? SimulatorConfiguration.test.envelope.open(body) else { return nil }
        return try? WireParser.parse(plain)
    }

    /// Whether as much has come as the answer says it has.
    var isWhole: Bool {
        let line = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        return line.flatMap { Int($0.dropFirst(16)) } == body.count && boundary != nil
    }

    private var boundary: Int? {
        let mark = Array("\r\n\r\n".utf8)
        return bytes.indices.first { bytes[$0...].starts(with: mark) }
    }
}

/// A caller that knows nothing but bytes.
enum RawClient {
    /// Sends bytes on a connection of their own and reads until it ends, or until `limit` bytes have come.
    static func send(_ bytes: [UInt8], to url: String, limit: Int = .max) async throws -> RawAnswer {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await connect(url)
        } catch is NIOConnectionError {
            return RawAnswer(bytes: [], ending: .refused)
        }
        return try await channel.executeThenClose { inbound, outbound in
            var received: [UInt8] = []
            do {
                try await outbound.write(ByteBuffer(bytes: bytes))
                for try await part in inbound {
                    received += part.readableBytesView
                    if received.count >= limit { return RawAnswer(bytes: received, ending: .leftByCaller) }
                }
            } catch is IOError {
                return RawAnswer(bytes: received, ending: .reset)
            }
            return RawAnswer(bytes: received, ending: .closed)
        }
    }

    /// Sends each request on one connection, when the one before it was answered.
    static func converse(_ requests: [[UInt8]], with url: String) async throws -> [RawAnswer] {
        try await connect(url).executeThenClose { inbound, outbound in
            var answers: [RawAnswer] = []
            var parts = inbound.makeAsyncIterator()
            for request in requests {
                try await outbound.write(ByteBuffer(bytes: request))
                var answer = RawAnswer(bytes: [], ending: .leftByCaller)
                while !answer.isWhole, let part = try await parts.next() { answer.bytes += part.readableBytesView }
                answers.append(answer)
            }
            return answers
        }
    }

    private static func connect(_ url: String) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let port = url.split(separator: ":").last.flatMap { Int($0.prefix { $0 != "/" }) } ?? 0
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }
}

extension RegisterSimulator {
    func send(_ request: TestRequest, limit: Int = .max) async throws -> RawAnswer {
        try await RawClient.send(request.bytes(), to: baseURL, limit: limit)
    }

    /// Calls the control API.
    func control(_ method: String, _ path: String, _ body: String = "") async throws -> RawAnswer {
        let head = "\(method) \(path) HTTP/1.1\r\nHost: control\r\nConnection: close\r\n"
        let request = "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try await RawClient.send(Array(request.utf8), to: controlURL)
    }
}

/// Runs a test against a register of its own and stops it, whatever happens.
func withRegister<Result: Sendable>(
    _ configuration: SimulatorConfiguration = .test,
    _ body: @Sendable (RegisterSimulator) async throws -> Result
) async throws -> Result {
    let register = try await RegisterSimulator.start(configuration)
    do {
        let result = try await body(register)
        await register.stop()
        return result
    } catch {
        await register.stop()
        throw error
    }
}
