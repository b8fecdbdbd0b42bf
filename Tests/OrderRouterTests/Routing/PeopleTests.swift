import Contracts
import Foundation
import RPC
import Testing

@testable import OrderRouter

/// What a person's word makes of an order, and what a worker then does for it.
@Suite struct PeopleTests {
    private static let lease = TableRight(number: 900, fencingToken: 5, mode: .virtual)
    private static let attempt = UUID()

    private static func intent(_ phase: WriteIntent.Phase, number: Int = 1) -> WriteIntent {
        WriteIntent(attemptId: attempt, number: number, phase: phase)
    }

    private static func placing(_ phase: WriteIntent.Phase, number: Int = 1) -> Order {
        Sample.order(.tableAssigned) {
            $0.tableNumber = 900
            $0.lease = lease
            $0.baseline = Bill(tableNumber: 900)
            $0.placement = intent(phase, number: number)
        }
    }

    private static func unclear(from state: OrderState, paying: Bool = false) -> Order {
        var order = placing(.unanswered)
        order.state = .unclear
        order.progress.resume = state
        if paying {
            order.progress.payment = PaymentIntent(
                write: intent(.unanswered),
                kind: .deposit,
                amountCents: 1000,
                tipCents: 0,
                bill: Bill(tableNumber: 900),
                refusals: 0
            )
        }
        return order
    }

    // MARK: - Cancelling

    @Test(arguments: [OrderState.accepted, .waiting, .parked])
    func whatWasNotSentIsCancelledAndGivesItsTableBack(state: OrderState) throws {
        let change = try Sample.order(state).cancelledByPerson("anna")
        #expect(change.order.state == .cancelled)
        #expect(change.order.progress.reason == "cancelled")
        #expect(Journey().next(for: change.order, on: Sample.route(), isFresh: false) == .releaseTable)
        let decision = Journey().decide(.tableReleased, for: change.order, on: Sample.route())
        guard case .store(let free, let followup) = decision else { Issue.record("Nothing is stored."); return }
        #expect(free.state == .cancelled)
        #expect(!free.hasTableToGiveBack)
        #expect(followup.wake == .never)
        #expect(Journey().next(for: free, on: Sample.route(), isFresh: true) == nil)
    }

    /// The gateway decides whether an intended write was sent.
    @Test func anIntendedWriteIsAskedForBeforeItIsCancelled() throws {
        let asked = try Self.placing(.intended).cancelledByPerson("anna").order
        #expect(asked.state == .tableAssigned)
        #expect(Journey().next(for: asked, on: Sample.route(), isFresh: false)?.name == "look_up_attempt")

        let barred = AttemptReport(attemptId: Self.attempt, outcome: .notSent, reason: "never_received")
        guard case .store(let over, _) = Journey().decide(.placementLookedUp(barred), for: asked, on: Sample.route())
        else { Issue.record("Nothing is stored."); return }
        #expect(over.state == .cancelled)
        #expect(over.progress.lease == Self.lease, "a worker releases it")

        for outcome in [AttemptOutcome.done, .noAnswer] {
            let sent = AttemptReport(attemptId: Self.attempt, outcome: outcome)
            guard case .store(let on, _) = Journey().decide(.placementLookedUp(sent), for: asked, on: Sample.route())
            else { Issue.record("Nothing is stored."); return }
            #expect(on.state == (outcome == .done ? .placed : .tableAssigned))
            #expect(on.progress.cancel == nil, "the wish is over")
        }
        // Left to a person, who says otherwise: the wish does not come back with the next placement.
        let unclear = Self.end(of: asked, after: .callRefused(detail: "No.", wasWrite: false))
        #expect(unclear.state == .unclear)
        #expect(try unclear.resolvedByPerson(.resend, "ben").order.progress.cancel == nil)
        let sending = AttemptReport(attemptId: Self.attempt, outcome: .inProgress)
        guard case .store(let still, _) = Journey().decide(.placementLookedUp(sending), for: asked, on: Sample.route())
        else { Issue.record("Nothing is stored."); return }
        #expect(still.progress.cancel != nil, "it is not known yet")
    }

    @Test func whatMayBeOnTheRegisterIsNotCancelled() {
        for order in [Self.placing(.unanswered), Self.placing(.refused), Self.placing(.intended, number: 2)] {
            #expect(throws: RoutingError.alreadySent(.tableAssigned)) { try order.cancelledByPerson("anna") }
        }
        for state in [OrderState.placed, .billRead, .settled, .delivered, .unclear, .placedUnsettled] {
            #expect(throws: RoutingError.alreadySent(state)) { try Sample.order(state).cancelledByPerson("anna") }
        }
        let parked = Sample.order(.parked) { $0.resume = .placed }
        #expect(throws: RoutingError.alreadySent(.parked)) { try parked.cancelledByPerson("anna") }
        for state in [OrderState.refused, .cancelled, .expired] {
            #expect(throws: RoutingError.orderEnded(state)) { try Sample.order(state).cancelledByPerson("anna") }
        }
    }

    // MARK: - Trying again

