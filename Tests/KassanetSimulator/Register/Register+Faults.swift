/// A reply, and why the register said no if it did.
struct Outcome {
    var reply: Reply
    var refusal: String?
}

extension Register {
    /// Wraps an answer the way this connection does.
    func enveloped(_ value: WireValue) -> Reply {
        guard encryption else { return .plain(200, value) }
        return Reply(status: 200, headers: [.json], body: Array(envelope.seal(Array(value.ascii.utf8)).utf8))
    }

    /// Gives a call the effect and the reply that a fault leaves it.
    func meet(_ fault: RegisterFault, _ call: WireCall, requestID: String) throws -> Outcome {
        switch fault.kind {
        case .refuse:
            return Outcome(reply: enveloped(RegisterState.refused(fault.message)), refusal: fault.message)
        case .neverAnswer:
            return Outcome(reply: unanswered(fault, or: .hold))
        case .resetBeforeEffect:
            return Outcome(reply: unanswered(fault, or: .reset))
        case .lateEffect:
            postpone(call, requestID: requestID, delayMs: fault.delayMs)
            return Outcome(reply: unanswered(fault, or: .hold))
        case .status:
            return Outcome(reply: .plain(fault.status, RegisterState.refused(fault.message)))
        case .redirect:
            let location = ReceivedHeader(name: "Location", value: fault.location)
            return Outcome(reply: Reply(status: 302, headers: [location], body: []))
        case .tableTaken, .waiterAdds:
            // A waiter who is refused leaves no line; the call goes on either way.
            if let table = call.writtenTable {
                try? waiterAdds(table: table, articleID: fault.articleId, quantity: fault.quantity)
            }
            return try applied(call, requestID: requestID).outcome
        case .effectNeverAnswer, .effectThenReset, .slow, .statusWithEffect:
            return try spoil(fault, call, requestID: requestID, effect: true)
        case .garbage, .badLength, .wrongKey, .plain, .truncated, .drip, .huge, .answer:
            return try spoil(fault, call, requestID: requestID, effect: fault.effect)
        }
    }

    private func applied(_ call: WireCall, requestID: String) throws -> (value: WireValue, outcome: Outcome) {
        let value = try apply(call, requestID: requestID, late: false)
        return (value, Outcome(reply: enveloped(value), refusal: value["ErrorMessage"]?.text))
    }

    /// Lets a call have its effect, or not, and spoils what it is answered.
    private func spoil(_ fault: RegisterFault, _ call: WireCall, requestID: String, effect: Bool) throws -> Outcome {
        var value = RegisterState.accepted
        var outcome = Outcome(reply: enveloped(value))
        if effect { (value, outcome) = try applied(call, requestID: requestID) }
        outcome.reply = spoiled(outcome.reply, value, fault)
        return outcome
    }

    private func spoiled(_ good: Reply, _ value: WireValue, _ fault: RegisterFault) -> Reply {
        var reply = good
        switch fault.kind {
        case .effectNeverAnswer: return unanswered(fault, or: .hold)
        case .effectThenReset: return unanswered(fault, or: .reset)
        case .statusWithEffect: return .plain(fault.status, RegisterState.refused(fault.message))
        case .plain: return .plain(200, value)
        case .slow: (reply.delayMs, reply.slowAnswers) = (fault.delayMs, slowAnswers)
        case .garbage: reply.body = [0xFF, 0xFE, 0x00, 0xC3, 0x28] + Array("%%% not base64 %%%".utf8)
        case .badLength: reply.body = Array("QUJDREVGR0hJSg==".utf8)
        case .wrongKey: reply.body = otherKey(value)
        case .truncated: reply.delivery = .truncated
        case .drip: reply.delivery = .drip(everyMs: fault.delayMs)
        case .huge:
            reply.body = [UInt8](repeating: UInt8(ascii: "A"), count: 65_536)
            reply.delivery = .endless
        case .answer:
            let text = Array(fault.message.utf8)
            reply.body = encryption ? Array(envelope.seal(text).utf8) : text
        case .refuse, .neverAnswer, .resetBeforeEffect, .lateEffect, .status, .redirect, .tableTaken, .waiterAdds:
            break
        }
        return reply
    }

    private func otherKey(_ value: WireValue) -> [UInt8] {
        let other = Envelope(
            signatureKey: envelope.signatureKey,
            signatureEncoding: envelope.signatureEncoding,
            token: "another-token",
            padding: envelope.padding
        )
        return Array(other.seal(Array(value.ascii.utf8)).utf8)
    }

    private func unanswered(_ fault: RegisterFault, or usual: RegisterFault.Connection) -> Reply {
        switch fault.connection ?? usual {
        case .hold: .silence
        case .close: Reply(status: 0, body: [], delivery: .hangUp(reset: false))
        case .reset: Reply(status: 0, body: [], delivery: .hangUp(reset: true))
        }
    }
}

extension WireCall {
    /// The table that a write is about; nil for a read.
    var writtenTable: Int? {
        switch self {
        case .createOrder(let order): order.table
        case .payBill(let payment), .postDeposit(let payment): payment.table
        default: nil
        }
    }
}
