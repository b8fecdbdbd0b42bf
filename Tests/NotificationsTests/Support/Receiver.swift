import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A subscriber's end: takes notifications over HTTP on a free port, and answers as a test says.
final class Receiver: Sendable {
    /// One notification as it came.
    struct Arrival: Sendable {
        var path: String
        var id: String
        var timestamp: String
        var signature: String
        var body: Data

        /// Whether one of its signatures is by this key, calculated anew from what came.
        func isSigned(by secret: String) -> Bool {
            guard let key = Data(base64Encoded: String(secret.dropFirst("whsec_".count))) else { return false }
            let signed = Data("\(id).\(timestamp).".utf8) + body
            return signature.split(separator: " ").contains { signature in
                guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
                    return false
                }
                return HMAC<SHA256>.isValidAuthenticationCode(
                    code,
                    authenticating: signed,
                    using: SymmetricKey(data: key)
                )
            }
        }
    }

    struct Answer: Sendable {
        var status: HTTPResponse.Status = .ok
        var headers: HTTPFields = [:]
        var body = ResponseBody()
        /// Waited for before the answer is given.
        var gate: Gate?

        static let ok = Answer()
        static func status(_ code: Int, body: String = "") -> Answer {
            Answer(status: .init(code: code), body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
        }
    }

    private struct State {
        var arrivals: [Arrival] = []
        var answer: @Sendable (Arrival, Int) -> Answer = { _, _ in .ok }
        var port = 0
        var inFlight = 0
        var mostInFlight = 0
    }

    private let state = Mutex(State())

    /// Everything that came, in order.
    var arrivals: [Arrival] { state.withLock { $0.arrivals } }
    /// How many were being answered at once, at most.
    var mostInFlight: Int { state.withLock { $0.mostInFlight } }
    var url: String { "http://127.0.0.1:\(state.withLock { $0.port })/hooks" }

    /// Answers by a notification and how often its id has come, this time included.
    func answers(_ answer: @escaping @Sendable (Arrival, Int) -> Answer) {
        state.withLock { $0.answer = answer }
    }

    /// Runs the body while a receiver listens.
    static func with(_ body: (Receiver) async throws -> Void) async throws {
        let receiver = Receiver()
        let router = Router()
        router.on("**", method: .post) { request, _ in try await receiver.take(request) }
        let (started, start) = AsyncStream.makeStream(of: Int?.self)
        let logger = Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router,
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
        let result: Result<Void, any Error>
        do {
            guard let port = await started.first(where: { _ in true }) ?? nil else { throw NotStarted() }
            receiver.state.withLock { $0.port = port }
            result = .success(try await body(receiver))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        _ = await server.result
        try result.get()
    }

    struct NotStarted: Error {}

    private func take(_ request: Request) async throws -> Response {
        func header(_ name: String) -> String { HTTPField.Name(name).flatMap { request.headers[$0] } ?? "" }
        let body = try await request.body.collect(upTo: 1_000_000)
        let arrival = Arrival(
            path: request.uri.path,
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body: Data(body.readableBytesView)
        )
        let answer = state.withLock { state in
            state.arrivals.append(arrival)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            return state.answer(arrival, state.arrivals.count { $0.id == arrival.id })
        }
        await answer.gate?.wait()
        state.withLock { $0.inFlight -= 1 }
        return Response(status: answer.status, headers: answer.headers, body: answer.body)
    }
}

/// Holds up whoever waits until it is opened.
final class Gate: Sendable {
    private let opened: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() { (opened, opening) = AsyncStream.makeStream(of: Void.self) }

    func wait() async { for await _ in opened {} }
    func open() { opening.finish() }
}
