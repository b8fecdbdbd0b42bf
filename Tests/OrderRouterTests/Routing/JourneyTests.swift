import Contracts
import Foundation
import RPC
import Testing

@testable import OrderRouter

@Suite struct JourneyTests {
    private static let old = UUID(uuidString: "00000000-0000-4000-8000-000000000001") ?? UUID()
    private static let fresh = UUID(uuidString: "00000000-0000-4000-8000-000000000002") ?? UUID()
    private static let right = TableRight(number: 900, fencingToken: 5, mode: .virtual)
    private static let named = TableRight(number: 7, fencingToken: 6, mode: .named)
    private static let baseline = Bill(tableNumber: 900)
    private static let lines = Sample.items.map(\.billLine)

    /// An order as a worker may find it.
    enum Situation: CaseIterable {
        case accepted, waiting, intended, unanswered, refusedUnread, placed, placedUnsettled, billRead,
            paymentUnanswered
        case settled, delivered, parked, refused, unclear, cancelled, expired

        var order: Order {
            func placing(_ phase: WriteIntent.Phase, _ progress: inout OrderRouter.Progress) {
                progress.tableNumber = 900
                progress.lease = right
                progress.baseline = baseline
                progress.placement = WriteIntent(attemptId: old, number: 1, phase: phase)
            }
            func paying(_ phase: WriteIntent.Phase, _ progress: inout OrderRouter.Progress) {
                placing(.intended, &progress)
                progress.payment = PaymentIntent(
                    write: WriteIntent(attemptId: old, number: 1, phase: phase),
                    kind: .settle,
                    amountCents: 1000,
                    tipCents: 0,
                    bill: baseline,
                    refusals: 0
                )
            }
            return switch self {
            case .accepted: Sample.order(.accepted)
            case .waiting: Sample.order(.waiting) { $0.resume = .accepted }
            case .intended: Sample.order(.tableAssigned) { placing(.intended, &$0) }
            case .unanswered: Sample.order(.tableAssigned) { placing(.unanswered, &$0) }
            case .refusedUnread: Sample.order(.tableAssigned) { placing(.refused, &$0) }
            case .placed: Sample.order(.placed) { placing(.intended, &$0) }
            case .placedUnsettled:
                Sample.order(.placedUnsettled) {
                    placing(.intended, &$0)
                    $0.lease = nil
                    $0.unsettledTries = 1
                }
            case .billRead: Sample.order(.billRead) { paying(.intended, &$0) }
            case .paymentUnanswered: Sample.order(.billRead) { paying(.unanswered, &$0) }
            case .settled: Sample.order(.settled) { paying(.intended, &$0) }
            case .delivered: Sample.order(.delivered)
            case .parked: Sample.order(.parked) { $0.resume = .accepted }
            case .refused: Sample.order(.refused)
            case .unclear: Sample.order(.unclear)
            case .cancelled: Sample.order(.cancelled)
            case .expired: Sample.order(.expired)
            }
        }
    }

    // MARK: - What to do next

    @Test(
        arguments: [
            (Situation.accepted, "assign_table", "assign_table"),
            (.waiting, "assign_table", "assign_table"),
            (.intended, "place_order", "look_up_attempt"),
            (.unanswered, "check_placement", "check_placement"),
            (.refusedUnread, "check_placement", "check_placement"),
            (.placed, "read_bill", "read_bill"),
            (.placedUnsettled, "regain_table", "regain_table"),
            (.billRead, "settle_bill", "look_up_attempt"),
            (.paymentUnanswered, "check_settlement", "check_settlement"),
            (.settled, "release_table", "release_table"),
            (.delivered, nil, nil), (.parked, nil, nil), (.refused, nil, nil), (.unclear, nil, nil),
            (.cancelled, nil, nil),
            (.expired, nil, nil),
        ] as [(Situation, String?, String?)]
    )
    func eachStateHasOneNextAction(situation: Situation, whenFresh: String?, whenTakenOver: String?) {
        let journey = Journey()
        let route = Sample.route()
        #expect(journey.next(for: situation.order, on: route, isFresh: true)?.name == whenFresh)
        #expect(journey.next(for: situation.order, on: route, isFresh: false)?.name == whenTakenOver)
    }

