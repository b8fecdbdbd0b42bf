import Foundation
import Hummingbird
import NIOCore
import OpenAPI
import RPCServer

/// Whether a service can do its work now; `nil` where it can, else the reason in a sentence.
package struct ReadinessCheck: Sendable {
    let name: String
    let check: @Sendable () async -> String?

    /// How long one check may take: whoever asks has a limit too, and takes silence for death.
    static let limit: Duration = .seconds(2)

    /// What is wrong, nil for nothing; a check that takes too long is wrong too, and is waited for no longer.
    func outcome(within limit: Duration = limit) async -> String? {
        let (answers, answer) = AsyncStream.makeStream(of: String?.self)
        let work = Task { answer.yield(await check()) }
        let timer = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            answer.yield("It did not answer within \(limit).")
        }
        defer {
            work.cancel()
            timer.cancel()
        }
        for await first in answers { return first }
        return "The check was given up."
    }

    package init(_ name: String, _ check: @escaping @Sendable () async -> String?) {
        self.name = name
        self.check = check
    }
}

/// What a service says of itself at `/`.
struct Identity: Encodable {
    var service: String
    var purpose: String
    var version: String
}

extension RPCRouter {
    /// `/openapi.json`: what this service offers.
    ///
    /// It needs no token, as the routes of ``serveHealth(_:checks:metrics:)`` need none.
    func serveDocument(_ identity: Identity) throws {
        let text = try OpenAPIDocument(
            service: identity.service,
            purpose: identity.purpose,
            version: identity.version,
            operations: operations
        ).text()
        http.get("/openapi.json") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        }
    }

    /// `/healthz` (the process runs), `/readyz` (it can do its work), `/metrics` (Prometheus) and `/` (what it is).
    ///
    /// These need no token: they tell nothing of merchants or orders.
    func serveHealth(_ identity: Identity, checks: [ReadinessCheck], metrics: PrometheusRegistry) {
        http.get("/") { _, _ in try Self.json(.ok, identity) }
        http.get("/healthz") { _, _ in try Self.json(.ok, ["status": "ok"]) }
        http.get("/readyz") { _, _ in
            var failures: [String: String] = [:]
            for check in checks { failures[check.name] = await check.outcome() }
            return failures.isEmpty
                ? try Self.json(.ok, ["status": "ready"])
                : try Self.json(.serviceUnavailable, ["status": "not ready"].merging(failures) { $1 })
        }
        http.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text()))
            )
        }
    }

    private static func json(_ status: HTTPResponse.Status, _ message: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(message)))
        )
    }
}
