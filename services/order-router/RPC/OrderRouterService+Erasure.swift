import Contracts
import Foundation
import Logging
import RPC

extension OrderRouterService {
    /// Erases the guests of orders that ended longer ago than `RETENTION_DAYS`, of all merchants.
    func eraseExpired(_ request: EraseExpiredRequest, _ context: CallContext) async throws -> EraseExpiredResponse {
        try context.caller.requireAccessToAllMerchants()
        let limit = try request.rows()
        let erased = try await orders.eraseExpired(olderThan: retention, limit: limit)
        if erased.orders > 0 {
            context.logger.info("Guests of old orders erased", metadata: ["orders": "\(erased.orders)"])
        }
        return EraseExpiredResponse(
            erased: [
                ErasedRows(what: "guests_of_orders", rows: erased.orders),
                ErasedRows(what: "texts_of_steps", rows: erased.steps),
            ],
            isMore: erased.orders == limit
        )
    }

    /// Erases one order's guest now.
    func eraseGuest(_ request: EraseGuestRequest, _ context: CallContext) async throws -> EraseGuestResponse {
        try Self.check(actor: request.actor, text: nil, "actor")
        let found = try await find(request.merchantId, order: request.orderId, transaction: request.transactionId)
        guard let found else { throw RoutingError.unknownOrder }
        if found.guestErasedAt != nil { return EraseGuestResponse(order: OrderView(found), changed: false) }
        let id = found.order.id
        guard let stored = try await orders.eraseGuest(of: id, request.merchantId, actor: request.actor) else {
            let now = try await orders.find(request.merchantId, order: id) ?? found
            guard now.guestErasedAt != nil else { throw RoutingError.orderNotEnded(now.order.state) }
            return EraseGuestResponse(order: OrderView(now), changed: false)
        }
        context.logger.notice(
            "Guest of an order erased",
            metadata: ["order": "\(id.uuidString.lowercased())", "actor": "\(request.actor)"]
        )
        return EraseGuestResponse(order: OrderView(stored), changed: true)
    }
}