    /// Rule K32.
    ///
    /// A look-up asks the gateway's own records, and a release the allocator; neither needs the register.
    @Test(arguments: [
        (ConnectionStatus.disconnected, false, Route.Obstacle.unreachable),
        (.misconfigured, false, .misconfigured),
        (.connected, true, .notConnected),
    ])
    func nothingIsTriedAgainstARegisterThatCannotBeUsed(
        status: ConnectionStatus,
        isDeleted: Bool,
        obstacle: Route.Obstacle
    ) {
        let route = Sample.route(status: status, isDeleted: isDeleted)
        for situation in Situation.allCases {
            let action = Journey().next(for: situation.order, on: route, isFresh: false)
            switch situation {
            case .accepted, .waiting, .unanswered, .refusedUnread, .placed, .placedUnsettled, .paymentUnanswered:
                #expect(action == .park(obstacle), "\(situation)")
            case .intended, .billRead: #expect(action?.name == "look_up_attempt")
            case .settled: #expect(action == .releaseTable)
            default: #expect(action == nil)
            }
            let fresh = Journey().next(for: situation.order, on: route, isFresh: true)
            if situation == .intended || situation == .billRead { #expect(fresh == .park(obstacle)) }
        }
    }

    /// Rule K37.
    @Test(
        arguments: [
            (12, TableMode.virtual, TableWish(mode: .named, number: 12)),
            (nil, .virtual, TableWish(mode: .virtual)),
            (nil, .physical, TableWish(mode: .physical)),
        ] as [(Int?, TableMode, TableWish)]
    )
    func aGuestsOwnTableComesBeforeTheLocationsMode(table: Int?, mode: TableMode, wish: TableWish) {
        let order = Sample.order(content: Sample.content(table: table))
        #expect(Journey().next(for: order, on: Sample.route(tableMode: mode), isFresh: false) == .assignTable(wish))
    }

    // MARK: - What follows

    struct Row: CustomTestStringConvertible {
        var from: Situation
        var event: Event
        var state: OrderState
        var wake: Decision.Wake = .now
        var letGo: Decision.LetGo?
        var alert: String?
        /// What the worker that stored this does next.
        var next: String?
        var reason: String?

        var testDescription: String { "\(from) + \(event)".prefix(90).description }
    }

    private static func report(
        _ outcome: AttemptOutcome,
        reason: String? = nil,
        settled: Bool? = nil
    ) -> AttemptReport {
        AttemptReport(attemptId: old, outcome: outcome, reason: reason, registerMessage: "Its words.", settled: settled)
    }

    /// What a newer gateway might say that nobody here knows.
    private static func novelReport() -> AttemptReport {
        var report = report(.done)
        report.outcome = .unrecognized("half_done")
        return report
    }

    private static func novelCheck() -> CheckResponse {
        var check = CheckResponse(.done, evidence: "A new kind of evidence.")
        check.finding = .unrecognized("probably")
        return check
    }

    private static func bill(_ lines: [BillLine], mark: Bool = true, deposits: [BillDeposit] = []) -> Bill {
        let total = lines.reduce(0) { $0 + $1.totalCents }
        return Bill(
            tableNumber: 900,
            text: mark ? "Kiosk #1042 \(Sample.order().mark)" : "",
            openCents: deposits.reduce(total) { $0 - $1.amountCents },
            lines: lines,
            deposits: deposits
        )
    }

    private static func read(_ bill: Bill) -> Event {
        .billRead(bill, BillGrowth(of: bill, since: baseline, expecting: lines, mark: Sample.order().mark))
    }

    private static let unknown = CheckResponse(.unknown, evidence: "Nothing yet.")
    private static let unknownYet = CheckResponse(.unknown, evidence: "Nothing yet.", checkAgainInMs: 3_000)
    private static let absent = CheckResponse(.absent, evidence: "It is not there.")
    private static let done = CheckResponse(.done, evidence: "It is there.")
    private static let service = Decision.Wake.after(.milliseconds(250))

    private static let placing: [Row] = [
        Row(
            from: .accepted,
            event: .tableAssigned(right, baseline: baseline),
            state: .tableAssigned,
            next: "place_order"
        ),
        Row(
            from: .waiting,
            event: .tableAssigned(right, baseline: baseline),
            state: .tableAssigned,
            next: "place_order"
        ),
        Row(
            from: .accepted,
            event: .tableAssigned(right, baseline: bill(lines)),
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "already_on_bill",
            reason: "already_on_bill"
        ),
        Row(
            from: .accepted,
            event: .noTable(reason: "no_free_table", explanation: ""),
            state: .waiting,
            wake: .after(.seconds(1)),
            next: "assign_table",
            reason: "no_free_table"
        ),
        Row(
            from: .accepted,
            event: .obstacle(.unreachable, detail: nil),
            state: .parked,
            wake: .never,
            reason: "register_unreachable"
        ),
        Row(
            from: .waiting,
            event: .obstacle(.misconfigured, detail: nil),
            state: .parked,
            wake: .never,
            reason: "register_misconfigured"
        ),
        Row(
            from: .accepted,
            event: .serviceFailed(detail: "x"),
            state: .accepted,
            wake: service,
            next: "assign_table",
            reason: "service_unavailable"
        ),
        Row(from: .intended, event: .leaseLost, state: .accepted, next: "assign_table"),
        Row(
            from: .unanswered,
            event: .leaseLost,
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "lease_lost",
            reason: "lease_lost"
        ),
        Row(
            from: .refusedUnread,
            event: .leaseLost,
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "lease_lost",
            reason: "lease_lost"
        ),
        Row(from: .intended, event: .placement(report(.done)), state: .placed, next: "read_bill"),
        Row(from: .intended, event: .placement(report(.done, settled: true)), state: .settled, next: "release_table"),
        Row(
            from: .intended,
            event: .placement(report(.noAnswer)),
            state: .tableAssigned,
            letGo: .concludePlacement(right),
            next: "check_placement",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .intended,
            event: .placement(novelReport()),
            state: .tableAssigned,
            letGo: .concludePlacement(right),
            next: "check_placement",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .intended,
            event: .placement(report(.inProgress)),
            state: .tableAssigned,
            wake: service,
            next: "place_order",
            reason: "attempt_in_progress"
        ),
        Row(
            from: .intended,
            event: .placement(report(.notSent, reason: "too_late")),
            state: .tableAssigned,
            wake: service,
            next: "place_order",
            reason: "too_late"
        ),
        Row(
            from: .intended,
            event: .placementLookedUp(report(.notSent, reason: "never_sent")),
            state: .tableAssigned,
            wake: .now,
            next: "place_order",
            reason: "never_sent"
        ),
        Row(from: .intended, event: .placementLookedUp(report(.done)), state: .placed, next: "read_bill"),
        Row(
            from: .intended,
            event: .placementLookedUp(report(.noAnswer)),
            state: .tableAssigned,
            letGo: .concludePlacement(right),
            next: "check_placement",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .intended,
            event: .placement(report(.notSent, reason: "register_unreachable")),
            state: .parked,
            wake: .never,
            letGo: .release(right),
            reason: "register_unreachable"
        ),
        Row(
            from: .intended,
            event: .serviceFailed(detail: "x"),
            state: .tableAssigned,
            wake: service,
            next: "place_order",
            reason: "service_unavailable"
        ),
        Row(from: .unanswered, event: .placementChecked(done, afterRefusal: false), state: .placed, next: "read_bill"),
        Row(
            from: .unanswered,
            event: .placementChecked(absent, afterRefusal: false),
            state: .tableAssigned,
            next: "place_order"
        ),
        Row(
            from: .unanswered,
            event: .placementChecked(unknownYet, afterRefusal: false),
            state: .tableAssigned,
            wake: .after(.seconds(3)),
            letGo: .concludePlacement(right),
            next: "check_placement",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .unanswered,
            event: .placementChecked(unknown, afterRefusal: false),
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "placement_in_doubt",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .unanswered,
            event: .placementChecked(novelCheck(), afterRefusal: false),
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "placement_in_doubt",
            reason: "placement_in_doubt"
        ),
        Row(
            from: .unanswered,
            event: .obstacle(.unreachable, detail: nil),
            state: .parked,
            wake: .never,
            letGo: .concludePlacement(right),
            reason: "register_unreachable"
        ),
        Row(
            from: .refusedUnread,
            event: .obstacle(.unreachable, detail: nil),
            state: .parked,
            wake: .never,
            letGo: .concludePlacement(right),
            reason: "register_unreachable"
        ),
        Row(
            from: .refusedUnread,
            event: .placementChecked(absent, afterRefusal: true),
            state: .refused,
            alert: "refused_by_register",
            next: "release_table"
        ),
        Row(
            from: .refusedUnread,
            event: .placementChecked(done, afterRefusal: true),
            state: .placed,
            next: "read_bill"
        ),
        Row(
            from: .refusedUnread,
            event: .placementChecked(unknownYet, afterRefusal: true),
            state: .tableAssigned,
            wake: .after(.seconds(3)),
            letGo: .concludePlacement(right),
            next: "check_placement",
            reason: "placement_in_doubt"
        ),
    ]

    private static let settling: [Row] = [
        Row(from: .billRead, event: .leaseLost, state: .placed, next: "regain_table"),
        Row(
            from: .paymentUnanswered,
            event: .leaseLost,
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "lease_lost",
            reason: "lease_lost"
        ),
        Row(from: .placed, event: read(bill(lines)), state: .billRead, next: "settle_bill"),
        Row(from: .placed, event: .tableRegained(named), state: .placed, next: "read_bill"),
        Row(
            from: .placed,
            event: read(Bill(tableNumber: 900)),
            state: .placedUnsettled,
            wake: .never,
            letGo: .release(right),
            alert: "bill_gone",
            next: "regain_table",
            reason: "bill_gone"
        ),
        Row(
            from: .placed,
            event: .obstacle(.unreachable, detail: nil),
            state: .parked,
            wake: .never,
            letGo: .concludePlacement(right),
            reason: "register_unreachable"
        ),
        Row(
            from: .placed,
            event: .noTable(reason: "table_busy", explanation: ""),
            state: .placed,
            wake: .after(.seconds(1)),
            letGo: .concludePlacement(right),
            next: "read_bill",
            reason: "table_busy"
        ),
        Row(from: .placedUnsettled, event: .tableRegained(named), state: .placedUnsettled, next: "read_bill"),
        Row(
            from: .placedUnsettled,
            event: .noTable(reason: "table_busy", explanation: ""),
            state: .placedUnsettled,
            wake: .after(.seconds(1)),
            next: "regain_table",
            reason: "table_busy"
        ),
        Row(
            from: .placedUnsettled,
            event: .obstacle(.unreachable, detail: nil),
            state: .placedUnsettled,
            wake: .after(.seconds(60)),
            next: "regain_table",
            reason: "register_unreachable"
        ),
        Row(from: .billRead, event: .payment(report(.done)), state: .settled, next: "release_table"),
        Row(from: .billRead, event: .payment(report(.refused)), state: .placed, next: "read_bill"),
        Row(
            from: .billRead,
            event: .payment(report(.noAnswer)),
            state: .billRead,
            next: "check_settlement",
            reason: "payment_in_doubt"
        ),
        Row(
            from: .billRead,
            event: .payment(novelReport()),
            state: .billRead,
            next: "check_settlement",
            reason: "payment_in_doubt"
        ),
        Row(
            from: .billRead,
            event: .payment(report(.inProgress)),
            state: .billRead,
            wake: service,
            letGo: .concludePlacement(right),
            next: "settle_bill",
            reason: "attempt_in_progress"
        ),
        Row(
            from: .billRead,
            event: .payment(report(.notSent, reason: "too_late")),
            state: .placed,
            wake: .after(.seconds(1)),
            letGo: .concludePlacement(right),
            next: "read_bill"
        ),
        Row(
            from: .billRead,
            event: .payment(report(.notSent, reason: "payment_type_missing")),
            state: .placedUnsettled,
            wake: .after(.seconds(60)),
            letGo: .release(right),
            alert: "payment_type_missing",
            next: "regain_table",
            reason: "payment_type_missing"
        ),
        Row(
            from: .billRead,
            event: .payment(report(.notSent, reason: "register_unreachable")),
            state: .parked,
            wake: .never,
            letGo: .concludePlacement(right),
            reason: "register_unreachable"
        ),
        Row(from: .paymentUnanswered, event: .paymentChecked(done), state: .settled, next: "release_table"),
        Row(
            from: .paymentUnanswered,
            event: .paymentChecked(absent),
            state: .placed,
            wake: .after(.seconds(1)),
            letGo: .concludePlacement(right),
            next: "read_bill"
        ),
        Row(
            from: .paymentUnanswered,
            event: .paymentChecked(unknownYet),
            state: .billRead,
            wake: .after(.seconds(3)),
            letGo: .concludePlacement(right),
            next: "check_settlement",
            reason: "payment_in_doubt"
        ),
        Row(
            from: .paymentUnanswered,
            event: .paymentChecked(unknown),
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "payment_in_doubt",
            reason: "payment_in_doubt"
        ),
        Row(
            from: .paymentUnanswered,
            event: .paymentChecked(novelCheck()),
            state: .unclear,
            wake: .never,
            letGo: .surrender(right),
            alert: "payment_in_doubt",
            reason: "payment_in_doubt"
        ),
        Row(
            from: .paymentUnanswered,
            event: .obstacle(.unreachable, detail: nil),
            state: .parked,
            wake: .never,
            letGo: .concludePlacement(right),
            reason: "register_unreachable"
        ),
        Row(from: .settled, event: .tableReleased, state: .delivered, wake: .never),
        Row(
            from: .settled,
            event: .serviceFailed(detail: "x"),
            state: .settled,
            wake: service,
            next: "release_table",
            reason: "service_unavailable"
        ),
    ]

    /// The table of the journey: what follows from what may happen in each state.
    @Test(arguments: placing + settling)
    func eachEventHasOneConsequence(row: Row) throws {
        let decision = Journey().decide(row.event, for: row.from.order, on: Sample.route()) { Self.fresh }
        let order: Order
        let followup: Decision.Followup
        switch decision {
        case .store(let next, let what): (order, followup) = (next, what)
        case .go(let action, let known):
            // Only giving the table back is stored together with what led to it.
            #expect(action == .releaseTable && row.state == .settled)
            (order, followup) = (known, .init(.now))
        }
        #expect(order.state == row.state)
        #expect(followup.wake == row.wake)
        #expect(followup.letGo == row.letGo)
        #expect(followup.alert?.reason == row.alert)
        #expect(Journey().next(for: order, on: Sample.route(), isFresh: true)?.name == row.next)
        #expect(order.progress.reason == row.reason)
    }

    // MARK: - What never happens

    /// What is stored after an event, with what follows from it.
    private func stored(
        _ event: Event,
        _ order: Order,
        on route: Route = Sample.route()
    ) throws -> (order: Order, followup: Decision.Followup) {
        let decision = Journey().decide(event, for: order, on: route) { Self.fresh }
        guard case .store(let next, let followup) = decision else { throw NothingStored() }
        return (next, followup)
    }

    private struct NothingStored: Error {}

    /// A refusal counts only after a read, and the read is remembered wherever the worker stops.
    @Test(arguments: [Event.placement(report(.refused)), .placementLookedUp(report(.refused))])
    func aRefusalIsReadBeforeItCounts(event: Event) throws {
        let decision = Journey().decide(event, for: Situation.intended.order, on: Sample.route())
        guard case .go(let action, let order) = decision else {
            Issue.record("It is not read.")
            return
        }
        #expect(
            action == .checkPlacement(WriteIntent(attemptId: Self.old, number: 1, phase: .refused), afterRefusal: true)
        )
        #expect(order.state == .tableAssigned)
        #expect(Journey().next(for: order, on: Sample.route(), isFresh: false) == action)
    }

