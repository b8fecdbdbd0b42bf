import Contracts
import Foundation
import RPC

extension Journey {
    /// What follows from an event.
    ///
    /// `newAttempt`: makes the id of the next write, so that tests can know it.
    func decide(
        _ event: Event,
        for order: Order,
        on route: Route,
        newAttempt: () -> UUID = { UUID() }
    ) -> Decision {
        concluding(decision(event, for: order, on: route, newAttempt))
    }

    /// An order that rests with a number it asked the register for lets others ask for theirs (rule K37: at most one order
    /// is between asking and placed).
    private func concluding(_ decision: Decision) -> Decision {
        guard case .store(let order, var followup) = decision, followup.wake != .now, followup.letGo == nil,
            order.mayBeOnRegister
        else { return decision }
        followup.letGo = order.concludesPlacement
        return .store(order, followup)
    }

    private func decision(
        _ event: Event,
        for order: Order,
        on route: Route,
        _ newAttempt: () -> UUID
    ) -> Decision {
        switch event {
        case .tableAssigned(let table, let baseline):
            tableAssigned(table, baseline, order, newAttempt)
        case .noTable(let reason, let explanation):
            noTable(reason, explanation, order)
        case .tableRegained(let table):
            .store(order.changed { $0.lease = table }, .init(.now))
        case .leaseLost:
            leaseLost(order)
        case .placement(let report):
            placement(
                report,
                ifUnsent: .after(pauses.pause(\.service, order.progress.fruitless)),
                order,
                route,
                newAttempt
            )
        case .placementLookedUp(let report):
            // The new attempt goes out at once: only who has just committed one may send it.
            placement(report, ifUnsent: .now, order, route, newAttempt)
        case .placementChecked(let check, let afterRefusal):
            placementChecked(check, afterRefusal: afterRefusal, order, newAttempt)
        case .billRead(let bill, let growth):
            billRead(bill, growth, order, route, newAttempt)
        case .payment(let report):
            payment(report, order, route)
        case .paymentChecked(let check):
            paymentChecked(check, order)
        case .tableReleased:
            .store(order.moved(to: .delivered) { $0.lease = nil }, .init(.never))
        case .obstacle(let obstacle, let detail):
            park(order, obstacle, detail: detail, route)
        case .serviceFailed(let detail):
            again(order, "service_unavailable", detail, \.service)
        }
    }

    // MARK: - Before placing

    private func tableAssigned(
        _ table: TableRight,
        _ baseline: Bill,
        _ order: Order,
        _ newAttempt: () -> UUID
    ) -> Decision {
        guard !baseline.has(mark: order.mark) else {
            return unclear(
                order.changed {
                    $0.lease = table
                    $0.tableNumber = table.number
                },
                "already_on_bill",
                "The bill of table \(table.number) carries this order's mark before we sent it. Look at the register, then say whether the order is there."
            )
        }
        // A number for this order alone that has somebody's bill on it is not free, whoever named it.
        guard table.mode == .named || !baseline.isOpen else {
            guard
                case .store(let waiting, let followup) = noTable(
                    "table_busy",
                    "Table \(table.number) has a bill of somebody else's. Another table is asked for.",
                    order
                )
            else { return lostTrack(order) }
            return .store(waiting, .init(followup.wake, letGo: .release(table)))
        }
        let assigned = order.moved(to: .tableAssigned) {
            $0.tableNumber = table.number
            $0.lease = table
            $0.baseline = baseline.withoutText
            $0.placement = WriteIntent(
                attemptId: newAttempt(),
                number: ($0.placement?.number ?? 0) + 1,
                phase: .intended
            )
        }
        return .store(assigned, .init(.now))
    }

    private func noTable(_ reason: String, _ explanation: String, _ order: Order) -> Decision {
        if order.state == .placed || order.state == .placedUnsettled {
            return again(order, reason, explanation, \.waiting)
        }
        let waiting = order.moved(to: .waiting) {
            $0.reason = reason
            $0.explanation = explanation
            $0.resume = .accepted
            $0.fruitless = order.progress.fruitless + 1
        }
        return .store(waiting, .init(.after(pauses.pause(\.waiting, order.progress.fruitless))))
    }

