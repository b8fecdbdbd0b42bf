import Crypto
package import Foundation
package import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
import RPCServer
import ServiceLifecycle
import Synchronization

/// A subscriber's end: takes notifications over HTTP on a free port, and answers as a test says.
package final class WebhookReceiver: Sendable {
    /// One notification as it came.
    package struct Arrival: Sendable {
        package var path: String
        package var id: String
        package var timestamp: String
        package var signature: String
        package var body: Data

        /// Whether one of its signatures is by this key, calculated anew from what came.
        package func isSigned(by secret: String) -> Bool {
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

    package struct Answer: Sendable {
        var status: HTTPResponse.Status
        var headers: HTTPFields
        var body: ResponseBody
        var gate: Gate?

        /// An answer that is given when `gate` is open, where there is one.
        package init(
            status: HTTPResponse.Status = .ok,
            headers: HTTPFields = [:],
            body: ResponseBody = ResponseBody(),
            gate: Gate? = nil
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.gate = gate
        }

        package static let ok = Answer()
        package static func status(_ code: Int, body: String = "") -> Answer {
            Answer(status: .init(code: code), body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
        }
    }

    private struct State {
        var arrivals: [Arrival] = []
        var answer: @Sendable (Arrival, Int) -> Answer = { _, _ in .ok }
        var port = 0
        var gates: [Gate] = []
        var isEnding = false
        var inFlight = 0
        var mostInFlight = 0
    }

    private let state = Mutex(State())

    private init() {}

    /// Everything that came, in order.
    package var arrivals: [Arrival] { state.withLock { $0.arrivals } }
    /// How many were being answered at once, at most.
    package var mostInFlight: Int { state.withLock { $0.mostInFlight } }
    package var url: String { "http://127.0.0.1:\(state.withLock { $0.port })/hooks" }

    /// Answers by a notification and how often its id has come, this time included.
    package func answers(_ answer: @escaping @Sendable (Arrival, Int) -> Answer) {
        state.withLock { $0.answer = answer }
    }

    /// Runs the body while a receiver listens.
    package static func with(_ body: (WebhookReceiver) async throws -> Void) async throws {
        let receiver = WebhookReceiver()
        let router = Router()
        router.on("**", method: .post) { request, _ in try await receiver.take(request) }
        let (started, start) = AsyncStream.makeStream(of: Int?.self)
        let logger = Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router,
            server: .served(),
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
        // A test that failed before it opened a gate must not hang as well.
        for gate in receiver.state.withLock({ state in
            state.isEnding = true
            return state.gates
        }) { gate.open() }
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
            var answer = state.answer(arrival, state.arrivals.count { $0.id == arrival.id })
            if state.isEnding { answer.gate = nil }
            if let gate = answer.gate { state.gates.append(gate) }
            return answer
        }
        await answer.gate?.wait()
        state.withLock { $0.inFlight -= 1 }
        return Response(status: answer.status, headers: answer.headers, body: answer.body)
    }
}

extension WebhookReceiver {
    /// Holds up whoever waits until it is opened.
    package final class Gate: Sendable {
        private let opened: AsyncStream<Void>
        private let opening: AsyncStream<Void>.Continuation

        package init() { (opened, opening) = AsyncStream.makeStream(of: Void.self) }

        package func wait() async { for await _ in opened {} }
        package func open() { opening.finish() }
    }
}
