import Contracts
import Foundation
import RPC

// From a table to an order that is on the register, or certainly is not.

extension Journey {
    // MARK: - Before placing

    func tableAssigned(
        _ table: TableRight,
        _ baseline: Bill,
        _ order: Order,
        _ intend: (Int) -> WriteIntent
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
            $0.placement = intend(($0.placement?.number ?? 0) + 1)
        }
        return .store(assigned, .init(.now))
    }

    func noTable(_ reason: String, _ explanation: String, _ order: Order) -> Decision {
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
    func leaseLost(_ order: Order) -> Decision {
        if order.state == .accepted || order.state == .waiting {
            return noTable("lease_lost", "The table was lost before the order got to it; it is asked for again.", order)
        }
        if order.state == .tableAssigned, order.progress.placement?.phase == .intended {
            if let wish = order.progress.cancel { return cancelled(order, wish) }
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

    func placement(
        _ report: AttemptReport,
        ifUnsent wake: Decision.Wake,
        _ order: Order,
        _ route: Route,
        _ intend: (Int) -> WriteIntent
    ) -> Decision {
        guard let intent = order.progress.placement else { return lostTrack(order) }
        var order = order
        if report.outcome != Open(.notSent), report.outcome != Open(.inProgress) { order.progress.cancel = nil }
        switch report.outcome.knownValue {
        case .done:
            return placed(order, settled: report.settled == true)
        case .refused:
            order.progress.placement?.phase = .refused
            order.progress.registerMessage = report.registerMessage
            order.progress.reason = report.reason ?? "refused_by_register"
            order.progress.explanation = report.explanation
            return .go(.checkPlacement(order.progress.placement ?? intent, afterRefusal: true), order)
        case .notSent:
            return notSent(report, wake, order, route, intend)
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
    func notSent(
        _ report: AttemptReport,
        _ wake: Decision.Wake,
        _ order: Order,
        _ route: Route,
        _ intend: (Int) -> WriteIntent
    ) -> Decision {
        if let wish = order.progress.cancel { return cancelled(order, wish) }
        if order.progress.reason == "call_refused", order.progress.fruitless >= pauses.mostChecks {
            return turnedAway(order, order.progress.explanation ?? "")
        }
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
                $0.placement = intend($0.placement?.number ?? 1)
                $0.reason = report.reason
                $0.explanation = report.explanation
                $0.fruitless += 1
            }
            return .store(again, .init(wake))
        }
    }

    func placementChecked(
        _ check: CheckResponse,
        afterRefusal: Bool,
        _ order: Order,
        _ intend: (Int) -> WriteIntent
    ) -> Decision {
        switch check.finding.knownValue {
        case .done:
            return placed(order, settled: false)
        case .absent where afterRefusal:
            return refused(order)
        case .absent:
            guard let placement = order.progress.placement,
                placement.number - (order.progress.forgivenPlacements ?? 0) < pauses.mostPlacements
            else {
                var order = order
                order.progress.reason = "register_fails_on_this_order"
                order.progress.explanation =
                    "The register failed on this order again and again, and each time a read showed it absent. Resend it with repair, or refund the guest."
                return refused(order)
            }
            let again = order.changed {
                $0.placement = intend(placement.number + 1)
                $0.reason = nil
                $0.explanation = nil
                $0.fruitless = 0
            }
            return .store(again, .init(.now))
        case .unknown, nil:
            return inDoubt(check, order, "placement_in_doubt")
        }
    }

    func placed(_ order: Order, settled: Bool) -> Decision {
        settled ? self.settled(order) : .store(order.moved(to: .placed) { $0.failures = nil }, .init(.now))
    }

    /// Stored before the table goes back: what proved it is the table's bill, which may be another order's then.
    func refused(_ order: Order) -> Decision {
        let refused = order.moved(to: .refused, keepingReason: true) { _ in }
        let words = order.progress.registerMessage.map { ": \($0)" } ?? "."
        return .store(
            refused,
            .init(
                refused.hasTableToGiveBack ? .now : .never,
                alert: Alert(
                    reason: order.progress.reason ?? "refused_by_register",
                    message:
                        "The register refused order #\(order.content.orderNumber)\(words) Resend it with repair, or refund the guest."
                )
            )
        )
    }
}
