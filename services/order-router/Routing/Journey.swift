import Contracts
import Foundation

/// The journey of an order as a state machine: pure values in, a decision out.
///
/// No I/O, no clock of its own.
///
/// A worker asks ``next(for:on:isFresh:)`` what to do, does it, and hands what happened to ``decide(_:for:on:at:)``. The
/// answer is a ``Decision``: the order as it is to be stored, and what must be done before it is.
///
/// The rules that keep orders safe are all here. A write is intended (committed) before it is sent. A write whose answer
/// is lost is settled by asking the gateway and then by reading the register, never by sending again. `refused` happens
/// only before `placed`, and only after a read.
struct Journey: Sendable {
    var pauses = Pauses()

    /// The next thing to do for an order, or `nil` where nothing is to be done.
    ///
    /// `isFresh`: true when the worker that asks has itself just committed the order's present state, so that an
    /// intended write certainly has not been sent by anybody else.
    func next(for order: Order, on route: Route, isFresh: Bool) -> Action? {
        let progress = order.progress
        switch order.state {
        case .accepted, .waiting:
            if order.hasTableToGiveBack { return .releaseTable }
            if route.isPaused { return .hold }
            if let obstacle = route.obstacle { return .park(obstacle) }
            return .assignTable(tableWish(for: order, on: route))
        case .tableAssigned:
            guard let placement = progress.placement else { return .assignTable(tableWish(for: order, on: route)) }
            if placement.phase != .intended {
                return route.obstacle.map(Action.park)
                    ?? .checkPlacement(placement, afterRefusal: placement.phase == .refused)
            }
            guard isFresh else { return .lookUpPlacement(placement) }
            if route.isPaused { return .hold }
            return route.obstacle.map(Action.park) ?? .place(placement)
        case .placed, .placedUnsettled:
            if let obstacle = route.obstacle { return .park(obstacle) }
            return progress.lease == nil ? .regainTable : .readBill
        case .billRead:
            guard let payment = progress.payment else { return .readBill }
            if payment.write.phase == .unanswered {
                return route.obstacle.map(Action.park) ?? .checkPayment(payment)
            }
            guard isFresh else { return .lookUpPayment(payment) }
            return route.obstacle.map(Action.park) ?? .pay(payment)
        case .settled:
            return .releaseTable
        case .refused, .cancelled, .expired:
            return order.hasTableToGiveBack ? .releaseTable : nil
        case .delivered, .parked, .unclear:
            return nil
        }
    }

    /// Which table an order is to get (rule K37): the guest's own, or one by the location's mode.
    private func tableWish(for order: Order, on route: Route) -> TableWish {
        if let number = order.content.tableNumber { return TableWish(mode: .named, number: number) }
        return TableWish(mode: route.tableMode, number: nil)
    }
}

struct TableWish: Sendable, Equatable {
    var mode: TableMode
    var number: Int?
}

/// What a worker has to do for an order.
enum Action: Sendable, Equatable {
    /// Get a table, and read its bill as the baseline.
    case assignTable(TableWish)
    /// Pin the table and send the order.
    case place(WriteIntent)
    /// Ask the gateway what became of a placement that may or may not have been sent.
    case lookUpPlacement(WriteIntent)
    /// Read the register to find out whether the order is there.
    case checkPlacement(WriteIntent, afterRefusal: Bool)
    /// Read the bill and compare it with what it was.
    case readBill
    /// Get the right to write to the order's table again.
    case regainTable
    case pay(PaymentIntent)
    case lookUpPayment(PaymentIntent)
    case checkPayment(PaymentIntent)
    case releaseTable
    /// The register cannot be used now.
    case park(Route.Obstacle)
    /// A person keeps the location's orders from its register.
    case hold

    /// What the step is called in an order's history.
    var name: String {
        switch self {
        case .assignTable: "assign_table"
        case .place: "place_order"
        case .lookUpPlacement, .lookUpPayment: "look_up_attempt"
        case .checkPlacement: "check_placement"
        case .readBill: "read_bill"
        case .regainTable: "regain_table"
        case .pay(let payment): payment.kind == .settle ? "settle_bill" : "post_deposit"
        case .checkPayment: "check_settlement"
        case .releaseTable: "release_table"
        case .park: "park"
        case .hold: "hold"
        }
    }

