import Contracts
import RPCServer
import Secrets
import ServerBed

@testable import TableAllocator

/// A gateway of this test's, served over HTTP, that names one number to everyone and knows no bills.
enum FakeGateway {
    static let token = RPCRouter.stubToken

    /// Serves it while the body runs; the body is given its address.
    static func serve<Value: Sendable>(
        naming number: Int,
        _ body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let router = try RPCRouter.stub(logger: AllocatorBed.logger)
        router.serve(PosGatewayV1.askFreeTable) { _, _ in AskFreeTableResponse(tableNumber: number) }
        router.serve(PosGatewayV1.readBill) { request, _ in
            ReadBillResponse(bill: Bill(tableNumber: request.tableNumber), growth: nil, requestId: nil)
        }
        return try await router.whileServed(logger: AllocatorBed.logger) { _, port in
            try await body("http://127.0.0.1:\(port)")
        }
    }
}