    /// The table is not ours any more.
    ///
    /// Before anything was sent the order starts over, and a payment that was not sent waits for the table again, where
    /// the bill is read anew. While a write is under way a person decides.
    private func leaseLost(_ order: Order) -> Decision {
        if order.state == .accepted || order.state == .waiting {
            return noTable("lease_lost", "The table was lost before the order got to it; it is asked for again.", order)
        }
        if order.state == .tableAssigned, order.progress.placement?.phase == .intended {
            let over = order.moved(to: .accepted) {
                $0.tableNumber = nil
                $0.lease = nil
                $0.baseline = nil
                $0.placement?.number -= 1
            }
            return .store(over, .init(.now))
        }
        if order.state == .billRead, order.progress.payment?.write.phase == .intended {
            let placed = order.moved(to: .placed) {
                $0.lease = nil
                $0.payment = nil
            }
            return .store(placed, .init(.now))
        }
        return unclear(
            order,
            "lease_lost",
            "The order's table was given to another order while a write was under way. Look at the register, then say whether the order is there."
        )
    }

    // MARK: - Placing

    private func placement(
        _ report: AttemptReport,
        ifUnsent wake: Decision.Wake,
        _ order: Order,
        _ route: Route,
        _ newAttempt: () -> UUID
    ) -> Decision {
        guard let intent = order.progress.placement else { return lostTrack(order) }
        switch report.outcome.knownValue {
        case .done:
            return placed(order, settled: report.settled == true)
        case .refused:
            var order = order
            order.progress.placement?.phase = .refused
            order.progress.registerMessage = report.registerMessage
            order.progress.reason = report.reason ?? "refused_by_register"
            order.progress.explanation = report.explanation
            return .go(.checkPlacement(order.progress.placement ?? intent, afterRefusal: true), order)
        case .notSent:
            return notSent(report, wake, order, route, newAttempt)
        case .inProgress:
            return again(order, "attempt_in_progress", "The order is being sent at this moment.", \.service)
        case .noAnswer, nil:
            let doubtful = order.changed {
                $0.placement?.phase = .unanswered
                $0.reason = "placement_in_doubt"
                $0.explanation = report.explanation
                $0.registerMessage = report.registerMessage
                $0.fruitless = 0
            }
            return .store(doubtful, .init(.now, letGo: order.concludesPlacement))
        }
    }

    /// Nothing reached the register under this attempt, and nothing ever will.
    private func notSent(
        _ report: AttemptReport,
        _ wake: Decision.Wake,
        _ order: Order,
        _ route: Route,
        _ newAttempt: () -> UUID
    ) -> Decision {
        if report.reason == "invalid_order" {
            var order = order
            order.progress.reason = report.reason
            order.progress.explanation = report.explanation
            return refused(order)
        }
        switch report.reason.flatMap(Route.Obstacle.init(rawValue:)) {
        case let obstacle?:
            return parked(order, obstacle, detail: report.registerMessage, epoch: route.epoch)
        case nil:
            // Too late, or the call never arrived: the same step under a new attempt.
            let again = order.changed {
                $0.placement = WriteIntent(
                    attemptId: newAttempt(),
                    number: $0.placement?.number ?? 1,
                    phase: .intended
                )
                $0.reason = report.reason
                $0.explanation = report.explanation
                $0.fruitless += 1
            }
            return .store(again, .init(wake))
        }
    }

    private func placementChecked(
        _ check: CheckResponse,
        afterRefusal: Bool,
        _ order: Order,
        _ newAttempt: () -> UUID
    ) -> Decision {
        switch check.finding.knownValue {
        case .done:
            return placed(order, settled: false)
        case .absent where afterRefusal:
            return refused(order)
        case .absent:
            guard let placement = order.progress.placement, placement.number < pauses.mostPlacements else {
                var order = order
                order.progress.reason = "register_fails_on_this_order"
                order.progress.explanation =
                    "The register failed on this order again and again, and each time a read showed it absent. Resend it with repair, or refund the guest."
                return refused(order)
            }
            let again = order.changed {
                $0.placement = WriteIntent(attemptId: newAttempt(), number: placement.number + 1, phase: .intended)
                $0.reason = nil
                $0.explanation = nil
                $0.fruitless = 0
            }
            return .store(again, .init(.now))
        case .unknown, nil:
            return inDoubt(check, order, "placement_in_doubt")
        }
    }

    private func placed(_ order: Order, settled: Bool) -> Decision {
        .store(order.moved(to: settled ? .settled : .placed) { _ in }, .init(.now))
    }

    private func refused(_ order: Order) -> Decision {
        let refused = order.moved(to: .refused, keepingReason: true) { $0.lease = nil }
        let words = order.progress.registerMessage.map { ": \($0)" } ?? "."
        return .store(
            refused,
            .init(
                .never,
                letGo: order.progress.lease.map(Decision.LetGo.release),
                alert: Alert(
                    reason: order.progress.reason ?? "refused_by_register",
                    message:
                        "The register refused order #\(order.content.orderNumber)\(words) Resend it with repair, or refund the guest."
                )
            )
        )
    }

