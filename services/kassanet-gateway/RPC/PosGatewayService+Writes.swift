import Contracts
import Foundation
import Logging
import RPC

/// The writes of `PosGateway` v1: each an attempt, executed at most once.
extension PosGatewayService {
    func placeOrder(_ request: PlaceOrderRequest, _ context: CallContext) async throws -> AttemptReport {
        let connection = try await desk.connection(request.merchantId, request.locationId)
        let intent = Intent(
            attemptID: request.attemptId,
            merchantID: request.merchantId,
            locationID: request.locationId,
            operation: .placeOrder,
            tableNumber: request.tableNumber,
            notAfter: request.notAfter
        )
        let name = "Order #\(request.order.orderNumber)"
        return try await attempts.run(intent, context: context) { [desk] in
            let order: KassanetOrder
            do throws(OrderMappingError) {
                order = try OrderMapping(settings: connection.settings)
                    .kassanetOrder(request.order, table: request.tableNumber)
            } catch {
                return AttemptResult(
                    outcome: .notSent,
                    reason: "invalid_order",
                    explanation: error.description,
                    activity: (.error, "Failed to create order #\(request.order.orderNumber). \(error)")
                )
            }
            let result = await Self.send(
                on: connection,
                desk,
                intent,
                context,
                success: "\(name) was sent to table \(request.tableNumber).",
                failure: "Failed to create order #\(request.order.orderNumber)."
            ) { register, call throws(KassanetError) in
                try await register.createOrder(connection.wire, order, call: call)
            }
            // A register may quote what it was sent.
            return result.without(request.order.guest)
        }
    }

    func settleBill(_ request: PayRequest, _ context: CallContext) async throws -> AttemptReport {
        try await pay(request, .settleBill, context) { register, wire, payment, call throws(KassanetError) in
            try await register.payBill(wire, payment, call: call)
        }
    }

    func postDeposit(_ request: PayRequest, _ context: CallContext) async throws -> AttemptReport {
        try await pay(request, .postDeposit, context) { register, wire, payment, call throws(KassanetError) in
            try await register.postDeposit(wire, payment, call: call)
        }
    }

    func getAttempt(_ request: GetAttemptRequest, _ context: CallContext) async throws -> AttemptReport {
        try await attempts.look(up: request.attemptId, request.merchantId, request.locationId)
    }

    private func pay(
        _ request: PayRequest,
        _ operation: Intent.Operation,
        _ context: CallContext,
        _ send:
            @escaping @Sendable (KassanetClient, KassanetConnection, KassanetPayment, KassanetCall)
            async throws(KassanetError) -> KassanetAnswer<Void>
    ) async throws -> AttemptReport {
        let connection = try await desk.connection(request.merchantId, request.locationId)
        let intent = Intent(
            attemptID: request.attemptId,
            merchantID: request.merchantId,
            locationID: request.locationId,
            operation: operation,
            tableNumber: request.tableNumber,
            notAfter: request.notAfter
        )
        let amount = WireMoney.text(cents: request.amountCents)
        return try await attempts.run(intent, context: context) { [desk] in
            let type: KassanetPaymentType
            switch await Self.paymentType(on: connection, desk, context) {
            case .success(let found): type = found
            case .failure(let result): return result.attempt
            }
            let payment = KassanetPayment(
                tableNumber: request.tableNumber,
                billInfoText: request.info,
                paymentType: type,
                amountCents: request.amountCents,
                // Tips are part of PayBill alone, and a register without the tip calculator knows none (rule K35).
                tipCents: connection.takesTips && operation == .settleBill ? request.tipCents : 0
            )
            let what = operation == .settleBill ? "paid" : "given a deposit"
            return await Self.send(
                on: connection,
                desk,
                intent,
                context,
                success: "The bill of table \(request.tableNumber) was \(what): € \(amount). \(request.info)",
                failure: "The bill of table \(request.tableNumber) could not be \(what). \(request.info)"
            ) { register, call throws(KassanetError) in
                try await send(register, connection.wire, payment, call)
            }
        }
    }

    /// The payment type that settles our orders: as the last test saw it, else asked for now.
    private static func paymentType(
        on connection: Connection,
        _ desk: RegisterDesk,
        _ context: CallContext
    ) async -> Result<KassanetPaymentType, NotSent> {
        if let type = connection.paymentType { return .success(type) }
        if let obstacle = obstacle(of: connection) { return .failure(NotSent(attempt: obstacle)) }
        do throws(KassanetError) {
            let types = try await desk.register.paymentTypes(connection.wire, call: .init(headers: context.wireHeaders))
            guard let type = types.value.webshop(named: connection.settings.webshopPaymentType) else {
                return .failure(
                    NotSent(
                        reason: "payment_type_missing",
                        explanation:
                            "The register has no payment type named \"\(connection.settings.webshopPaymentType)\". Add it on the register, then test the connection."
                    )
                )
            }
            // Only saves asking again next time.
            try? await desk.connections.recordPaymentType(connection, type)
            return .success(type)
        } catch {
            let named = try? await desk.recorded(error, on: connection, context)
            return .failure(NotSent(reason: named?.rpcError.reason, explanation: error.description))
        }
    }

