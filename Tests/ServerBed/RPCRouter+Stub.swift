import AsyncHTTPClient
import Hummingbird
package import Logging
import RPC
package import RPCClient
package import RPCServer
package import Secrets
import ServiceLifecycle

extension RPCRouter {
    /// What callers of a stub show.
    package static let stubToken = Secret("a-long-enough-test-token")

    /// A router for stubs of other services: it takes every call of its one caller.
    package static func stub(maxTimeout: Duration = .seconds(120), logger: Logger) throws -> RPCRouter {
        let everyone = Caller(name: "tests", services: .all, merchants: .all)
        let callers = try CallerDirectory([.init(caller: everyone, tokens: [stubToken])])
        return RPCRouter(gate: CallGate(callers: callers, maxTimeout: maxTimeout, logger: logger))
    }

    /// Serves the stub on a free port while the body runs, and gives it the port and a client.
    package func whileServed<Value: Sendable>(
        logger: Logger,
        _ body: (RPCClient, _ port: Int) async throws -> Value
    ) async throws -> Value {
        let (ports, start) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: self.http,
            server: .served(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { start.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        let http = HTTPClient.forInternalCalls()
        var configuration = ServiceGroupConfiguration(services: [.init(service: application)], logger: logger)
        // What a stub keeps waiting is cancelled then.
        configuration.maximumGracefulShutdownDuration = .seconds(1)
        let group = ServiceGroup(configuration: configuration)
        let server = Task { try await group.run() }
        let result: Result<Value, any Error>
        do {
            let port = await ports.first { _ in true } ?? 0
            let client = RPCClient(baseURL: "http://127.0.0.1:\(port)", token: Self.stubToken, http: http)
            result = .success(try await body(client, port))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        // Not cancelled at once: NIO traps where a connection is being accepted at that moment (swift-nio 2637).
        await group.triggerGracefulShutdown()
        _ = await server.result
        return try result.get()
    }
}