    private static let everyEvent = (placing + settling).map(\.event)
    /// Situations in which something is done, so that something can happen.
    private static let moving = Situation.allCases.filter {
        Journey().next(for: $0.order, on: Sample.route(), isFresh: true) != nil
    }

    /// Every state with every event that a row above knows: nothing refuses an order that may be on the register, nothing
    /// sends under an attempt that was sent before, and nothing rests without saying what it waits for.
    @Test(arguments: moving)
    func noEventLeadsAnOrderAstray(situation: Situation) {
        let before = situation.order
        for event in Self.everyEvent {
            guard case .store(let order, let followup) = Journey().decide(event, for: before, on: Sample.route()) else {
                continue
            }
            if order.state == .refused {
                guard case .placementChecked(let check, _) = event else {
                    Issue.record("\(situation) is refused after \(event)")
                    continue
                }
                #expect(check.finding == Open(.absent))
            }
            let next = Journey().next(for: order, on: Sample.route(), isFresh: true)
            if case .place(let intent) = next, followup.wake == .now, event.tellsOfAPlacement {
                #expect(intent.attemptId != Self.old, "\(situation) sends the same attempt after \(event)")
            }
            if followup.wake == .never, !order.state.isFinal {
                #expect(order.progress.reason != nil, "\(situation) rests without a reason after \(event)")
                #expect(order.progress.explanation != nil)
            }
        }
    }

