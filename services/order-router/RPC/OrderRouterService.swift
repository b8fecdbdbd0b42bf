import Contracts
import Foundation
import Logging
import Metrics
import Notifications
import RPC
import RPCServer

/// `OrderRouter` v1 and `Retention` v1: one method per procedure.
struct OrderRouterService: Sendable {
    let orders: OrderStore
    let routes: RouteStore
    let follower: ConnectionFollower
    let board: LaneBoard
    let watch: OrderWatch
    let reader: RegisterReader
    let knowledge: KnowledgeReader
    /// How long after its end an order keeps its guest.
    let retention: Duration
    /// Subscribers hear through this of what callers change.
    var sender: NotificationSender?

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(OrderRouterV1.checkOrder, checkOrder),
        .procedure(OrderRouterV1.submitOrder, submitOrder),
        .procedure(OrderRouterV1.getOrder, getOrder),
        .procedure(OrderRouterV1.listOrders, listOrders),
        .procedure(OrderRouterV1.resolveOrder, resolveOrder),
        .procedure(OrderRouterV1.retryOrder, retryOrder),
        .procedure(OrderRouterV1.retryOrders, retryOrders),
        .procedure(OrderRouterV1.cancelOrder, cancelOrder),
        .procedure(OrderRouterV1.requeueLocation, requeueLocation),
        .procedure(OrderRouterV1.pauseLocation, pauseLocation),
        .procedure(OrderRouterV1.resumeLocation, resumeLocation),
        .procedure(OrderRouterV1.getLocationStatus, getLocationStatus),
        .procedure(OrderRouterV1.listWaitingLocations, listWaitingLocations),
        .procedure(OrderRouterV1.eraseGuest, eraseGuest),
        .procedure(RetentionV1.eraseExpired, eraseExpired),
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
            sender?.wake()
            return SubmitOrderResponse(orderId: id, transactionId: request.transactionId, acceptedAt: acceptedAt)
        case .known(let order):
            return try repeated(request, of: order)
        case .erased(let order):
            // What is gone is not compared: nothing that could be matched against a guest is kept for it.
            return try repeated(request.withoutGuest, of: order)
        case .unknownLocation:
            throw RoutingError.unknownLocation
        }
    }

    /// The first outcome, for the same content.
    private func repeated(_ request: SubmitOrderRequest, of order: Order) throws -> SubmitOrderResponse {
        let differing = try ContentDifferences.paths(order.content, request)
        guard differing.isEmpty else { throw RoutingError.contentDiffers(fields: differing) }
        return SubmitOrderResponse(
            orderId: order.id,
            transactionId: request.transactionId,
            acceptedAt: order.acceptedAt
        )
    }

    /// What the register can do, read only for an order whose articles it might not be able to name.
    private func capabilities(for request: SubmitOrderRequest) async throws -> PosCapabilities? {
        guard request.items.contains(where: \.hasUnusualPlu) else { return nil }
        if let route = try await orders.route(request.merchantId, request.locationId) { return route.capabilities }
        await follower.refresh()
        return try await orders.route(request.merchantId, request.locationId)?.capabilities
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
            needRequeue: order.state == .parked && progress.reason != "register_fails_on_this_order",
            tableNumber: progress.tableNumber,
            totalCents: order.content.totalCents,
            currency: order.content.currency,
            acceptedAt: order.acceptedAt,
            updatedAt: stored.updatedAt,
            revision: stored.revision,
            deliveredAt: stored.deliveredAt,
            nextAttemptAt: order.state.isFinal ? nil : stored.nextAttemptAt,
            externalData: external,
            guestErasedAt: stored.guestErasedAt
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
