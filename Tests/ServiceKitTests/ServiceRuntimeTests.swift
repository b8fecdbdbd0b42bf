import AsyncHTTPClient
import Foundation
import Hummingbird
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import RPC
import RPCServer
import ServiceLifecycle
import Synchronization
import Testing

@testable import ServiceKit

/// What every service answers by itself, and how it starts and ends.
@Suite(.timeLimit(.minutes(5))) struct ServiceRuntimeTests {
    /// Whatever runs, as a service that is told when to end.
    private struct Running: Service {
        let body: @Sendable () async throws -> Void

        func run() async throws { try await body() }
    }

    private struct Answer: Sendable {
        var status: Int
        var contentType: String?
        var body: String

        var fields: [String: String]? { try? JSONDecoder().decode([String: String].self, from: Data(body.utf8)) }
    }

    private func settings(port: Int = 0) async throws -> HTTPSettings {
        let reader = try await SettingsReader.fromEnvironment(["CALLERS": "[]", "HTTP_PORT": "\(port)"])
        let settings = HTTPSettings(reader, port: 8080)
        try reader.finish()
        return settings
    }

    /// Runs a service, with the port it took, until the body returns.
    private func withService(
        readiness: [ReadinessCheck] = [],
        metrics: PrometheusRegistry = PrometheusRegistry(),
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, start) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in
            JSONLogHandler(service: "test", level: .info) { line in
                let fields = try? JSONDecoder().decode([String: String].self, from: Data(line.utf8))
                if fields?["message"] == "Service started", let port = fields?["port"].flatMap(Int.init) {
                    start.yield(port)
                }
            }
        }
        let runtime = ServiceRuntime(name: "test-service", purpose: "Is tested.", logger: logger, metrics: metrics)
        let http = try await settings()
        let running = Running {
            try await runtime.run([], serving: runtime.router(http), on: http, readiness: readiness)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: running)], logger: logger)
        )
        let service = Task {
            defer { start.finish() }
            try await group.run()
        }
        let result: Result<Void, any Error>
        do {
            guard let port = await ports.first(where: { _ in true }) else {
                try await service.value
                return
            }
            result = .success(try await body(port))
        } catch {
            result = .failure(error)
        }
        // As a signal would: it drains, and ends without an error.
        await group.triggerGracefulShutdown()
        let end = await service.result
        try result.get()
        try end.get()
    }

    private static func fetch(
        _ path: String,
        _ port: Int,
        _ client: HTTPClient = .shared
    ) async throws -> Answer {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        let response = try await client.execute(request, timeout: .seconds(60))
        return Answer(
            status: Int(response.status.code),
            contentType: response.headers.first(name: "content-type"),
            body: String(buffer: try await response.body.collect(upTo: 1024 * 1024))
        )
    }

    @Test func aServiceSaysThatItRunsAndWhatItIs() async throws {
        try await withService { port in
            let health = try await Self.fetch("/healthz", port)
            #expect(health.status == 200)
            #expect(health.fields == ["status": "ok"])
            let identity = try await Self.fetch("/", port)
            #expect(
                identity.fields == [
                    "service": "test-service", "purpose": "Is tested.", "version": ServiceRuntime.version,
                ]
            )
        }
    }

    @Test("A readiness check that hangs is given up in time, and not asked again while it hangs")
    func aHangingCheckIsGivenUp() async throws {
        let asked = Mutex(0)
        let (held, release) = AsyncStream.makeStream(of: Never.self)
        let hanging = ReadinessCheck("database") {
            asked.withLock { $0 += 1 }
            for await _ in held {}
            return nil
        }
        try await withService(readiness: [hanging, ReadinessCheck("disk") { nil }]) { port in
            // That an answer comes while the check still hangs is what "in time" means; it ends only when it is let go.
            for _ in 1...2 {
                let answer = try await Self.fetch("/readyz", port)
                #expect(answer.status == 503)
                #expect(answer.fields?["database"]?.hasPrefix("It did not answer within") == true)
                #expect(answer.fields?["disk"] == nil)
            }
            #expect(asked.withLock { $0 } == 1)
            release.finish()
            var status = 0
            for _ in 1...100 where status != 200 { status = try await Self.fetch("/readyz", port).status }
            #expect(status == 200)
        }
    }

    @Test("A service that is told to end answers new connections with 503 for the drain delay, then closes its port")
    func aServiceDrainsBeforeItCloses() async throws {
        let router = RPCRouter(gate: CallGate(callers: .nobody, maxTimeout: .seconds(1), logger: Logger(label: "test")))
        let drain = router.drain
        router.http.get("/readyz") { _, _ in Response(status: drain.isDraining ? .serviceUnavailable : .ok) }
        let (ports, start) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router.http,
            server: .served(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in start.yield(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        let server = DrainingServer(server: application, drain: drain, delay: .seconds(5), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: logger)
        )
        let running = Task { try await group.run() }
        let port = try #require(await ports.first { _ in true })
        let before = try await Self.fetch("/readyz", port)
        #expect(before.status == 200)
        await group.triggerGracefulShutdown()
        // One that takes a refused connection for an answer, and uses none twice.
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .milliseconds(1)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var refusals = 0
        while let answer = try? await Self.fetch("/readyz", port, client) {
            if answer.status == 503 { refusals += 1 }
            #expect(answer.status == 503 || refusals == 0)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(refusals > 0)
        try await client.shutdown()
        try await running.value
    }

    @Test func aServiceIsReadyWhenAllItNeedsIs() async throws {
        let trouble = Mutex<String?>("The database does not answer.")
        let database = ReadinessCheck("database") { trouble.withLock { $0 } }
        try await withService(readiness: [database, ReadinessCheck("disk") { nil }]) { port in
            let before = try await Self.fetch("/readyz", port)
            #expect(before.status == 503)
            #expect(before.fields == ["status": "not ready", "database": "The database does not answer."])
            let health = try await Self.fetch("/healthz", port)
            #expect(health.status == 200)
            trouble.withLock { $0 = nil }
            let after = try await Self.fetch("/readyz", port)
            #expect(after.status == 200)
            #expect(after.fields == ["status": "ready"])
        }
    }

    @Test func metricsAreServedAsPrometheusReadsThem() async throws {
        let metrics = PrometheusRegistry()
        Counter(label: "orders_total", dimensions: [("state", "delivered")], factory: metrics).increment(by: 3)
        try await withService(metrics: metrics) { port in
            let answer = try await Self.fetch("/metrics", port)
            #expect(answer.status == 200)
            #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.body == "# TYPE orders_total counter\norders_total{state=\"delivered\"} 3\n")
        }
    }

    @Test func aPortInUseIsSaidInASentence() async throws {
        try await withService { port in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let second = ServiceRuntime(name: "second", purpose: "", logger: logger, metrics: PrometheusRegistry())
            let http = try await settings(port: port)
            let error = await #expect(throws: StartError.self) {
                try await second.run([], serving: second.router(http), on: http)
            }
            #expect(
                error?.description
                    == "Port \(port) on 127.0.0.1 is in use. Stop what listens there, or set HTTP_PORT."
            )
        }
    }

    @Test func aServiceThatFailsEndsTheWhole() async throws {
        struct Broken: Error {}
        struct Failing: Service {
            func run() async throws { throw Broken() }
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let runtime = ServiceRuntime(name: "failing", purpose: "", logger: logger, metrics: PrometheusRegistry())
        let http = try await settings()
        await #expect(throws: Broken.self) {
            try await runtime.run([Failing()], serving: runtime.router(http), on: http)
        }
    }
}
