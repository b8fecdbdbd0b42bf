import Contracts
import Foundation
import RPC

// The states beside the line: an order that waits for something or somebody.

extension Journey {
    /// The food is cooking; only settlement is tried again, and the table is not kept from others meanwhile.
    ///
    /// It is not tried again where the bill is no longer there: whatever stands on the table next is another's.
    func unsettled(
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

    /// A person decides; until then the order gives up its right to write.
    ///
    /// Its table is kept from others only until what was sent can no longer take effect and the bill has been read.
    func unclear(_ order: Order, _ reason: String, _ explanation: String) -> Decision {
        let unclear = order.moved(to: .unclear) {
            $0.lease = nil
            $0.reason = reason
            $0.explanation = explanation
            $0.registerMessage = order.progress.registerMessage
            $0.resume = order.state
        }
        let alert = Alert(reason: reason, message: "Order #\(order.content.orderNumber) needs a person. \(explanation)")
        return .store(unclear, .init(.never, letGo: order.progress.lease.map(Decision.LetGo.surrender), alert: alert))
    }

    /// Reading did not settle it.
    ///
    /// Read again when that can prove more, and tell a person when it cannot.
    func inDoubt(_ check: CheckResponse, _ order: Order, _ reason: String) -> Decision {
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

    func again(
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

    func park(_ order: Order, _ obstacle: Route.Obstacle, detail: String?, _ route: Route) -> Decision {
        if order.state == .placedUnsettled {
            return again(order, obstacle.rawValue, obstacle.explanation, \.unsettled)
        }
        return parked(order, obstacle, detail: detail, epoch: route.epoch, isOwnFinding: route.obstacle == nil)
    }

    /// Out of the queue until the register is back.
    ///
    /// A table is given back unless something may be on it. `isOwnFinding`: the route did not say so before.
    func parked(
        _ order: Order,
        _ obstacle: Route.Obstacle,
        detail: String?,
        epoch: Int?,
        isOwnFinding: Bool = true
    ) -> Decision {
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
            if isOwnFinding { $0.failures = ($0.failures ?? 0) + 1 }
            if !mayBeOnTable { $0.withdrawPlacement(from: order.state) }
        }
        let letGo = mayBeOnTable ? order.concludesPlacement : order.progress.lease.map(Decision.LetGo.release)
        return .store(parked, .init(.never, letGo: letGo))
    }

    /// A report about a write that the order does not know of: a broken invariant, shown rather than guessed about.
    func lostTrack(_ order: Order) -> Decision {
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
        // Asked of a placement that was intended; the order is past that, or the placement is withdrawn.
        copy.progress.cancel = nil
        change(&copy.progress)
        return copy
    }

    /// Lets other orders of the location ask the register for a number, where this one's was asked for so.
    var concludesPlacement: Decision.LetGo? {
        progress.lease.flatMap { $0.mode == .virtual ? .concludePlacement($0) : nil }
    }

    /// Whether something of it may be on the register, or is.
    var mayBeOnRegister: Bool {
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
