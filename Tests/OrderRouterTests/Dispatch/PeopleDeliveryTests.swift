import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import OrderRouter

/// What people do while workers run: feeds are followed, lanes run, gateway and allocator are asked over HTTP.
@Suite(.timeLimit(.minutes(5))) struct PeopleDeliveryTests {
    private static let actor = "anna@upvendo"

    /// Runs the body with a connected location and a process that works for it.
    private func with(
        waiters: Int = 100,
        timing: OrderTiming = OrderTiming(),
        _ body: @escaping @Sendable (RouterBed, FakeServices, RouterProcess) async throws -> Void
    ) async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                try await bed.connect()
                let process = RouterProcess(bed, client, waiters: waiters, timing: timing)
                try await process.run { try await body(bed, services, process) }
            }
        }
    }

    private func unclear(_ bed: RouterBed, _ services: FakeServices, _ process: RouterProcess) async throws -> UUID {
        // It was sent under a lease, and nobody can say what became of it.
        let id = UUIDv7.next()
        var content = Sample.content(transaction: "u-1", number: "77")
        // A worker that looks for ready orders now leaves it alone.
        content.pickupAt = Date().addingTimeInterval(7200)
        _ = try await process.service.orders.submit(content, id: id)
        try await bed.put(id, in: .unclear) {
            $0.tableNumber = 950
            $0.lease = TableRight(number: 950, fencingToken: 950, mode: .virtual)
            $0.baseline = Bill(tableNumber: 950)
            $0.placement = WriteIntent(attemptId: UUID(), number: 1, phase: .unanswered)
            $0.resume = .tableAssigned
            $0.reason = "placement_in_doubt"
        }
        services.change { $0.leases[id] = 950 }
        return id
    }

    private func look(_ id: UUID, _ process: RouterProcess) async throws -> ResolveOrderResponse {
        try await process.service.resolveOrder(
            ResolveOrderRequest(merchantId: Sample.merchant, orderId: id),
            RouterProcess.context()
        )
    }

    private func decide(
        _ decision: OrderDecision,
        _ seen: ResolveOrderResponse,
        _ process: RouterProcess
    ) async throws -> OrderView {
        let request = ResolveOrderRequest(
            merchantId: Sample.merchant,
            orderId: seen.order.orderId,
            decision: decision,
            actor: Self.actor,
            note: "Looked at the register.",
            revision: seen.order.revision
        )
        return try await process.service.resolveOrder(request, RouterProcess.context()).order
    }

    // MARK: - Resolving

    @Test func lookingShowsTheBillBesideWhatWasExpectedAndChangesNothing() async throws {
        try await with { bed, services, process in
            let id = try await unclear(bed, services, process)
            let seen = try await look(id, process)
            #expect(seen.decisions == [.settle, .deliveredByHand, .resend, .giveUp].map { Open($0) })
            #expect(seen.expected?.lines.map(\.plu) == ["11", "12"])
            #expect(seen.expected?.payableCents == 1000)
            #expect(seen.bill == Bill(tableNumber: 950))
            #expect(seen.comparison?.ours == Open(.absent))
            #expect(try await look(id, process).order.revision == seen.order.revision)
            #expect(try await bed.orders.steps(of: id).isEmpty)
        }
    }

    @Test func anOrderThatIsNotThereIsSentAgainWithATableOfItsOwn() async throws {
        try await with { bed, services, process in
            let id = try await unclear(bed, services, process)
            let seen = try await look(id, process)
            _ = try await decide(.resend, seen, process)
            let delivered = try await process.order(id, in: .delivered)
            #expect(delivered.state == Open(.delivered))
            #expect(services.ledger.placed.values.map { $0 } == [1])
            #expect(services.ledger.leases[id] == nil)
            let steps = try await bed.orders.steps(of: id)
            #expect(steps.first?.action == "decide_resend")
            #expect(steps.first?.actor == Self.actor)
            #expect(steps.first?.note == "Looked at the register.")
            #expect(steps.dropFirst().first?.action == "release_table")
            // Whoever saw the order as it was then decides nothing any more.
            let late = await #expect(throws: RoutingError.self) { try await decide(.giveUp, seen, process) }
            #expect(late?.reason == "order_moved_on")
            #expect(late?.rpcError.code == .aborted)
        }
    }

    /// The table comes back however long the allocator is away.
    @Test(arguments: [OrderDecision.giveUp, .deliveredByHand])
    func aTableIsGivenBackWhenTheAllocatorIsBack(decision: OrderDecision) async throws {
        try await with { bed, services, process in
            let id = try await unclear(bed, services, process)
            services.change { $0.isAllocatorAway = true }
            let decided = try await decide(decision, try await look(id, process), process)
            #expect(decided.state == Open(decision == .giveUp ? .refused : .settled))
            try await until("a try to give it back") {
                try await bed.orders.steps(of: id).contains { $0.action == "release_table" }
            }
            #expect(services.ledger.leases[id] == 950, "the allocator is away")
            services.change { $0.isAllocatorAway = false }
            try await until("the table's release") { services.ledger.leases[id] == nil }
            let end = try await process.order(id, in: .refused, .delivered)
            #expect(end.state == Open(decision == .giveUp ? .refused : .delivered))
            #expect(services.ledger.placed.isEmpty)
            #expect(services.ledger.settled.isEmpty)
        }
    }

    @Test func aDecisionNeedsAnActorAndTheRevisionThatWasSeen() async throws {
        try await with { bed, services, process in
            let id = try await unclear(bed, services, process)
            var request = ResolveOrderRequest(merchantId: Sample.merchant, orderId: id, decision: .giveUp)
            request.actor = " "
            let error = await #expect(throws: RPCError.self) {
                try await process.service.resolveOrder(request, RouterProcess.context())
            }
            #expect(error?.fields.map(\.field) == ["actor", "revision"])
            request.merchantId = MerchantID(unchecked: "m2")
            await #expect(throws: RoutingError.unknownOrder) {
                try await process.service.resolveOrder(request, RouterProcess.context())
            }
            #expect(try await bed.state(id) == .unclear)
        }
    }

    // MARK: - Cancelling

    /// Cancelling and sending race; whatever wins, no order is both cancelled and on the register.
    @Test func aCancelledOrderIsNeverOnTheRegister() async throws {
        try await with { bed, services, process in
            var outcomes: [String: Int] = [:]
            for number in 0..<40 {
                // Every tenth waits for its time, so that some are cancelled however the machine's turns fall.
                let pickup = number % 10 == 0 ? Date().addingTimeInterval(7200) : nil
                let id = try await process.submit(number, pickupAt: pickup)
                for _ in 0..<(number * 7 % 60) { await Task.yield() }
                if number % 3 == 0 { try await Task.sleep(for: .milliseconds(number)) }
                do {
                    let cancelled = try await process.cancel(id)
                    #expect(cancelled.state == Open(.cancelled))
                    outcomes["cancelled", default: 0] += 1
                } catch let error as RoutingError {
                    #expect(error.reason == "already_sent")
                    outcomes["sent", default: 0] += 1
                    #expect(try await process.order(id, in: .delivered).state == Open(.delivered))
                }
                let stored = try #require(try await bed.orders.find(Sample.merchant, order: id))
                let placed = services.ledger.placed[stored.order.mark] ?? 0
                #expect(placed == (stored.order.state == .cancelled ? 0 : 1))
                try await until("the table's release") { services.ledger.leases[id] == nil }
            }
            #expect(outcomes["cancelled"] ?? 0 > 0, "\(outcomes)")
        }
    }

    /// The hard race: the write is on its way at the moment somebody cancels.
    @Test func anOrderThatIsBeingSentIsNotCancelled() async throws {
        try await with { bed, services, process in
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            services.holdPlacements(until: gate)
            let id = try await process.submit(1)
            for await _ in services.arrivals { break }
            let pending = await #expect(throws: RoutingError.self) {
                try await process.cancel(id, timeout: .seconds(4))
            }
            #expect(pending?.reason == "cancel_pending")
            let second = Task { try await process.cancel(id) }
            opening.finish()
            let error = await #expect(throws: RoutingError.self) { try await second.value }
            #expect(error?.reason == "already_sent")
            #expect(try await process.order(id, in: .delivered).state == Open(.delivered))
            #expect(Array(services.ledger.placed.values) == [1])
        }
    }

    @Test func cancellingTwiceIsSuccess() async throws {
        try await with { bed, services, process in
            let id = try await process.submit(1, pickupAt: Date().addingTimeInterval(7200))
            #expect(try await process.cancel(id).state == Open(.cancelled))
            #expect(try await process.cancel(id).state == Open(.cancelled))
            let steps = try await bed.orders.steps(of: id).filter { $0.action == "cancel_order" }
            #expect(steps.map(\.note) == ["The guest left."])
            #expect(services.ledger.placed.isEmpty)
        }
    }

    // MARK: - Retrying, pausing, waiting

    /// Rule P2.
    @Test func aRefusedOrderAndAFilteredSetAreSentAgain() async throws {
        try await with { bed, services, process in
            var ids: [UUID] = []
            for number in 0..<5 {
                let id = try await process.submit(number, pickupAt: Date().addingTimeInterval(7200))
                try await bed.put(id, in: number == 4 ? .unclear : .refused) { $0.reason = "refused_by_register" }
                ids.append(id)
            }
            let one = RetryOrderRequest(merchantId: Sample.merchant, orderId: ids[0], actor: Self.actor)
            #expect(try await process.service.retryOrder(one, RouterProcess.context()).order.state == Open(.accepted))
            #expect(try await process.order(ids[0], in: .delivered).state == Open(.delivered))

            var set = RetryOrdersRequest(
                merchantId: MerchantID(unchecked: "m2"),
                states: [.refused],
                pageSize: 2,
                actor: Self.actor
            )
            #expect(try await process.service.retryOrders(set, RouterProcess.context()).retried.isEmpty)
            set.merchantId = Sample.merchant
            var retried: [UUID] = []
            repeat {
                let page = try await process.service.retryOrders(set, RouterProcess.context())
                retried += page.retried
                set.cursor = page.nextCursor
            } while set.cursor != nil
            #expect(Set(retried) == Set(ids[1...3]))
            for id in ids[1...3] {
                #expect(try await process.order(id, in: .delivered).state == Open(.delivered))
                #expect(try await bed.orders.steps(of: id).first?.actor == Self.actor)
            }
            #expect(try await bed.state(ids[4]) == .unclear)
            set.states = [Open(.unclear)]
            await #expect(throws: RPCError.self) { try await process.service.retryOrders(set, RouterProcess.context()) }
            #expect(services.ledger.placed.values.allSatisfy { $0 == 1 })
        }
    }

    @Test func aPausedLocationTakesOrdersInAndSendsThemWhenItIsResumed() async throws {
        try await with { bed, services, process in
            let key = Sample.key
            let pause = PauseLocationRequest(
                merchantId: key.merchantID,
                locationId: key.locationID,
                actor: Self.actor,
                reason: "The kitchen is full."
            )
            _ = try await process.service.pauseLocation(pause, RouterProcess.context())
            let ids = [try await process.submit(1), try await process.submit(2)]
            for id in ids {
                let held = try await process.order(id, in: .waiting)
                #expect(held.reason == "location_paused")
                let retry = RetryOrderRequest(merchantId: Sample.merchant, orderId: id, actor: Self.actor)
                await #expect(throws: RoutingError.locationPaused) {
                    try await process.service.retryOrder(retry, RouterProcess.context())
                }
            }
            let location = LocationRequest(merchantId: key.merchantID, locationId: key.locationID)
            let status = try await process.service.getLocationStatus(location, RouterProcess.context())
            #expect(status.connected)
            #expect(!status.isSending)
            #expect(status.paused?.actor == Self.actor)
            #expect(status.backlog == [BacklogEntry(state: .waiting, orders: 2)])
            #expect(services.ledger.placed.isEmpty)
            let resume = ResumeLocationRequest(
                merchantId: key.merchantID,
                locationId: key.locationID,
                actor: Self.actor
            )
            #expect(try await process.service.resumeLocation(resume, RouterProcess.context()).resumed == 2)
            for id in ids { #expect(try await process.order(id, in: .delivered).state == Open(.delivered)) }
            #expect(services.ledger.sequence.count == 2)
            try await until("word from the gateway") {
                try await process.service.getLocationStatus(location, RouterProcess.context()).heardAt != nil
            }
        }
    }

    @Test func aWaitEndsWithItsDeadlineAndShowsTheOrderAsItIs() async throws {
        try await with { bed, services, process in
            let id = try await process.submit(1, pickupAt: Date().addingTimeInterval(7200))
            let start = ContinuousClock.now
            let view = try await process.order(id, in: .delivered, timeout: .seconds(4))
            #expect(view.state == Open(.waiting))
            #expect(view.reason == "scheduled")
            #expect(view.nextAttemptAt != nil)
            #expect(start.duration(to: .now) > .milliseconds(500))
            #expect(process.watch.count == 0)
        }
    }

    /// The slow poll: no step of this process wakes the call.
    @Test func aWaitHearsOfWhatAnotherProcessDid() async throws {
        try await with { bed, services, process in
            let id = try await process.submit(1, pickupAt: Date().addingTimeInterval(7200))
            async let waited = process.order(id, in: .delivered)
            try await until("a waiter") { process.watch.count == 1 }
            try await bed.pool.execute(
                "UPDATE orders SET state = 'delivered', updated_at = now(), run_at = NULL WHERE order_id = \(id)"
            )
            #expect(try await waited.state == Open(.delivered))
        }
    }

    @Test func noMoreWaitThanThereIsRoomFor() async throws {
        try await with(waiters: 2) { bed, services, process in
            let id = try await process.submit(1, pickupAt: Date().addingTimeInterval(7200))
            async let first = process.order(id, in: .delivered)
            async let second = process.order(id, in: .delivered)
            try await until("two waiters") { process.watch.count == 2 }
            let error = await #expect(throws: RoutingError.self) { try await process.order(id, in: .delivered) }
            #expect(error?.rpcError.code == .resourceExhausted)
            // Without waiting it is answered all the same.
            let plain = GetOrderRequest(merchantId: Sample.merchant, orderId: id)
            #expect(try await process.service.getOrder(plain, RouterProcess.context()).order.state == Open(.waiting))
            _ = try await process.cancel(id)
            #expect(try await first.state == Open(.cancelled), "a final state ends every wait")
            _ = try await second
            #expect(process.watch.count == 0)
        }
    }

    @Test func anExpiredOrderGivesItsTableBackAndSaysRefund() async throws {
        try await with(timing: OrderTiming(expireAfter: .milliseconds(300))) { bed, services, process in
            services.change { $0.isAllocatorAway = false }
            try await bed.routes.apply(Sample.connection(version: 2, status: .disconnected), gateway: "kassanet")
            let id = try await process.submit(1)
            let view = try await process.order(id, in: .expired)
            #expect(view.reason == "waited_too_long")
            #expect(view.explanation?.contains("Refund") == true)
            try await until("the alert") { services.ledger.activities.contains { $0.contains("Refund the guest") } }
            #expect(services.ledger.placed.isEmpty)
        }
    }

    // MARK: - Attempts

    @Test func everyWriteIsShownAndAGatewayThatIsAwayFailsNothing() async throws {
        try await with { bed, services, process in
            let id = try await process.submit(1)
            _ = try await process.order(id, in: .delivered)
            let request = GetOrderRequest(merchantId: Sample.merchant, orderId: id)
            let shown = try await process.service.getOrder(request, RouterProcess.context())
            #expect(shown.attempts?.count == 2)
            #expect(shown.attempts?.first?.explanation == "The register took it.")
            #expect(shown.attemptsProblem == nil)
            services.change { $0.isGatewayAway = true }
            let alone = try await process.service.getOrder(request, RouterProcess.context())
            #expect(alone.attempts == nil)
            #expect(alone.attemptsProblem?.isEmpty == false)
            #expect(alone.order == shown.order)
        }
    }
}