    /// One write on the wire, and what its ending means.
    private static func send(
        on connection: Connection,
        _ desk: RegisterDesk,
        _ intent: Intent,
        _ context: CallContext,
        success: String,
        failure: String,
        _ body: (KassanetClient, KassanetCall) async throws(KassanetError) -> KassanetAnswer<Void>
    ) async -> AttemptResult {
        if let obstacle = obstacle(of: connection) { return obstacle }
        let call = KassanetCall(notAfter: intent.notAfter, headers: context.wireHeaders)
        do throws(KassanetError) {
            let answer = try await body(desk.register, call)
            return AttemptResult(.done, exchange: answer.exchange, activity: (.success, success))
        } catch {
            return await failed(error, on: connection, desk, context, failure: failure)
        }
    }

    private static func failed(
        _ error: KassanetError,
        on connection: Connection,
        _ desk: RegisterDesk,
        _ context: CallContext,
        failure: String
    ) async -> AttemptResult {
        var reason: String?
        // A lost answer alone says nothing of the connection: the read that follows it does, and must be possible.
        if error.writeEffect == .didNotHappen {
            do {
                reason = try await desk.recorded(error, on: connection, context).rpcError.reason
            } catch {
                context.logger.error("Connection status not recorded", metadata: ["error": "\(error)"])
            }
        }
        let outcome: AttemptOutcome
        var registerMessage: String?
        switch error.writeEffect {
        case .didNotHappen:
            outcome = .notSent
            if case .expired = error.cause { reason = "too_late" }
        case .refused:
            outcome = .refused
            reason = "refused_by_register"
            if case .refused(let message) = error.cause { registerMessage = message }
        case .ambiguous:
            outcome = .noAnswer
            reason = "no_answer"
        }
        return AttemptResult(
            outcome,
            reason: reason,
            explanation: error.description,
            registerMessage: registerMessage,
            exchange: error.exchange,
            activity: (.error, "\(failure) \(error.description)")
        )
    }

    /// Nothing but a test is tried against a register that is known to be down.
    private static func obstacle(of connection: Connection) -> AttemptResult? {
        switch connection.status {
        case .connected, .untested: nil
        case .disconnected:
            NotSent(reason: "register_unreachable", explanation: connection.statusMessage).attempt
        case .misconfigured:
            NotSent(reason: "register_misconfigured", explanation: connection.statusMessage).attempt
        }
    }
}

/// A write that was given up before anything was sent.
private struct NotSent: Error {
    let attempt: AttemptResult

    init(attempt: AttemptResult) {
        self.attempt = attempt
    }

    init(reason: String?, explanation: String) {
        attempt = AttemptResult(
            outcome: .notSent,
            reason: reason,
            explanation: explanation,
            activity: (.error, explanation)
        )
    }
}

extension AttemptResult {
    fileprivate init(
        _ outcome: AttemptOutcome,
        reason: String? = nil,
        explanation: String? = nil,
        registerMessage: String? = nil,
        exchange: Exchange,
        activity: (type: ActivityType, message: String)
    ) {
        self.init(
            outcome: outcome,
            reason: reason,
            explanation: explanation,
            registerMessage: registerMessage,
            requestID: exchange.requestId.isEmpty ? nil : exchange.requestId,
            sends: exchange.attempts,
            httpStatus: exchange.status,
            durationMs: Int(exchange.duration.milliseconds),
            activity: activity
        )
    }
}

extension AttemptResult {
    /// The same without a guest's name, phone and mail in any of its texts.
    fileprivate func without(_ guest: Guest?) -> AttemptResult {
        let words = [guest?.phone, guest?.email, guest?.name].compactMap(\.self).filter { $0.count > 2 }
        guard !words.isEmpty else { return self }
        func cleaned(_ text: String) -> String { words.reduce(text) { $0.replacing($1, with: "***") } }
        var copy = self
        copy.explanation = explanation.map(cleaned)
        copy.registerMessage = registerMessage.map(cleaned)
        copy.activity.message = cleaned(activity.message)
        return copy
    }
}