    @Test func aRetryGoesOnWhereTheOrderRests() throws {
        let parked = try Sample.order(.parked) {
            $0.resume = .placed
            $0.failures = 3
        }.retriedByPerson()
        #expect(parked.order.state == .placed)
        #expect(parked.order.progress.failures == nil)
        #expect(try Sample.order(.waiting).retriedByPerson().order.state == .waiting)
        #expect(try Sample.order(.placedUnsettled).retriedByPerson().order.state == .placedUnsettled)
        #expect(throws: RoutingError.needsDecision) { try Sample.order(.unclear).retriedByPerson() }
        for state in [OrderState.delivered, .cancelled, .expired] {
            #expect(throws: RoutingError.orderEnded(state)) { try Sample.order(state).retriedByPerson() }
        }
        for state in [OrderState.accepted, .tableAssigned, .placed, .billRead, .settled] {
            #expect(throws: RoutingError.orderUnderWay(state)) { try Sample.order(state).retriedByPerson() }
        }
    }

    /// A fresh placement has its three attempts again, and yet remembers that its lines may stand there twice.
    @Test func aRefusedOrderIsPlacedFromTheStart() throws {
        let refused = Sample.order(.refused) { $0.placement = Self.intent(.unanswered, number: 3) }
        let again = try refused.retriedByPerson()
        #expect(again.order.state == .accepted)
        #expect(again.startsOver)
        let event = Event.tableAssigned(Self.lease, baseline: Bill(tableNumber: 900))
        guard case .store(var assigned, _) = Journey().decide(event, for: again.order, on: Sample.route()) else {
            Issue.record("Nothing is stored.")
            return
        }
        #expect(assigned.progress.placement?.number == 4)
        assigned.progress.placement?.phase = .unanswered
        let absent = CheckResponse(.absent, evidence: "Not there.")
        let decision = Journey().decide(
            .placementChecked(absent, afterRefusal: false),
            for: assigned,
            on: Sample.route()
        )
        guard case .store(let next, _) = decision else { Issue.record("Nothing is stored."); return }
        #expect(next.state == .tableAssigned, "it is tried again, not refused at once")
    }

    // MARK: - Deciding