    // MARK: - Settling

    private func billRead(
        _ bill: Bill,
        _ growth: BillGrowth,
        _ order: Order,
        _ route: Route,
        _ newAttempt: () -> UUID
    ) -> Decision {
        if let payment = order.progress.payment, payment.refusals > 0, payment.isOn(bill) {
            return .store(order.moved(to: .settled) { _ in }, .init(.now))
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
            return pay(.settle, amount, tip, surplus, bill, growth, order, newAttempt)
        case .deposit(let amount):
            return pay(.deposit, amount, tip, 0, bill, growth, order, newAttempt)
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

    private func pay(
        _ kind: PaymentKind,
        _ amount: Cents,
        _ tip: Cents,
        _ surplus: Cents,
        _ bill: Bill,
        _ growth: BillGrowth,
        _ order: Order,
        _ newAttempt: () -> UUID
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
                write: WriteIntent(attemptId: newAttempt(), number: refusals + 1, phase: .intended),
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

    private func payment(_ report: AttemptReport, _ order: Order, _ route: Route) -> Decision {
        guard let payment = order.progress.payment else { return lostTrack(order) }
        switch report.outcome.knownValue {
        case .done:
            return .store(order.moved(to: .settled) { _ in }, .init(.now))
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
    private func paymentRefused(_ report: AttemptReport, _ payment: PaymentIntent, _ order: Order) -> Decision {
        var again = backToPlaced(order)
        again.progress.payment?.refusals = payment.refusals + 1
        again.progress.registerMessage = report.registerMessage
        return .store(again, .init(.now))
    }

    private func paymentChecked(_ check: CheckResponse, _ order: Order) -> Decision {
        switch check.finding.knownValue {
        case .done: .store(order.moved(to: .settled) { _ in }, .init(.now))
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
    private func paymentFruitless(
        _ payment: PaymentIntent,
        _ reason: String,
        _ explanation: String,
        _ order: Order
    ) -> Decision {
        guard payment.tries ?? 1 < pauses.mostPayments else { return unsettled(order, reason, explanation) }
        return .store(backToPlaced(order), .init(.after(pauses.pause(\.service, payment.tries ?? 1))))
    }

    /// The bill is read again before anything else is paid.
    private func backToPlaced(_ order: Order) -> Order {
        order.moved(to: .placed) { $0.payment?.write.phase = .intended }
    }

    // MARK: - Resting

    /// The food is cooking; only settlement is tried again, and the table is not kept from others meanwhile.
    ///
    /// It is not tried again where the bill is no longer there: whatever stands on the table next is another's.
    private func unsettled(
        _ order: Order,
        _ reason: String,
        _ explanation: String,
        triesAgain: Bool = true
    ) -> Decision {
        let tries = order.progress.unsettledTries ?? 0
        let unsettled = order.moved(to: .placedUnsettled) {
            $0.reason = reason
            $0.explanation = explanation
            $0.registerMessage = order.progress.registerMessage
            $0.unsettledTries = tries + 1
            $0.payment = nil
            $0.lease = nil
        }
        let alert = Alert(reason: reason, message: "Order #\(order.content.orderNumber) is not settled. \(explanation)")
        return .store(
            unsettled,
            .init(
                triesAgain && tries < pauses.mostUnsettledTries ? .after(pauses.pause(\.unsettled, tries)) : .never,
                letGo: order.progress.lease.map(Decision.LetGo.release),
                alert: tries == 0 ? alert : nil
            )
        )
    }

    private func unclear(_ order: Order, _ reason: String, _ explanation: String) -> Decision {
        let unclear = order.moved(to: .unclear) {
            $0.reason = reason
            $0.explanation = explanation
            $0.registerMessage = order.progress.registerMessage
            $0.resume = order.state
        }
        let alert = Alert(reason: reason, message: "Order #\(order.content.orderNumber) needs a person. \(explanation)")
        return .store(unclear, .init(.never, letGo: order.concludesPlacement, alert: alert))
    }

    /// Reading did not settle it.
    ///
    /// Read again when that can prove more, and tell a person when it cannot.
    private func inDoubt(_ check: CheckResponse, _ order: Order, _ reason: String) -> Decision {
        guard let wait = check.checkAgainInMs, order.progress.fruitless < pauses.mostChecks else {
            return unclear(order, check.reason ?? reason, check.evidence)
        }
        let doubtful = order.changed {
            $0.reason = check.reason ?? reason
            $0.explanation = check.evidence
            $0.fruitless += 1
        }
        return .store(doubtful, .init(.after(.milliseconds(wait))))
    }

    private func again(
        _ order: Order,
        _ reason: String,
        _ explanation: String,
        _ steps: KeyPath<Pauses, [Duration]>
    ) -> Decision {
        let later = order.changed {
            $0.reason = reason
            $0.explanation = explanation
            $0.fruitless += 1
        }
        return .store(later, .init(.after(pauses.pause(steps, order.progress.fruitless))))
    }

    private func park(_ order: Order, _ obstacle: Route.Obstacle, detail: String?, _ route: Route) -> Decision {
        if order.state == .placedUnsettled {
            return again(order, obstacle.rawValue, obstacle.explanation, \.unsettled)
        }
        return parked(order, obstacle, detail: detail, epoch: route.epoch)
    }

    /// Out of the queue until the register is back.
    ///
    /// A table is given back unless something may be on it.
    private func parked(_ order: Order, _ obstacle: Route.Obstacle, detail: String?, epoch: Int?) -> Decision {
        let mayBeOnTable: Bool
        let resume: OrderState
        switch order.state {
        case .tableAssigned where order.progress.placement.map { $0.phase != .intended } ?? false:
            (mayBeOnTable, resume) = (true, .tableAssigned)
        case .placed:
            (mayBeOnTable, resume) = (true, .placed)
        case .billRead where order.progress.payment?.write.phase == .unanswered:
            (mayBeOnTable, resume) = (true, .billRead)
        case .billRead:
            (mayBeOnTable, resume) = (true, .placed)
        default:
            (mayBeOnTable, resume) = (false, .accepted)
        }
        let parked = order.moved(to: .parked) {
            $0.reason = obstacle.rawValue
            $0.explanation = obstacle.explanation
            // What the register said of the order itself outlives that it went away.
            $0.registerMessage = order.progress.placement?.phase == .refused ? order.progress.registerMessage : detail
            $0.resume = resume
            $0.parkedEpoch = epoch
            $0.parkings += 1
            if !mayBeOnTable {
                $0.tableNumber = nil
                $0.lease = nil
                $0.baseline = nil
                // What was intended was not sent, and counts for nothing.
                if order.state == .tableAssigned { $0.placement?.number -= 1 }
            }
        }
        let letGo = mayBeOnTable ? order.concludesPlacement : order.progress.lease.map(Decision.LetGo.release)
        return .store(parked, .init(.never, letGo: letGo))
    }

    /// A report about a write that the order does not know of: a broken invariant, shown rather than guessed about.
    private func lostTrack(_ order: Order) -> Decision {
        unclear(order, "lost_track", "The order's own record of its last write is missing. Look at the register.")
    }
}

extension Order {
    /// The same order in another state.
    ///
    /// What explained the state before is dropped unless it is kept on purpose.
    func moved(to state: OrderState, keepingReason: Bool = false, _ change: (inout Progress) -> Void) -> Order {
        var copy = self
        copy.state = state
        if !keepingReason {
            copy.progress.reason = nil
            copy.progress.explanation = nil
            copy.progress.registerMessage = nil
        }
        copy.progress.resume = nil
        copy.progress.parkedEpoch = nil
        copy.progress.fruitless = 0
        change(&copy.progress)
        return copy
    }

    /// Lets other orders of the location ask the register for a number, where this one's was asked for so.
    fileprivate var concludesPlacement: Decision.LetGo? {
        progress.lease.flatMap { $0.mode == .virtual ? .concludePlacement($0) : nil }
    }

    /// Whether something of it may be on the register, or is.
    fileprivate var mayBeOnRegister: Bool {
        switch state {
        case .tableAssigned: progress.placement.map { $0.phase != .intended } ?? false
        case .placed, .billRead, .unclear, .parked: true
        default: false
        }
    }

    /// The same order in the same state.
    func changed(_ change: (inout Progress) -> Void) -> Order {
        var copy = self
        change(&copy.progress)
        return copy
    }
}

extension Bill {
    func has(mark: String) -> Bool {
        text.split(whereSeparator: \.isWhitespace).contains { $0 == mark }
    }

    /// The bill without what staff and other guests have written on it.
    var withoutText: Bill {
        var copy = self
        copy.text = ""
        return copy
    }
}

extension Cents {
    /// `1250` as `€ 12.50`, for messages.
    var euros: String {
        let magnitude = String(abs(self) % 100)
        return "€ \(self < 0 ? "-" : "")\(abs(self) / 100).\(magnitude.count == 1 ? "0" : "")\(magnitude)"
    }
}
