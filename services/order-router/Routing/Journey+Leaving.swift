import Contracts
import Foundation
import RPC

// Orders that a person holds back or takes out, and calls that will never succeed.

extension Journey {
    /// Nothing goes to a paused location; whoever resumes it makes its orders ready.
    func held(_ order: Order) -> Decision {
        let waiting = order.moved(to: .waiting) {
            $0.reason = "location_paused"
            $0.explanation = "The location is paused. The order goes out when somebody resumes it."
            $0.resume = .accepted
            $0.withdrawPlacement(from: order.state)
        }
        return .store(waiting, .init(.never, letGo: order.progress.lease.map(Decision.LetGo.release)))
    }

    /// Nothing of the order was sent, and nothing will be.
    func cancelled(_ order: Order, _ wish: CancelWish) -> Decision {
        .store(order.cancelled(by: wish.actor), .init(.now))
    }

    /// The allocator has the table back.
    func tableReleased(_ order: Order) -> Decision {
        let free = order.changed {
            $0.lease = nil
            $0.givesTableBack = nil
        }
        switch order.state {
        case .settled:
            return .store(order.moved(to: .delivered) { $0.lease = nil }, .init(.never))
        case .accepted, .waiting:
            let tries = order.progress.fruitless
            return .store(free, .init(tries == 0 ? .now : .after(pauses.pause(\.waiting, tries))))
        case .expired:
            let number = order.content.orderNumber
            let message = "Order #\(number) waited too long and was not sent. Refund the guest."
            return .store(free, .init(.never, alert: Alert(reason: "waited_too_long", message: message)))
        case .refused, .cancelled, .delivered:
            return .store(free, .init(.never))
        default:
            return lostTrack(order)
        }
    }

    func serviceFailed(_ detail: String, _ order: Order) -> Decision {
        // An order at its end keeps the reason it ended for; only its table is still to be given back.
        guard order.state.isFinal else { return again(order, "service_unavailable", detail, \.service) }
        let later = order.changed { $0.fruitless += 1 }
        return .store(later, .init(.after(pauses.pause(\.service, order.progress.fruitless))))
    }

    /// A read that fails for a reason of its own is tried a bounded number of times wherever something was sent.
    func unreadable(_ detail: String, _ order: Order) -> Decision {
        let reason = "register_unreadable"
        if order.state == .accepted || order.state == .waiting {
            guard case .store(let waiting, _) = noTable(reason, detail, order) else { return lostTrack(order) }
            // The table was given for a bill that cannot be read; others may be luckier with it.
            return .store(waiting.changed { $0.givesTableBack = true }, .init(.now))
        }
        return bounded(reason, detail, order)
    }

    /// The same call again has the same answer; only a new version of somebody changes that.
    func callRefused(_ detail: String, wasWrite: Bool, _ order: Order) -> Decision {
        let reason = "call_refused"
        switch order.state {
        case .accepted, .waiting:
            guard order.progress.fruitless < pauses.mostChecks else { return turnedAway(order, detail) }
            return again(order, reason, detail, \.service)
        case .tableAssigned where wasWrite, .billRead where wasWrite:
            // What became of the write is the gateway's to say, which is asked next.
            return again(order, reason, detail, \.service)
        case .settled, .refused, .cancelled, .expired:
            return serviceFailed(detail, order)
        default:
            return bounded(reason, detail, order)
        }
    }

    private func bounded(_ reason: String, _ detail: String, _ order: Order) -> Decision {
        if order.state != .placedUnsettled, order.progress.fruitless < pauses.mostChecks {
            return again(order, reason, detail, \.service)
        }
        switch order.state {
        case .placed, .placedUnsettled: return unsettled(order, reason, detail)
        case .settled: return serviceFailed(detail, order)
        default: return unclear(order, reason, detail)
        }
    }

    /// Our own services refuse the order for good, and nothing of it was sent.
    func turnedAway(_ order: Order, _ detail: String) -> Decision {
        let refused = order.moved(to: .refused) {
            $0.reason = "call_refused"
            $0.explanation = detail
            $0.givesTableBack = true
        }
        let message =
            "Order #\(order.content.orderNumber) cannot be sent: \(detail) Refund the guest, and call support."
        return .store(refused, .init(.now, alert: Alert(reason: "call_refused", message: message)))
    }
}

extension Order {
    /// Whether the allocator has, or may have, a table for it that it does not need.
    ///
    /// An order before its table is looked for, or at its end, has no use for one.
    var hasTableToGiveBack: Bool { progress.lease != nil || progress.givesTableBack == true }

    /// The same order cancelled; a worker then gives its table back, if it has one.
    func cancelled(by actor: String) -> Order {
        moved(to: .cancelled) {
            $0.reason = "cancelled"
            $0.explanation = "Cancelled by \(actor) before anything was sent. Refund the guest."
            $0.givesTableBack = true
        }
    }
}

extension Progress {
    /// Forgets a table, and a placement that was intended there and not sent.
    mutating func withdrawPlacement(from state: OrderState) {
        tableNumber = nil
        lease = nil
        baseline = nil
        if state == .tableAssigned { placement?.number -= 1 }
    }
}
