import Contracts
import Foundation
import RPC

// From a placed order to a bill that is paid, or is the staff's.

extension Journey {
    func billRead(
        _ bill: Bill,
        _ growth: BillGrowth,
        _ order: Order,
        _ route: Route,
        _ intend: (Int) -> WriteIntent
    ) -> Decision {
        if let payment = order.progress.payment, payment.refusals > 0, payment.isOn(bill) {
            return provenSettled(order)
        }
        let settlement = Settlement.decide(
            order: order,
            bill: bill,
            growth: growth,
            placements: order.progress.placement?.number ?? 1,
            onMismatch: route.onMismatch
        )
        let tip = route.capabilities.tips ? order.content.tipCents ?? 0 : 0
        switch settlement {
        case .settle(let amount, let surplus):
            return pay(.settle, amount, tip, surplus, bill, growth, order, intend)
        case .deposit(let amount):
            return pay(.deposit, amount, tip, 0, bill, growth, order, intend)
        case .doubled:
            return unclear(
                order,
                "lines_twice",
                "The bill of table \(bill.tableNumber) holds this order twice. Nothing was paid. Remove one of them on the register and settle the bill there."
            )
        case .billGone:
            return unsettled(
                order,
                "bill_gone",
                "The bill of table \(bill.tableNumber) no longer holds this order: staff paid, moved or removed it. Check on the register that it is paid.",
                triesAgain: false
            )
        }
    }

    func pay(
        _ kind: PaymentKind,
        _ amount: Cents,
        _ tip: Cents,
        _ surplus: Cents,
        _ bill: Bill,
        _ growth: BillGrowth,
        _ order: Order,
        _ intend: (Int) -> WriteIntent
    ) -> Decision {
        let refusals = order.progress.payment?.refusals ?? 0
        guard refusals <= pauses.mostPaymentRefusals else {
            let words = order.progress.registerMessage ?? "it gave no reason"
            return unsettled(
                order,
                "settlement_refused",
                "The register refused the payment: \(words). Settle the bill on the register."
            )
        }
        let ready = order.moved(to: .billRead) {
            $0.payment = PaymentIntent(
                write: intend(refusals + 1),
                kind: kind,
                amountCents: amount,
                tipCents: tip,
                bill: bill.withoutText,
                refusals: refusals,
                tries: (order.progress.payment?.tries ?? 0) + 1
            )
            $0.surplusCents = surplus > 0 ? surplus : nil
            $0.sawMark = $0.sawMark ?? false || growth.hasMark
        }
        guard Settlement.isMismatch(order: order, bill: bill, growth: growth) else { return .store(ready, .init(.now)) }
        let found = growth.growthCents.euros
        let paid = order.payableCents.euros
        let outcome =
            kind == .settle
            ? "The bill is settled with the register's own total; \(surplus.euros) stays over."
            : "What was paid is posted as a deposit; settle the rest on the register."
        return .store(
            ready,
            .init(
                .now,
                alert: Alert(
                    reason: "bill_differs",
                    message:
                        "Total amount mismatch on order #\(order.content.orderNumber): the register charges \(found), the guest paid \(paid). \(outcome) Run a menu sync so that prices agree.",
                    differences: growth.differences
                )
            )
        )
    }

    func payment(_ report: AttemptReport, _ order: Order, _ route: Route) -> Decision {
        guard let payment = order.progress.payment else { return lostTrack(order) }
        switch report.outcome.knownValue {
        case .done:
            return settled(order)
        case .refused:
            return paymentRefused(report, payment, order)
        case .notSent:
            if report.reason == "payment_type_missing" {
                return unsettled(order, "payment_type_missing", report.explanation ?? "")
            }
            if let obstacle = report.reason.flatMap(Route.Obstacle.init(rawValue:)) {
                return parked(order, obstacle, detail: report.registerMessage, epoch: route.epoch)
            }
            return paymentFruitless(payment, report.reason ?? "settlement_failed", report.explanation ?? "", order)
        case .inProgress:
            return again(order, "attempt_in_progress", "The payment is being sent at this moment.", \.service)
        case .noAnswer, nil:
            let doubtful = order.changed {
                $0.payment?.write.phase = .unanswered
                $0.reason = "payment_in_doubt"
                $0.explanation = report.explanation
                $0.fruitless = 0
            }
            return .store(doubtful, .init(.now))
        }
    }

    /// A refused settlement is read again and decided again, twice; then it is the staff's.
    ///
    /// The last refusal is read too: the bill may hold the money all the same.
    func paymentRefused(_ report: AttemptReport, _ payment: PaymentIntent, _ order: Order) -> Decision {
        var again = backToPlaced(order)
        again.progress.payment?.refusals = payment.refusals + 1
        again.progress.registerMessage = report.registerMessage
        return .store(again, .init(.now))
    }

    func paymentChecked(_ check: CheckResponse, _ order: Order) -> Decision {
        switch check.finding.knownValue {
        case .done: provenSettled(order)
        case .absent:
            if let payment = order.progress.payment {
                paymentFruitless(payment, "settlement_failed", "The register does not answer payments.", order)
            } else {
                lostTrack(order)
            }
        case .unknown, nil: inDoubt(check, order, "payment_in_doubt")
        }
    }

    /// A payment that certainly was not taken: read again and paid again, a few times; then it is the staff's.
    func paymentFruitless(
        _ payment: PaymentIntent,
        _ reason: String,
        _ explanation: String,
        _ order: Order
    ) -> Decision {
        guard payment.tries ?? 1 < pauses.mostPayments else { return unsettled(order, reason, explanation) }
        return .store(backToPlaced(order), .init(.after(pauses.pause(\.service, payment.tries ?? 1))))
    }

    /// The table goes back next, and `settled` is stored in one commit with `delivered`.
    ///
    /// Who takes over before that commit learns from the gateway that the bill is paid.
    func settled(_ order: Order) -> Decision {
        .go(.releaseTable, order.moved(to: .settled) { _ in })
    }

    /// Stored before the table goes back: what proved it is the table's bill, which may be another order's then.
    func provenSettled(_ order: Order) -> Decision {
        .store(order.moved(to: .settled) { _ in }, .init(.now))
    }

    /// The bill is read again before anything else is paid.
    func backToPlaced(_ order: Order) -> Order {
        order.moved(to: .placed) { $0.payment?.write.phase = .intended }
    }
}
