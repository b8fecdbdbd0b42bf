import Contracts
import Foundation
import RPC

extension OrderRouterService {
    // MARK: - One order

    func getOrder(_ request: GetOrderRequest, _ context: CallContext) async throws -> GetOrderResponse {
        let wanted = try Self.known(request.waitForStates, "waitForStates")
        let first = try await find(request.merchantId, order: request.orderId, transaction: request.transactionId)
        guard var found = first else { throw RoutingError.unknownOrder }
        if !wanted.isEmpty { found = try await waited(for: wanted, found, context) }
        let steps = try await orders.steps(of: found.order.id)
        var response = GetOrderResponse(order: OrderView(found), steps: steps)
        if request.withoutAttempts == true { return response }
        var ids: [UUID] = []
        for id in steps.compactMap(\.attemptId) where !ids.contains(id) { ids.append(id) }
        let route = try await orders.route(found.order.merchantID, found.order.locationID)
        switch await reader.attempts(ids, of: found.order, on: route, context) {
        case .success(let attempts): response.attempts = attempts
        case .failure(let problem): response.attemptsProblem = problem.text
        }
        return response
    }

    /// The order that a call names in one of the two ways.
    func find(
        _ merchant: MerchantID,
        order: UUID?,
        transaction: TransactionID?
    ) async throws -> StoredOrder? {
        switch (order, transaction) {
        case (let id?, nil): return try await orders.find(merchant, order: id)
        case (nil, let transaction?): return try await orders.find(merchant, transaction: transaction)
        default:
            throw RPCError.invalid([
                FieldProblem("orderId", "or transactionId is needed", accepted: "exactly one of them")
            ])
        }
    }

    /// The order when it is in one of the states, at its end, or when the deadline is near.
    func waited(for states: [OrderState], _ first: StoredOrder, _ context: CallContext) async throws -> StoredOrder {
        try await watch.watched(first, context) { states.contains($0.order.state) || $0.order.state.isFinal }
    }

    // MARK: - Lists

    func listOrders(_ request: ListOrdersRequest, _ context: CallContext) async throws -> ListOrdersResponse {
        let filter = OrderFilter(
            merchant: request.merchantId,
            location: request.locationId,
            states: try Self.known(request.states, "states"),
            acceptedFrom: request.acceptedFrom,
            acceptedTo: request.acceptedTo
        )
        let (page, next) = try await page(filter, request.pageSize, request.cursor)
        return ListOrdersResponse(orders: page.map(OrderView.init), nextCursor: next)
    }

    /// A page of orders and the cursor to the next.
    func page(
        _ filter: OrderFilter,
        _ pageSize: Int?,
        _ cursor: String?
    ) async throws -> (orders: [StoredOrder], next: String?) {
        let size = pageSize ?? 50
        guard OrderLimits.pageSize.contains(size) else {
            throw RPCError.invalid([FieldProblem("pageSize", "is \(size)", accepted: "1 to 200")])
        }
        let after = try cursor.map { text in
            guard let cursor = OrderCursor(text) else { throw RoutingError.malformedCursor }
            return cursor
        }
        let page = try await orders.list(filter, after: after, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return (
            Array(page.prefix(size)),
            last.map { OrderCursor(acceptedAt: $0.order.acceptedAt, orderID: $0.order.id).text }
        )
    }

    /// The states, each once.
    static func known(_ states: [Open<OrderState>]?, _ field: String) throws(RPCError) -> [OrderState] {
        var known: [OrderState] = []
        for state in states ?? [] {
            guard let value = state.knownValue else {
                throw .invalid([
                    FieldProblem(field, "has \(state.text.prefix(40))", accepted: Open<OrderState>.accepted)
                ])
            }
            if !known.contains(value) { known.append(value) }
        }
        return known
    }

    // MARK: - Locations

    func getLocationStatus(_ request: LocationRequest, _ context: CallContext) async throws -> GetLocationStatusResponse
    {
        let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
        let standing = try await known { try await routes.standing(key) }
        let route = standing.route
        return GetLocationStatusResponse(
            merchantId: request.merchantId,
            locationId: request.locationId,
            isSending: route.obstacle == nil && !route.isPaused,
            connected: route.obstacle == nil,
            status: route.status,
            provider: route.provider,
            tips: route.capabilities.tips,
            payLater: route.capabilities.payLater,
            tableMode: route.tableMode,
            currency: route.capabilities.currency,
            timeZone: route.timeZone,
            epoch: route.epoch,
            paused: standing.pause,
            backlog: standing.backlog,
            oldestWaitingSince: standing.oldestWaitingSince,
            heardAt: follower.heardAt(route.gateway)
        )
    }
}