    @Test(arguments: [
        (OrderState.tableAssigned, [OrderDecision.settle, .deliveredByHand, .resend, .giveUp]),
        (.placed, [.settle, .deliveredByHand]), (.billRead, [.settle, .deliveredByHand]),
    ])
    func whatMayBeDecidedFollowsFromWhatIsKnown(from: OrderState, decisions: [OrderDecision]) {
        let order = Self.unclear(from: from, paying: from == .billRead)
        #expect(order.possibleDecisions == decisions)
        for decision in OrderDecision.allCases where !decisions.contains(decision) {
            #expect(throws: RoutingError.decisionNotPossible(decision, possible: decisions)) {
                try order.resolvedByPerson(decision, "anna")
            }
        }
    }

    @Test func nobodyDecidesAboutAnOrderThatGoesByItself() {
        for state in OrderState.allCases where state != .unclear && state != .placedUnsettled {
            #expect(Sample.order(state).possibleDecisions.isEmpty)
        }
        let unknownBaseline = Sample.order(.unclear) { $0.resume = .accepted }
        #expect(!unknownBaseline.possibleDecisions.contains(.settle))
    }

    /// I4: a deposit whose answer was lost may be there: seen on the bill, it is not posted again.
    @Test func settlingAfterALostPaymentLooksForTheMoneyFirst() throws {
        let placed = try Self.unclear(from: .billRead, paying: true).resolvedByPerson(.settle, "anna").order
        #expect(placed.state == .placed)
        let lines = Sample.items.map(\.billLine)
        let bill = Bill(
            tableNumber: 900,
            text: "Kiosk #1042 \(placed.mark)",
            openCents: 0,
            lines: lines,
            deposits: [BillDeposit(amountCents: 1000, paymentType: 9)]
        )
        let growth = BillGrowth(of: bill, since: Bill(tableNumber: 900), expecting: lines, mark: placed.mark)
        guard
            case .store(let on, _) = Journey().decide(.billRead(bill, growth), for: placed, on: Sample.route())
        else { Issue.record("It is not settled."); return }
        #expect(on.state == .settled)
        #expect(on.progress.payment?.write.attemptId == Self.attempt, "no other payment was intended")
    }

    @Test func aResentOrderGivesItsOldTableBackFirst() throws {
        let resent = try Self.unclear(from: .tableAssigned).resolvedByPerson(.resend, "anna").order
        #expect(resent.state == .accepted)
        #expect(Journey().next(for: resent, on: Sample.route(), isFresh: false) == .releaseTable)
        guard case .store(let free, let followup) = Journey().decide(.tableReleased, for: resent, on: Sample.route())
        else { Issue.record("Nothing is stored."); return }
        #expect(free.state == .accepted)
        #expect(followup.wake == .now)
        #expect(Journey().next(for: free, on: Sample.route(), isFresh: true)?.name == "assign_table")
    }

    /// The allocator being away does not lose a table, and does not change why the order ended.
    @Test(arguments: [OrderDecision.giveUp, .deliveredByHand])
    func aTableIsGivenBackEvenIfTheAllocatorIsAwayAtFirst(decision: OrderDecision) throws {
        let over = try Self.unclear(from: .tableAssigned).resolvedByPerson(decision, "anna").order
        #expect(Journey().next(for: over, on: Sample.route(status: .disconnected), isFresh: false) == .releaseTable)
        let away = Event.serviceFailed(detail: "It did not answer.")
        guard case .store(let later, let followup) = Journey().decide(away, for: over, on: Sample.route()) else {
            Issue.record("Nothing is stored.")
            return
        }
        #expect(followup.wake == .after(.milliseconds(250)))
        #expect(Journey().next(for: later, on: Sample.route(), isFresh: false) == .releaseTable)
        if decision == .giveUp { #expect(later.progress.reason == "given_up") }
        guard case .store(let free, _) = Journey().decide(.tableReleased, for: later, on: Sample.route()) else {
            Issue.record("Nothing is stored.")
            return
        }
        #expect(free.state == (decision == .giveUp ? .refused : .delivered))
        #expect(free.progress.lease == nil)
    }

    // MARK: - Pausing

    @Test func aPausedLocationSendsNothingAndSettlesWhatIsThere() {
        var route = Sample.route()
        route.isPaused = true
        #expect(Journey().next(for: Sample.order(.accepted), on: route, isFresh: false) == .hold)
        #expect(Journey().next(for: Sample.order(.waiting), on: route, isFresh: false) == .hold)
        #expect(Journey().next(for: Self.placing(.intended), on: route, isFresh: true) == .hold)
        #expect(Journey().next(for: Self.placing(.intended), on: route, isFresh: false)?.name == "look_up_attempt")
        #expect(Journey().next(for: Self.placing(.unanswered), on: route, isFresh: true)?.name == "check_placement")
        let placed = Sample.order(.placed) { $0.lease = Self.lease }
        #expect(Journey().next(for: placed, on: route, isFresh: true) == .readBill)

        guard case .store(let held, let followup) = Journey().decide(.held, for: Self.placing(.intended), on: route)
        else { Issue.record("Nothing is stored."); return }
        #expect(held.state == .waiting)
        #expect(held.progress.reason == "location_paused")
        #expect(held.progress.placement?.number == 0, "what was not sent does not count")
        #expect(followup.letGo == .release(Self.lease))
        #expect(followup.wake == .never)
    }

    // MARK: - What never gets better

    @Test func aRegisterThatCannotBeReadEndsInAStateThatSaysSo() {
        let ends: [(Order, OrderState)] = [
            (Self.placing(.unanswered), .unclear), (Sample.order(.placed) { $0.lease = Self.lease }, .placedUnsettled),
            (Sample.order(.billRead), .unclear),
        ]
        for (first, end) in ends {
            #expect(Self.end(of: first, after: .unreadable(detail: "It refused to be read.")).state == end)
            #expect(Self.end(of: first, after: .callRefused(detail: "No.", wasWrite: false)).state == end)
        }
        let waiting = Self.end(of: Sample.order(.accepted), after: .unreadable(detail: "Busy."), rounds: 1)
        #expect(waiting.state == .waiting)
        #expect(waiting.progress.reason == "register_unreadable")
        #expect(waiting.hasTableToGiveBack)
    }

    @Test func anOrderThatNobodyTakesIsRefusedBeforeAnythingIsSent() {
        let refused = Self.end(of: Sample.order(.accepted), after: .callRefused(detail: "No.", wasWrite: false))
        #expect(refused.state == .refused)
        #expect(refused.progress.reason == "call_refused")
        // A write that the gateway will not have is looked up, which bars it, before the order is refused.
        var order = Self.placing(.intended)
        for _ in 0..<20 where order.state == .tableAssigned {
            order = Self.stored(.callRefused(detail: "No.", wasWrite: true), order)
            #expect(order.state == .tableAssigned)
            let id = order.progress.placement?.attemptId ?? UUID()
            order = Self.stored(
                .placementLookedUp(AttemptReport(attemptId: id, outcome: .notSent, reason: "never_received")),
                order
            )
        }
        #expect(order.state == .refused)
        #expect(order.hasTableToGiveBack)
    }

    private static func end(of first: Order, after event: Event, rounds: Int = 12) -> Order {
        (0..<rounds).reduce(first) { order, _ in order.state == first.state ? stored(event, order) : order }
    }

    private static func stored(_ event: Event, _ order: Order) -> Order {
        guard case .store(let next, _) = Journey().decide(event, for: order, on: Sample.route()) else { return order }
        return next
    }

    /// Only what the order itself found out counts against it.
    @Test func aFailureCountsOnlyWhereTheRegisterWasThoughtToBeThere() {
        let away = Event.obstacle(.unreachable, detail: nil)
        let known = Journey().decide(away, for: Sample.order(), on: Sample.route(status: .disconnected))
        let own = Journey().decide(away, for: Sample.order(), on: Sample.route())
        guard case .store(let first, _) = known, case .store(let second, _) = own else {
            Issue.record("Nothing is stored.")
            return
        }
        #expect(first.progress.failures == nil)
        #expect(second.progress.failures == 1)
    }
}
