import Contracts
import Foundation
import Logging
import Metrics
import Notifications
import RPC

// What people do. Each change is stored only if the order is still as it was read, and names who asked.

extension OrderRouterService {
    // MARK: - Deciding

    func resolveOrder(_ request: ResolveOrderRequest, _ context: CallContext) async throws -> ResolveOrderResponse {
        guard let found = try await orders.find(request.merchantId, order: request.orderId) else {
            throw RoutingError.unknownOrder
        }
        guard let decision = request.decision else { return await shown(found, context) }
        var problems = Self.problems(actor: request.actor ?? "", text: request.note, "note")
        if request.revision == nil {
            problems.append(FieldProblem("revision", "is missing", accepted: "the order's revision as you saw it"))
        }
        if decision.knownValue == nil {
            problems.append(
                FieldProblem(
                    "decision",
                    "is \(decision.text.prefix(40))",
                    accepted: Open<OrderDecision>.accepted
                )
            )
        }
        guard problems.isEmpty, let actor = request.actor, let decided = decision.knownValue else {
            throw RPCError.invalid(problems)
        }
        guard found.revision == request.revision else { throw RoutingError.movedOn(found.order.state) }
        let change = try found.order.resolvedByPerson(decided, actor)
        guard let stored = try await orders.store(change, after: found, actor: actor, note: request.note) else {
            let now = try await orders.find(request.merchantId, order: request.orderId)
            throw RoutingError.movedOn(now?.order.state ?? found.order.state)
        }
        told(stored, change, actor, context)
        return ResolveOrderResponse(order: OrderView(stored), decisions: stored.order.possibleDecisions)
    }

    /// The bill now beside what was expected.
    private func shown(_ stored: StoredOrder, _ context: CallContext) async -> ResolveOrderResponse {
        let order = stored.order
        var response = ResolveOrderResponse(order: OrderView(stored), decisions: order.possibleDecisions)
        response.expected = ExpectedBill(
            lines: order.content.items.map(BillLine.init(expecting:)),
            payableCents: order.payableCents,
            mark: order.mark,
            tableNumber: order.progress.tableNumber,
            baseline: order.progress.baseline?.withoutText
        )
        do {
            let route = try await orders.route(order.merchantID, order.locationID)
            switch await reader.bill(of: order, on: route, context) {
            case .success(let read):
                response.bill = read.bill.withoutText
                response.comparison = read.growth
            case .failure(let problem):
                response.billProblem = problem.text
            }
        } catch {
            response.billProblem = RPCError(mapping: error).message
        }
        return response
    }

    // MARK: - Trying again

    func retryOrder(_ request: RetryOrderRequest, _ context: CallContext) async throws -> RetryOrderResponse {
        try Self.check(actor: request.actor, text: request.note, "note")
        guard let found = try await orders.find(request.merchantId, order: request.orderId) else {
            throw RoutingError.unknownOrder
        }
        let stored = try await retried(found, request.actor, request.note, context)
        return RetryOrderResponse(order: OrderView(stored))
    }

    func retryOrders(_ request: RetryOrdersRequest, _ context: CallContext) async throws -> RetryOrdersResponse {
        try Self.check(actor: request.actor, text: request.note, "note")
        var states = try Self.known(request.states, "states")
        if let wrong = states.first(where: { !Self.retryable.contains($0) }) {
            throw RPCError.invalid([
                FieldProblem(
                    "states",
                    "has \(wrong.rawValue)",
                    accepted: Self.retryable.map(\.rawValue).joined(separator: ", ")
                )
            ])
        }
        // A refused order is placed anew: that is for those who ask for it by name.
        if states.isEmpty { states = Self.retryable.filter { $0 != .refused } }
        let filter = OrderFilter(
            merchant: request.merchantId,
            location: request.locationId,
            states: states,
            acceptedFrom: request.acceptedFrom,
            acceptedTo: request.acceptedTo
        )
        let (page, next) = try await page(filter, request.pageSize, request.cursor)
        var response = RetryOrdersResponse(retried: [], skipped: [], nextCursor: next)
        // The oldest first, as they came.
        for found in page.reversed() {
            do {
                _ = try await retried(found, request.actor, request.note, context)
                response.retried.append(found.order.id)
            } catch let error as RoutingError {
                response.skipped.append(SkippedOrder(orderId: found.order.id, reason: error.reason))
            }
        }
        return response
    }

    private static let retryable: [OrderState] = [.parked, .waiting, .refused, .placedUnsettled]

    private func retried(
        _ found: StoredOrder,
        _ actor: String,
        _ note: String?,
        _ context: CallContext
    ) async throws -> StoredOrder {
        let change = try found.order.retriedByPerson()
        // Without its notes an order would be made without what a guest asked for, an allergy perhaps.
        guard found.guestErasedAt == nil else { throw RoutingError.guestErased }
        if change.order.state != .placedUnsettled, change.order.state != .placed,
            try await orders.route(found.order.merchantID, found.order.locationID)?.isPaused ?? false
        {
            throw RoutingError.locationPaused
        }
        guard let stored = try await orders.store(change, after: found, actor: actor, note: note) else {
            let now = try await orders.find(found.order.merchantID, order: found.order.id)
            throw RoutingError.movedOn(now?.order.state ?? found.order.state)
        }
        told(stored, change, actor, context)
        return stored
    }

    // MARK: - Cancelling