    /// The write this action is about.
    var attemptId: UUID? {
        switch self {
        case .place(let intent), .lookUpPlacement(let intent), .checkPlacement(let intent, _): intent.attemptId
        case .pay(let payment), .lookUpPayment(let payment), .checkPayment(let payment): payment.write.attemptId
        default: nil
        }
    }
}

/// What became of an action.
enum Event: Sendable, Equatable {
    case tableAssigned(TableRight, baseline: Bill)
    /// No table yet; the reason is the allocator's.
    case noTable(reason: String, explanation: String)
    case tableRegained(TableRight)
    case leaseLost
    case placement(AttemptReport)
    /// What the gateway knows of a placement; a later arrival of it is barred.
    case placementLookedUp(AttemptReport)
    case placementChecked(CheckResponse, afterRefusal: Bool)
    case billRead(Bill, BillGrowth)
    case payment(AttemptReport)
    case paymentChecked(CheckResponse)
    case tableReleased
    /// The register could not be read or reached.
    case obstacle(Route.Obstacle, detail: String?)
    /// The location is paused.
    case held
    /// The register refused a read, or there was no room or time for it.
    case unreadable(detail: String)
    /// One of our own services will not have this call, however often it is made.
    ///
    /// `wasWrite`: it was about a write, of which the gateway may know something all the same.
    case callRefused(detail: String, wasWrite: Bool)
    /// One of our own services did not answer: nothing is known, and the same is asked again.
    case serviceFailed(detail: String)
}

/// What follows from an event.
enum Decision: Sendable, Equatable {
    /// Store the order as it is now, after what the followup asks for is done.
    case store(Order, Followup)
    /// Nothing is stored yet: do this next, for the order as it is now known.
    ///
    /// Only where whoever takes over from the last checkpoint finds out the same again.
    case go(Action, Order)

    struct Followup: Sendable, Equatable {
        /// When the order is looked at again.
        var wake: Wake
        /// What the allocator must hear before the new state is stored.
        var letGo: LetGo?
        /// Something people should know.
        var alert: Alert?

        init(_ wake: Wake, letGo: LetGo? = nil, alert: Alert? = nil) {
            self.wake = wake
            self.letGo = letGo
            self.alert = alert
        }
    }

    /// What a rest changes for the order's table.
    enum LetGo: Sendable, Equatable {
        /// Others may have the table.
        case release(TableRight)
        /// Others may have the table once what was sent can no longer take effect and its bill has been read.
        case surrender(TableRight)
        /// The table stays ours, and others may ask the register for theirs: a virtual number is in doubt, not in flight.
        case concludePlacement(TableRight)
    }

    enum Wake: Sendable, Equatable {
        case now
        case after(Duration)
        /// Only something from outside moves it: a connection test, or a person.
        case never
    }
}

/// Something about an order that a person should see, in the location's activity log and in ours.
struct Alert: Sendable, Equatable {
    var reason: String
    var message: String
    var differences: [LineDifference] = []
}

/// How long an order rests before the next try, by how often the present step came to nothing.
struct Pauses: Sendable, Equatable {
    /// No free table: tables come back on their own, and releases wake the waiting at once.
    var waiting: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(15)]
    /// One of our own services is away.
    var service: [Duration] = [.milliseconds(250), .seconds(1), .seconds(2), .seconds(5)]
    /// The food is cooking and the bill cannot be settled.
    var unsettled: [Duration] = [.seconds(60), .seconds(120), .seconds(300), .seconds(900)]
    /// How long reading goes on before an order in doubt is shown to a person, and how often a call that is refused is
    /// made again.
    var mostChecks = 8
    /// How many placements are tried, each proven absent, before the order leaves the queue.
    var mostPlacements = 3
    /// How often a refused payment is read again and decided again.
    var mostPaymentRefusals = 2
    /// How many payments are sent, each certainly not taken, before the order counts as unsettled.
    var mostPayments = 5
    /// How often settlement is tried before only a person can move it.
    var mostUnsettledTries = 8

    func pause(_ steps: KeyPath<Pauses, [Duration]>, _ tries: Int) -> Duration {
        let list = self[keyPath: steps]
        return list[min(max(0, tries), list.count - 1)]
    }
}
