import Contracts
import Foundation
import RPC

/// What a person's word makes of an order: the rules, with no I/O.
///
/// Stored by ``OrderStore/store(_:after:)`` only if the order is still as it was seen.
struct PersonsChange: Sendable, Equatable {
    var order: Order
    /// What it is called in the order's history.
    var action: String
    /// Whether a worker has something to do for the order now.
    var isDueNow = true
    /// Whether the order gets its whole time before it expires again.
    var startsOver = false
}

extension Order {
    /// Cancels an order of which nothing was sent.
    ///
    /// Where a placement is intended, the wish is noted and a worker finds out: it asks the gateway, which bars the
    /// attempt or knows that it was sent.
    func cancelledByPerson(_ actor: String) throws(RoutingError) -> PersonsChange {
        switch state {
        case .accepted, .waiting:
            return PersonsChange(order: cancelled(by: actor), action: "cancel_order")
        case .parked where progress.resume ?? .accepted == .accepted:
            return PersonsChange(order: cancelled(by: actor), action: "cancel_order")
        case .tableAssigned where wasNeverSent:
            return PersonsChange(order: changed { $0.cancel = CancelWish(actor: actor) }, action: "ask_to_cancel")
        case .refused, .cancelled, .expired:
            throw .orderEnded(state)
        default:
            throw .alreadySent(state)
        }
    }

    /// Whether no attempt that still counts may have left; the one that is intended has to be asked for.
    private var wasNeverSent: Bool {
        guard let placement = progress.placement else { return true }
        return placement.phase == .intended && placement.number - (progress.forgivenPlacements ?? 0) <= 1
    }

    /// Tries an order now that rests, or places a refused one from the start.
    func retriedByPerson() throws(RoutingError) -> PersonsChange {
        let action = "retry_order"
        switch state {
        case .parked:
            return PersonsChange(
                order: moved(to: progress.resume ?? .accepted) { $0.failures = nil },
                action: action,
                startsOver: true
            )
        case .waiting:
            let now = changed {
                $0.reason = nil
                $0.explanation = nil
                $0.fruitless = 0
            }
            return PersonsChange(order: now, action: action, startsOver: true)
        case .refused:
            return PersonsChange(order: startedOver, action: action, startsOver: true)
        case .placedUnsettled:
            return PersonsChange(order: changed { $0.unsettledTries = nil }, action: action)
        case .unclear:
            throw .needsDecision
        case .delivered, .cancelled, .expired:
            throw .orderEnded(state)
        default:
            throw .orderUnderWay(state)
        }
    }

    /// What a person may decide about it; nothing where nobody has to.
    var possibleDecisions: [OrderDecision] {
        switch state {
        case .placedUnsettled: return [.settle, .deliveredByHand]
        case .unclear:
            var decisions: [OrderDecision] = []
            if progress.tableNumber != nil, progress.baseline != nil { decisions.append(.settle) }
            decisions.append(.deliveredByHand)
            // Once it was seen on the register, "it was never there" is not an answer any more.
            if !wasOnRegister { decisions += [.resend, .giveUp] }
            return decisions
        default: return []
        }
    }

    private var wasOnRegister: Bool {
        switch progress.resume {
        case .placed, .billRead, .settled, .placedUnsettled: true
        default: progress.payment != nil
        }
    }

    func resolvedByPerson(_ decision: OrderDecision, _ actor: String) throws(RoutingError) -> PersonsChange {
        guard possibleDecisions.contains(decision) else {
            throw .decisionNotPossible(decision, possible: possibleDecisions)
        }
        let action = "decide_\(decision.rawValue)"
        switch decision {
        case .settle where state == .placedUnsettled:
            return PersonsChange(order: changed { $0.unsettledTries = nil }, action: action)
        case .settle:
            let placed = moved(to: .placed) {
                // A deposit whose answer was lost may be on the bill: it counts as ours if it is there.
                $0.payment?.write.phase = .intended
                $0.payment?.refusals = max(1, progress.payment?.refusals ?? 0)
                $0.payment?.tries = 1
            }
            return PersonsChange(order: placed, action: action)
        case .deliveredByHand:
            let settled = moved(to: .settled) {
                $0.reason = "settled_by_hand"
                $0.explanation = "\(actor) saw to the bill on the register."
                $0.payment = nil
            }
            return PersonsChange(order: settled, action: action)
        case .resend:
            return PersonsChange(order: startedOver, action: action, startsOver: true)
        case .giveUp:
            let over = moved(to: .refused) {
                $0.reason = "given_up"
                $0.explanation =
                    "\(actor) found the order absent from the register. Refund the guest, or send it again."
                $0.tableNumber = nil
                $0.baseline = nil
                $0.givesTableBack = true
            }
            return PersonsChange(order: over, action: action)
        }
    }

    /// The order as it was accepted, but for what was learnt: how often it was sent, and the table to give back first.
    private var startedOver: Order {
        moved(to: .accepted) {
            $0.tableNumber = nil
            $0.baseline = nil
            $0.payment = nil
            $0.sawMark = nil
            $0.surplusCents = nil
            $0.unsettledTries = nil
            $0.failures = nil
            $0.forgivenPlacements = progress.placement?.number
        }
    }
}
