import Contracts
import Foundation
import Logging
import Metrics
import RPC
import RPCServer

/// `OrderRouter` v1: one method per procedure.
struct OrderRouterService: Sendable {
    let orders: OrderStore
    let follower: ConnectionFollower
    let board: LaneBoard

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(OrderRouterV1.submitOrder, submitOrder),
        .procedure(OrderRouterV1.getOrder, getOrder),
        .procedure(OrderRouterV1.listOrders, listOrders),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    func submitOrder(_ request: SubmitOrderRequest, _ context: CallContext) async throws -> SubmitOrderResponse {
        let problems = OrderValidation.problems(with: request, capabilities: try await capabilities(for: request))
        guard problems.isEmpty else { throw RPCError.invalid(problems, reason: "invalid_order") }

        var intake = try await orders.submit(request, id: UUIDv7.next())
        if case .unknownLocation = intake {
            // It may have been connected a moment ago.
            await follower.refresh()
            intake = try await orders.submit(request, id: UUIDv7.next())
        }
        switch intake {
        case .accepted(let id, let acceptedAt):
            Counter(label: "orders_accepted_total").increment()
            board.wake(LaneKey(merchantID: request.merchantId, locationID: request.locationId))
            return SubmitOrderResponse(orderId: id, transactionId: request.transactionId, acceptedAt: acceptedAt)
        case .known(let order):
            let differing = try ContentDifferences.paths(order.content, request)
            guard differing.isEmpty else { throw RoutingError.contentDiffers(fields: differing) }
            return SubmitOrderResponse(
                orderId: order.id,
                transactionId: request.transactionId,
                acceptedAt: order.acceptedAt
            )
        case .unknownLocation:
            throw RoutingError.unknownLocation
        }
    }

    /// What the register can do, read only for an order whose articles it might not be able to name.
    private func capabilities(for request: SubmitOrderRequest) async throws -> PosCapabilities? {
        guard request.items.contains(where: \.hasUnusualPlu) else { return nil }
        if let route = try await orders.route(request.merchantId, request.locationId) { return route.capabilities }
        await follower.refresh()
        return try await orders.route(request.merchantId, request.locationId)?.capabilities
    }

    func getOrder(_ request: GetOrderRequest, _ context: CallContext) async throws -> GetOrderResponse {
        let found: StoredOrder?
        switch (request.orderId, request.transactionId) {
        case (let id?, nil): found = try await orders.find(request.merchantId, order: id)
        case (nil, let transaction?): found = try await orders.find(request.merchantId, transaction: transaction)
        default:
            throw RPCError.invalid([
                FieldProblem("orderId", "or transactionId is needed", accepted: "exactly one of them")
            ])
        }
        guard let found else { throw RoutingError.unknownOrder }
        return GetOrderResponse(order: OrderView(found), steps: try await orders.steps(of: found.order.id))
    }

    func listOrders(_ request: ListOrdersRequest, _ context: CallContext) async throws -> ListOrdersResponse {
        let size = request.pageSize ?? 50
        guard OrderLimits.pageSize.contains(size) else {
            throw RPCError.invalid([FieldProblem("pageSize", "is \(size)", accepted: "1 to 200")])
        }
        let states = try (request.states ?? []).map { state in
            guard let known = state.knownValue else {
                throw RPCError.invalid([
                    FieldProblem("states", "has \(state.text.prefix(40))", accepted: Open<OrderState>.accepted)
                ])
            }
            return known
        }
        let cursor = try request.cursor.map { text in
            guard let cursor = OrderCursor(text) else { throw RoutingError.malformedCursor }
            return cursor
        }
        let page = try await orders.list(
            request.merchantId,
            location: request.locationId,
            states: states,
            after: cursor,
            limit: size + 1
        )
        let last = page.count > size ? page[size - 1] : nil
        return ListOrdersResponse(
            orders: page.prefix(size).map(OrderView.init),
            nextCursor: last.map { OrderCursor(acceptedAt: $0.order.acceptedAt, orderID: $0.order.id).text }
        )
    }
}

extension OrderView {
    /// An order as callers see it.
    init(_ stored: StoredOrder) {
        let order = stored.order
        let progress = order.progress
        var external: [String: ExternalOrderState] = [:]
        if let provider = stored.provider {
            external[provider] = ExternalOrderState(
                status: order.state.externalStatus,
                errMessage: order.state.externalStatus == "success"
                    ? nil : progress.registerMessage ?? progress.explanation
            )
        }
        self.init(
            orderId: order.id,
            merchantId: order.merchantID,
            locationId: order.locationID,
            transactionId: order.content.transactionId,
            orderNumber: order.content.orderNumber,
            state: order.state,
            reason: progress.reason,
            explanation: progress.explanation,
            needRequeue: order.state == .parked,
            tableNumber: progress.tableNumber,
            totalCents: order.content.totalCents,
            currency: order.content.currency,
            acceptedAt: order.acceptedAt,
            updatedAt: stored.updatedAt,
            deliveredAt: stored.deliveredAt,
            nextAttemptAt: order.state.isFinal ? nil : stored.nextAttemptAt,
            externalData: external
        )
    }
}

extension OrderState {
    /// The state at the register, in the words the product has always used (rule K34).
    fileprivate var externalStatus: String {
        switch self {
        case .settled, .delivered: "success"
        case .parked, .refused, .unclear, .placedUnsettled, .cancelled, .expired: "error"
        case .accepted, .tableAssigned, .placed, .billRead, .waiting: "pending"
        }
    }
}
