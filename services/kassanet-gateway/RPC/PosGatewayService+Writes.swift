import Contracts
import Foundation
import Logging
import RPC

/// The writes of `PosGateway` v1: each an attempt, executed at most once.
extension PosGatewayService {
    func placeOrder(_ request: PlaceOrderRequest, _ context: CallContext) async throws -> AttemptReport {
        let connection = try await desk.connection(request.merchantId, request.locationId)
        let mapped = Result { () throws(OrderMappingError) in
            try OrderMapping(settings: connection.settings).kassanetOrder(request.order, table: request.tableNumber)
        }
        let intent = Intent(
            attemptID: request.attemptId,
            merchantID: request.merchantId,
            locationID: request.locationId,
            operation: .placeOrder,
            tableNumber: request.tableNumber,
            register: connection.register,
            request: (try? mapped.get()).map { OrderMapping.kept($0, of: request.order) },
            notAfter: request.notAfter
        )
        let name = "Order #\(request.order.orderNumber)"
        return try await attempts.run(intent, context: context) { [desk] in
            let order: KassanetOrder
            switch mapped {
            case .success(let sendable): order = sendable
            case .failure(let error):
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
            return result.without(request.order.privateWords)
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

    func listAttempts(_ request: ListAttemptsRequest, _ context: CallContext) async throws -> ListAttemptsResponse {
        guard (1...100).contains(request.attemptIds.count) else {
            throw RPCError.invalid([
                FieldProblem("attemptIds", "has \(request.attemptIds.count) entries", accepted: "1 to 100")
            ])
        }
        let found = try await attempts.details(request.attemptIds, request.merchantId, request.locationId)
        return ListAttemptsResponse(attempts: found)
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
            register: connection.register,
            request: connection.paymentType.map {
                AttemptText.text(of: Self.payment($0, request, operation, connection).body)
            },
            notAfter: request.notAfter
        )
        let amount = WireMoney.text(cents: request.amountCents)
        return try await attempts.run(intent, context: context) { [desk] in
            let type: KassanetPaymentType
            switch await Self.paymentType(on: connection, desk, context) {
            case .success(let found): type = found
            case .failure(let result): return result.attempt
            }
            let payment = Self.payment(type, request, operation, connection)
            let what = operation == .settleBill ? "paid" : "given a deposit"
            var result = await Self.send(
                on: connection,
                desk,
                intent,
                context,
                success: "The bill of table \(request.tableNumber) was \(what): € \(amount). \(request.info)",
                failure: "The bill of table \(request.tableNumber) could not be \(what). \(request.info)"
            ) { register, call throws(KassanetError) in
                try await send(register, connection.wire, payment, call)
            }
            result = result.without(.none)
            if intent.request == nil { result.request = AttemptText.text(of: payment.body) }
            return result
        }
    }

    private static func payment(
        _ type: KassanetPaymentType,
        _ request: PayRequest,
        _ operation: Intent.Operation,
        _ connection: Connection
    ) -> KassanetPayment {
        KassanetPayment(
            tableNumber: request.tableNumber,
            billInfoText: request.info,
            paymentType: type,
            amountCents: request.amountCents,
            // Tips are part of PayBill alone, and a register without the tip calculator knows none (rule K35).
            tipCents: connection.takesTips && operation == .settleBill ? request.tipCents : 0
        )
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
            let reason = await recordedReason(of: error, on: connection, desk, context)
            return .failure(NotSent(reason: reason, explanation: error.description))
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
            reason = await recordedReason(of: error, on: connection, desk, context)
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

    /// What a failure says of the connection, which is recorded where that is possible.
    private static func recordedReason(
        of failure: KassanetError,
        on connection: Connection,
        _ desk: RegisterDesk,
        _ context: CallContext
    ) async -> String? {
        do {
            return try await desk.recorded(failure, on: connection, context).rpcError.reason
        } catch {
            context.logger.error("Connection status not recorded", metadata: ["error": "\(error)"])
            return nil
        }
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
            wireAnswer: exchange.answer,
            activity: activity
        )
    }
}

extension AttemptResult {
    /// The same without a guest's words in any of its texts, and with the answer as it is kept.
    fileprivate func without(_ words: PrivateWords) -> AttemptResult {
        var copy = self
        copy.explanation = explanation?.cleaned(of: words)
        copy.registerMessage = registerMessage?.cleaned(of: words)
        copy.activity.message = activity.message.cleaned(of: words)
        copy.answer = wireAnswer.map { AttemptText.answer($0, without: words) }
        copy.wireAnswer = nil
        return copy
    }
}