    /// The attempt that is sent is the one that was committed: what is stored and what is done next name the same.
    @Test func anIntentIsStoredBeforeItIsCarriedOut() throws {
        let order = try stored(.tableAssigned(Self.right, baseline: Self.baseline), Sample.order()).order
        #expect(
            order.progress.placement
                == WriteIntent(attemptId: Self.fresh, number: 1, phase: .intended, gateway: Sample.route().gateway)
        )
        let next = Journey().next(for: order, on: Sample.route(), isFresh: true)
        #expect(next?.attemptId == Self.fresh)
    }

    @Test func readingEndsAfterItsTries() throws {
        var order = Situation.unanswered.order
        for _ in 0..<Journey().pauses.mostChecks {
            let next = try stored(.placementChecked(Self.unknownYet, afterRefusal: false), order).order
            #expect(next.state == .tableAssigned)
            order = next
        }
        let last = try stored(.placementChecked(Self.unknownYet, afterRefusal: false), order).order
        #expect(last.state == .unclear)
    }

    /// An order that fails three times on a register that serves others leaves the queue.
    @Test func threePlacementsProvenAbsentAreEnough() throws {
        var order = Situation.unanswered.order
        order.progress.placement?.number = Journey().pauses.mostPlacements
        let (refused, followup) = try stored(
            .placementChecked(Self.absent, afterRefusal: false),
            order,
            on: Sample.route()
        )
        #expect(refused.state == .refused)
        #expect(refused.progress.reason == "register_fails_on_this_order")
        #expect(followup.wake == .now)
        #expect(Journey().next(for: refused, on: Sample.route(), isFresh: true) == .releaseTable)
    }

    /// What was read on the order's table is stored while the table is still the order's: its next bill is another's.
    @Test func whatABillProvedIsStoredBeforeTheTableIsGivenBack() throws {
        let proofs: [(Situation, Event, OrderState, OrderState)] = [
            (.refusedUnread, .placementChecked(Self.absent, afterRefusal: true), .refused, .refused),
            (.paymentUnanswered, .paymentChecked(Self.done), .settled, .delivered),
        ]
        for (situation, proof, state, end) in proofs {
            let (proven, followup) = try stored(proof, situation.order)
            #expect(proven.state == state)
            #expect(proven.progress.lease == situation.order.progress.lease)
            #expect(followup.letGo == nil)
            for answer in [Event.serviceFailed(detail: "Away."), .tableReleased] {
                let next = try stored(answer, proven).order
                #expect(next.state == (answer == .tableReleased ? end : state))
                #expect(next.hasTableToGiveBack == (answer != .tableReleased))
            }
        }
    }

    /// A register that is off is not the order's failing.
    @Test func parkingDoesNotCountAsAPlacement() throws {
        var order = Sample.order()
        for _ in 1...4 {
            let assigned = try stored(.tableAssigned(Self.right, baseline: Self.baseline), order).order
            #expect(assigned.progress.placement?.number == 1)
            let off = Event.placement(Self.report(.notSent, reason: "register_unreachable"))
            let parked = try stored(off, assigned).order
            order = parked
            order.state = .accepted
        }
        #expect(order.progress.parkings == 4)
    }

    @Test func aRefusedPaymentIsReadAndDecidedAgainTwice() throws {
        var order = Situation.billRead.order
        var states: [OrderState] = []
        for _ in 0..<6 {
            let event: Event =
                order.state == .billRead ? .payment(Self.report(.refused)) : Self.read(Self.bill(Self.lines))
            let next = try stored(event, order).order
            states.append(next.state)
            order = next
        }
        #expect(states == [.placed, .billRead, .placed, .billRead, .placed, .placedUnsettled])
        #expect(order.progress.reason == "settlement_refused")
        #expect(order.progress.registerMessage == "Its words.")
    }

    /// I4: the register refused the deposit, and took it all the same.
    @Test func aDepositThatIsOnTheBillIsNotPostedAgain() throws {
        var order = Situation.placed.order
        let before = Self.bill(Self.lines + [BillLine(plu: "50", name: "Wine", quantity: 1, unitPriceCents: 900)])
        order.progress.payment = PaymentIntent(
            write: WriteIntent(attemptId: Self.old, number: 1, phase: .intended),
            kind: .deposit,
            amountCents: 1000,
            tipCents: 0,
            bill: before,
            refusals: 1
        )
        var after = before
        after.deposits = [BillDeposit(amountCents: 1000, paymentType: 9)]
        after.openCents -= 1000
        let settled = try stored(Self.read(after), order).order
        #expect(settled.state == .settled)
        #expect(Journey().next(for: settled, on: Sample.route(), isFresh: true) == .releaseTable)
    }

    /// Announced once, tried at growing intervals, and left to people in the end.
    @Test func settlingIsTriedAFewTimesAndAnnouncedOnce() throws {
        var order = Situation.billRead.order
        var alerts = 0
        var rounds = 0
        while rounds < 50 {
            let missing = Event.payment(Self.report(.notSent, reason: "payment_type_missing"))
            let (unsettled, followup) = try stored(missing, order, on: Sample.route())
            alerts += followup.alert == nil ? 0 : 1
            rounds += 1
            if followup.wake == .never { break }
            let ready = try stored(Self.read(Self.bill(Self.lines)), unsettled).order
            order = ready
        }
        #expect(alerts == 1)
        #expect(rounds == Journey().pauses.mostUnsettledTries + 1)
    }

    /// Rule K35: the tip goes with the payment where the register knows tips, and nowhere else.
    @Test(arguments: [(true, 150), (false, 0)])
    func theTipGoesWithThePayment(tips: Bool, sent: Cents) throws {
        var order = Situation.placed.order
        order = Order(
            id: order.id,
            content: Sample.content(tipCents: 150, totalCents: 1150),
            acceptedAt: order.acceptedAt,
            state: order.state,
            progress: order.progress
        )
        let (next, followup) = try stored(Self.read(Self.bill(Self.lines)), order, on: Sample.route(tips: tips))
        #expect(next.progress.payment?.amountCents == 1000)
        #expect(next.progress.payment?.tipCents == sent)
        #expect(followup.alert == nil)
    }

    /// Rule K33.
    @Test func aDifferentTotalIsAnnouncedWithItsLines() throws {
        var dearer = Self.lines
        dearer[1].unitPriceCents = 350
        let (next, followup) = try stored(Self.read(Self.bill(dearer)), Situation.placed.order)
        #expect(next.progress.payment?.amountCents == 950)
        #expect(next.progress.surplusCents == 50)
        let alert = try #require(followup.alert)
        #expect(alert.reason == "bill_differs")
        #expect(alert.message.contains("€ 9.50"))
        #expect(alert.message.contains("€ 10.00"))
        #expect(alert.differences.map(\.plu) == ["12"])
    }

    /// Guests are nobody's business in logs: neither a stored bill nor an alert carries them.
    @Test func billsAreKeptWithoutTheirText() throws {
        let guests = Bill(tableNumber: 900, text: "Online #7 Grace Hopper +3247", openCents: 100, lines: Self.lines)
        let table = TableRight(number: 900, fencingToken: 5, mode: .named)
        let order = try stored(.tableAssigned(table, baseline: guests), Sample.order()).order
        #expect(order.progress.baseline?.text == "")
    }

    @Test(arguments: [(0, "€ 0.00"), (5, "€ 0.05"), (1250, "€ 12.50"), (-5, "€ -0.05"), (-1250, "€ -12.50")])
    func amountsReadAsMoney(cents: Cents, text: String) {
        #expect(cents.euros == text)
    }
}

extension Event {
    fileprivate var tellsOfAPlacement: Bool {
        switch self {
        case .placement, .placementLookedUp, .placementChecked: true
        default: false
        }
    }
}