    func cancelOrder(_ request: CancelOrderRequest, _ context: CallContext) async throws -> CancelOrderResponse {
        try Self.check(actor: request.actor, text: request.reason, "reason", isTextNeeded: true)
        guard var seen = try await orders.find(request.merchantId, order: request.orderId) else {
            throw RoutingError.unknownOrder
        }
        // Each round is a fresh look: a worker may move the order between any two.
        for _ in 0..<8 {
            if seen.order.state == .cancelled { return CancelOrderResponse(order: OrderView(seen)) }
            if seen.order.progress.cancel == nil {
                let change = try seen.order.cancelledByPerson(request.actor)
                guard
                    let stored = try await orders.store(change, after: seen, actor: request.actor, note: request.reason)
                else {
                    guard let now = try await orders.find(request.merchantId, order: request.orderId) else {
                        throw RoutingError.unknownOrder
                    }
                    seen = now
                    continue
                }
                seen = stored
                told(stored, change, request.actor, context)
                if stored.order.state == .cancelled { continue }
            }
            // A worker asks the gateway whether the intended write was sent, and bars it if not.
            seen = try await watch.watched(seen, context) {
                $0.order.state == .cancelled || $0.order.progress.cancel == nil
            }
            if seen.order.progress.cancel != nil { throw RoutingError.cancelPending }
        }
        throw RoutingError.movedOn(seen.order.state)
    }

    // MARK: - Locations

    func requeueLocation(
        _ request: RequeueLocationRequest,
        _ context: CallContext
    ) async throws -> RequeueLocationResponse {
        try Self.check(actor: request.actor, text: request.note, "note")
        let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
        var outcome = try await routes.requeue(key, actor: request.actor, note: request.note)
        if case .unknownLocation = outcome {
            await follower.refresh()
            outcome = try await routes.requeue(key, actor: request.actor, note: request.note)
        }
        switch outcome {
        case .unknownLocation: throw RoutingError.unknownLocation
        case .paused: throw RoutingError.locationPaused
        case .obstacle(let obstacle): throw RoutingError.obstacle(obstacle)
        case .done(let parked, let waiting):
            audited("Location requeued", key, request.actor, context)
            board.wake(key)
            return RequeueLocationResponse(parked: parked, waiting: waiting)
        }
    }

    func pauseLocation(_ request: PauseLocationRequest, _ context: CallContext) async throws -> PauseLocationResponse {
        try Self.check(actor: request.actor, text: request.reason, "reason", isTextNeeded: true)
        let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
        let pause = try await known { try await routes.pause(key, actor: request.actor, reason: request.reason) }
        audited("Location paused", key, request.actor, context)
        return PauseLocationResponse(paused: pause)
    }

    func resumeLocation(_ request: ResumeLocationRequest, _ context: CallContext) async throws -> ResumeLocationResponse
    {
        try Self.check(actor: request.actor, text: request.reason, "reason")
        let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
        let resumed = try await known { try await routes.resume(key, actor: request.actor, reason: request.reason) }
        audited("Location resumed", key, request.actor, context)
        board.wake(key)
        return resumed
    }

    // MARK: - Pieces

    /// What is known of a location, which may have been connected a moment ago.
    func known<Value>(_ find: () async throws -> Value?) async throws -> Value {
        if let found = try await find() { return found }
        await follower.refresh()
        guard let found = try await find() else { throw RoutingError.unknownLocation }
        return found
    }

    private func told(_ stored: StoredOrder, _ change: PersonsChange, _ actor: String, _ context: CallContext) {
        let order = stored.order
        Counter(label: "order_decisions_total", dimensions: [("action", change.action)]).increment()
        context.logger.info(
            "Order moved by a person",
            metadata: [
                "order": "\(order.id.uuidString.lowercased())", "to": "\(order.state.rawValue)",
                "action": "\(change.action)", "actor": "\(actor)",
            ]
        )
        watch.noticed(order.id)
        sender?.wake()
        board.wake(LaneKey(merchantID: order.merchantID, locationID: order.locationID))
    }

    private func audited(_ what: String, _ key: LaneKey, _ actor: String, _ context: CallContext) {
        context.logger.notice("\(what)", metadata: ["location": "\(key.locationID)", "actor": "\(actor)"])
        sender?.wake()
    }

    static func check(
        actor: String,
        text: String?,
        _ field: String,
        isTextNeeded: Bool = false
    ) throws(RPCError) {
        let problems = problems(actor: actor, text: text, field, isTextNeeded: isTextNeeded)
        guard problems.isEmpty else { throw .invalid(problems) }
    }

    private static func problems(
        actor: String,
        text: String?,
        _ field: String,
        isTextNeeded: Bool = false
    ) -> [FieldProblem] {
        func isPlain(_ text: String) -> Bool {
            !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }
        }
        var problems: [FieldProblem] = []
        if actor.allSatisfy(\.isWhitespace) || actor.utf8.count > 100 || !isPlain(actor) {
            problems.append(
                FieldProblem("actor", "is missing or no name", accepted: "who asks, 1 to 100 bytes of text")
            )
        }
        let length = (isTextNeeded ? 1 : 0)...500
        if let text, !length.contains(text.utf8.count) || !isPlain(text) {
            problems.append(
                FieldProblem(field, "is too short or too long", accepted: "\(length.lowerBound) to 500 bytes of text")
            )
        }
        return problems
    }
}

extension BillLine {
    /// A line as we ordered it, at our price and without its note.
    fileprivate init(expecting item: OrderItem) {
        self.init(
            plu: item.plu ?? "",
            name: item.name,
            quantity: item.quantity,
            unitPriceCents: item.unitPriceCents,
            variants: (item.modifiers ?? []).map(BillLine.init(expecting:))
        )
    }
}
