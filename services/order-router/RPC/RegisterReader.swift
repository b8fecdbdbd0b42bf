import Contracts
import Foundation
import RPC
import RPCClient

/// Asks gateways for what people want to see of an order: its attempts, and its table's bill.
///
/// Reads only. What a gateway does not tell is a sentence, never a failure of the call that asked.
struct RegisterReader: Sendable {
    let gateways: [String: RPCClient]
    /// How long a bill may take.
    let readTimeout: Duration

    /// The order's newest hundred writes, as its gateway keeps them.
    func attempts(
        _ ids: [UUID],
        of order: Order,
        on route: Route?,
        _ context: CallContext
    ) async -> Result<[AttemptDetail], Unavailable> {
        guard !ids.isEmpty else { return .success([]) }
        guard let route, let gateway = gateways[route.gateway] else { return .failure(.noGateway) }
        do {
            let answer = try await gateway.call(
                PosGatewayV1.listAttempts,
                ListAttemptsRequest(
                    merchantId: order.merchantID,
                    locationId: order.locationID,
                    attemptIds: Array(ids.suffix(100))
                ),
                context: context.limited(to: .seconds(1))
            )
            return .success(answer.attempts)
        } catch {
            return .failure(Unavailable(text: "The gateway did not tell: \(error.message)"))
        }
    }

    /// The bill of the order's table now, compared with what was there before.
    func bill(
        of order: Order,
        on route: Route?,
        _ context: CallContext
    ) async -> Result<ReadBillResponse, Unavailable> {
        guard let table = order.progress.tableNumber else {
            return .failure(Unavailable(text: "The order has no table."))
        }
        guard let route, let gateway = gateways[route.gateway] else { return .failure(.noGateway) }
        do {
            let read = try await gateway.call(
                PosGatewayV1.readBill,
                ReadBillRequest(
                    merchantId: order.merchantID,
                    locationId: order.locationID,
                    tableNumber: table,
                    comparedWith: BillComparison(
                        order: order.posOrder,
                        baseline: order.progress.baseline ?? Bill(tableNumber: table),
                        attemptId: order.progress.placement?.attemptId
                    )
                ),
                context: context.limited(to: readTimeout)
            )
            // The bill of another register says nothing of this order.
            if let elsewhere = read.sentElsewhere { return .failure(Unavailable(text: elsewhere)) }
            return .success(read)
        } catch {
            return .failure(Unavailable(text: "The bill could not be read: \(error.message)"))
        }
    }

    /// Why there is nothing to show, in words.
    struct Unavailable: Error, Equatable {
        var text: String

        static let noGateway = Unavailable(
            text: "The location has no register connected, or its gateway is not in GATEWAYS."
        )
    }
}
