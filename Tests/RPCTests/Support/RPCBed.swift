import AsyncHTTPClient
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import RPC
import RPCClient
import RPCServer
import Secrets
import ServiceLifecycle

/// Serves what a test registers, over HTTP on a free port, and calls it through the client or byte by byte.
struct RPCBed: Sendable {
    let port: Int
    let http: HTTPClient

    static let token = "a-token-that-is-long-enough"
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body while the service is up.
    ///
    /// Without callers of its own, one token may do everything.
    static func with(
        callers: [CallerDirectory.Entry] = [],
        maxTimeout: Duration = .seconds(120),
        server: ServerLimits = ServerLimits(),
        calls: CallLimits = CallLimits(),
        _ register: (RPCRouter) -> Void,
        _ body: @escaping @Sendable (RPCBed) async throws -> Void
    ) async throws {
        let everyone = Caller(name: "tests", services: .all, merchants: .all)
        let directory = try CallerDirectory(
            callers.isEmpty ? [.init(caller: everyone, tokens: [Secret(token)])] : callers
        )
        let router = RPCRouter(
            gate: CallGate(callers: directory, maxTimeout: maxTimeout, limits: calls, logger: logger)
        )
        register(router)
        let (started, start) = AsyncStream.makeStream(of: Int?.self)
        let application = Application(
            router: router.http,
            server: .served(server),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in start.yield(channel.localAddress?.port) },
            logger: logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: application)], logger: logger)
        )
        let server = Task {
            defer { start.finish() }
            try await group.run()
        }
        let http = HTTPClient.forInternalCalls()
        let result: Result<Void, any Error>
        do {
            guard let port = await started.first(where: { _ in true }) ?? nil else {
                throw try await server.result.map { RPCError(.internal, "The server ended.") }.get()
            }
            result = .success(try await body(RPCBed(port: port, http: http)))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        // Not cancelled: NIO traps where a connection is being accepted at that moment (swift-nio 2637).
        await group.triggerGracefulShutdown()
        _ = await server.result
        try result.get()
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var client: RPCClient { client() }

    func client(token: String = token, port: Int? = nil, maxAnswerBytes: Int = 1024 * 1024) -> RPCClient {
        RPCClient(
            baseURL: "http://127.0.0.1:\(port ?? self.port)",
            token: Secret(token),
            http: http,
            maxAnswerBytes: maxAnswerBytes
        )
    }

    /// What came back for a request written by hand.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: Data

        /// The header's only value.
        func header(_ name: String) -> String? {
            headers[name].count == 1 ? headers[name].first : nil
        }

        /// The messages of a stream, up to the end.
        var envelopes: [(flags: UInt8, json: Data)] {
            get throws {
                var found: [(flags: UInt8, json: Data)] = []
                var rest = body
                while let flags = rest.first {
                    let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
                    guard rest.count >= 5 + length else { throw RPCError(.internal, "A message is cut off.") }
                    found.append((flags, Data(rest.dropFirst(5).prefix(length))))
                    rest = rest.dropFirst(5 + length)
                }
                return found
            }
        }

        var error: RPCError? { try? JSONDecoder().decode(RPCErrorBody.self, from: body).error }
    }

    /// Sends these bytes, without the headers that are given as `nil`.
    func post(
        _ path: String = EchoV1.say.path,
        body: some Sequence<UInt8> = #"{"merchantId":"m1","text":"hi"}"#.utf8,
        method: String = "POST",
        headers: [String: String?] = [:]
    ) async throws -> Answer {
        var request = request(path, method, headers)
        if method != "GET" { request.body = .bytes(ByteBuffer(bytes: body)) }
        return try await answer(to: request)
    }

    /// Posts a body that comes in pieces, and whose length is not said beforehand.
    func post(pieces: AsyncStream<String>) async throws -> Answer {
        var request = request(EchoV1.say.path, "POST", [:])
        request.body = .stream(pieces.map { ByteBuffer(string: $0) }, length: .unknown)
        return try await answer(to: request)
    }

    /// The bytes of one message of a stream.
    static func envelope(_ json: String, flags: UInt8 = 0) -> [UInt8] {
        ConnectStreaming.prefix(flags: flags, length: json.utf8.count) + Array(json.utf8)
    }

    /// Calls the streaming procedure as any Connect client would.
    func post(stream json: String) async throws -> Answer {
        try await post(streamBytes: Self.envelope(json))
    }

    func post(streamBytes: [UInt8]) async throws -> Answer {
        try await post(
            EchoV1.count().path,
            body: streamBytes,
            headers: ["content-type": ConnectStreaming.contentType, "Connect-Protocol-Version": "1"]
        )
    }

    private func request(_ path: String, _ method: String, _ headers: [String: String?]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + path)
        request.method = HTTPMethod(rawValue: method)
        let usual: [String: String?] = [
            "authorization": "Bearer \(Self.token)", "content-type": "application/json",
        ]
        for (name, value) in usual.merging(headers, uniquingKeysWith: { $1 }) {
            if let value { request.headers.replaceOrAdd(name: name, value: value) }
        }
        return request
    }

    private func answer(to request: HTTPClientRequest) async throws -> Answer {
        let response = try await http.execute(request, timeout: .seconds(120))
        return Answer(
            status: Int(response.status.code),
            headers: response.headers,
            body: Data(try await response.body.collect(upTo: 1024 * 1024).readableBytesView)
        )
    }
}

extension CallContext {
    static var test: CallContext { .background(timeout: .seconds(120), logger: RPCBed.logger) }
}

/// The error a call ends with; `nil` when it returns.
func failure(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
}
