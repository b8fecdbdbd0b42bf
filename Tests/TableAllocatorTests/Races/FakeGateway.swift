import Contracts
import Foundation
import Hummingbird
import RPC
import RPCServer
import Secrets
import ServiceLifecycle
import TestBed

@testable import TableAllocator

/// A gateway of this test's, served over HTTP, that names one number to everyone and knows no bills.
enum FakeGateway {
    static let token = Secret("a-long-enough-test-token")

    /// Serves it while the body runs; the body is given its address.
    static func serve<Value: Sendable>(
        naming number: Int,
        _ body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let everyone = Caller(name: "table-allocator", services: .all, merchants: .all)
        let callers = try CallerDirectory([.init(caller: everyone, tokens: [token])])
        let router = RPCRouter(
            gate: CallGate(callers: callers, maxTimeout: .seconds(120), logger: AllocatorBed.logger)
        )
        router.serve(PosGatewayV1.askFreeTable) { _, _ in AskFreeTableResponse(tableNumber: number) }
        router.serve(PosGatewayV1.readBill) { request, _ in
            ReadBillResponse(bill: Bill(tableNumber: request.tableNumber), growth: nil, requestId: nil)
        }
        let (ports, start) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router.http,
            server: .served(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { start.yield($0.localAddress?.port ?? 0) },
            logger: AllocatorBed.logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: application)],
                logger: AllocatorBed.logger
            )
        )
        let server = Task { try await group.run() }
        let result: Result<Value, any Error>
        do {
            var port = 0
            for await started in ports {
                port = started
                break
            }
            result = .success(try await body("http://127.0.0.1:\(port)"))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        _ = await server.result
        return try result.get()
    }
}
