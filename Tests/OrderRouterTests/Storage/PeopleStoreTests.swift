import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

/// What people do, as the database decides it.
@Suite(.timeLimit(.minutes(5))) struct PeopleStoreTests {
    private static let stranger = MerchantID(unchecked: "m2")

    private func find(_ id: UUID, in bed: RouterBed) async throws -> StoredOrder {
        try #require(try await bed.orders.find(Sample.merchant, order: id))
    }

    // MARK: - One order

    /// Two people who look at the same order do not both decide.
    @Test func ofManyDecisionsAtOnceOneHolds() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            try await bed.put(id, in: .unclear) { $0.resume = .tableAssigned }
            let seen = try await find(id, in: bed)
            let changes = try [OrderDecision.resend, .giveUp, .deliveredByHand].map {
                try seen.order.resolvedByPerson($0, "anna")
            }
            let stored = try await withThrowingTaskGroup(of: Bool.self) { group in
                for round in 0..<12 {
                    group.addTask {
                        try await bed.orders.store(changes[round % 3], after: seen, actor: "p\(round)", note: nil)
                            != nil
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(stored == 1)
            let steps = try await bed.orders.steps(of: id)
            #expect(steps.count == 1)
            #expect(steps[0].actor?.hasPrefix("p") == true)
            #expect(try await find(id, in: bed).revision > seen.revision)
        }
    }

    /// A worker that has the order in hand stores nothing over a person's word, and neither does a person over a worker's.
    @Test func aPersonAndAWorkerDoNotOverwriteEachOther() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let seen = try await find(id, in: bed)
            let claim = try #require(try await bed.lanes.claim(Sample.key))
            let cancel = try seen.order.cancelledByPerson("anna")
            let cancelled = try await bed.orders.store(cancel, after: seen, actor: "anna", note: "Gone.")
            #expect(cancelled?.order.state == .cancelled)
            let change = OrderChange(claim.order, to: .tableAssigned, wake: .now)
            #expect(try await !bed.lanes.record(change, generation: claim.generation))
            #expect(try await bed.state(id) == .cancelled)
            // Its table is still to be given back: the worker gets it next.
            let next = try #require(try await bed.lanes.next(Sample.key, generation: claim.generation))
            #expect(next.order.state == .cancelled)
            #expect(next.order.hasTableToGiveBack)

            let other = try await bed.submit(2)
            let before = try await find(other, in: bed)
            let taken = try #require(try await bed.lanes.next(Sample.key, generation: claim.generation))
            _ = taken
            let busy = OrderChange(before.order, to: .tableAssigned, wake: .now)
            try await bed.pool.execute("UPDATE orders SET generation = \(claim.generation) WHERE order_id = \(other)")
            #expect(try await bed.lanes.record(busy, generation: claim.generation))
            let late = try before.order.cancelledByPerson("anna")
            #expect(try await bed.orders.store(late, after: before, actor: "anna", note: nil) == nil)
            #expect(try await bed.state(other) == .tableAssigned)
        }
    }

    /// I8.
    @Test func anotherMerchantsOrderIsNotMoved() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let seen = try await find(id, in: bed)
            var content = seen.order.content
            content.merchantId = Self.stranger
            let theirs = Order(
                id: id,
                content: content,
                acceptedAt: seen.order.acceptedAt,
                state: seen.order.state,
                progress: seen.order.progress
            )
            let change = try theirs.cancelledByPerson("mallory")
            #expect(try await bed.orders.store(change, after: seen, actor: "mallory", note: nil) == nil)
            #expect(try await bed.state(id) == .accepted)
            #expect(try await bed.orders.steps(of: id).isEmpty)
            #expect(try await bed.orders.revisions([(Self.stranger, id)]).isEmpty)
            #expect(try await bed.orders.revisions([(Sample.merchant, id)]) == [id: seen.revision])
        }
    }

    // MARK: - Schedules and expiry

    @Test func anOrderForLaterWaitsUntilItsLeadTime() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var content = Sample.content()
            content.pickupAt = Date().addingTimeInterval(4 * 3600)
            let id = UUIDv7.next()
            _ = try await bed.orders.submit(content, id: id)
            let stored = try await find(id, in: bed)
            #expect(stored.order.state == .waiting)
            #expect(stored.order.progress.reason == "scheduled")
            let due = try #require(stored.nextAttemptAt)
            #expect(abs(due.timeIntervalSinceNow - 3.5 * 3600) < 60)
            #expect(try await bed.lanes.claim(Sample.key) == nil)
            // A table that becomes free is none of its business.
            let other = try await bed.submit(2)
            let claim = try #require(try await bed.lanes.claim(Sample.key))
            #expect(claim.order.id == other)
            let delivered = OrderChange(claim.order, to: .delivered, freesTable: true)
            #expect(try await bed.lanes.record(delivered, generation: claim.generation))
            #expect(try await find(id, in: bed).nextAttemptAt == due)
            // A person sends it now.
            let retry = try stored.order.retriedByPerson()
            #expect(try await bed.orders.store(retry, after: stored, actor: "anna", note: nil) != nil)
            #expect(try await bed.isDue(id))
        }
    }

    @Test func aPickupThatIsNearGoesAtOnce() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var content = Sample.content()
            content.pickupAt = Date().addingTimeInterval(20 * 60)
            let id = UUIDv7.next()
            _ = try await bed.orders.submit(content, id: id)
            #expect(try await bed.state(id) == .accepted)
        }
    }

    @Test func onlyWhatWasNeverSentExpires() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var orders: [OrderState: UUID] = [:]
            for (number, state) in OrderState.allCases.enumerated() {
                let id = try await bed.submit(number)
                try await bed.put(id, in: state)
                orders[state] = id
            }
            let sent = try await bed.submit(50)
            try await bed.park(sent, resume: .placed)
            let young = try await bed.submit(51)
            try await bed.pool.execute(
                "UPDATE orders SET expires_at = now() - interval '1 s' WHERE order_id <> \(young)"
            )
            #expect(try await bed.orders.expire() == [Sample.key])
            for (state, id) in orders {
                let mayExpire = [.accepted, .waiting, .parked].contains(state)
                #expect(try await bed.state(id) == (mayExpire ? .expired : state))
            }
            #expect(try await bed.state(sent) == .parked)
            #expect(try await bed.state(young) == .accepted)
            let expired = try await find(try #require(orders[.waiting]), in: bed)
            #expect(expired.order.progress.reason == "waited_too_long")
            #expect(expired.order.hasTableToGiveBack)
            #expect(try await bed.isDue(expired.order.id), "a worker gives its table back and tells people")
            #expect(try await bed.orders.expire().isEmpty)
        }
    }

    @Test func aScheduledOrderExpiresCountedFromItsPickup() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var content = Sample.content()
            let pickup = Date().addingTimeInterval(48 * 3600)
            content.pickupAt = pickup
            let id = UUIDv7.next()
            _ = try await bed.orders.submit(content, id: id)
            let row = try await bed.pool.queryOne("SELECT expires_at FROM orders WHERE order_id = \(id)")
            let expires = try #require(try row?["expires_at", as: Date.self])
            #expect(abs(expires.timeIntervalSince(pickup) - 24 * 3600) < 1)
        }
    }

    // MARK: - Pauses

    @Test func aPauseIsOneLocationsAndNamesWhoseItIs() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.routes.apply(Sample.connection(merchant: Self.stranger), gateway: "kassanet")
            let first = try #require(try await bed.routes.pause(Sample.key, actor: "anna", reason: "Full."))
            let second = try #require(try await bed.routes.pause(Sample.key, actor: "ben", reason: "Fire."))
            #expect(second == first, "the first pause stands")
            #expect(try await bed.orders.route(Sample.merchant, Sample.location)?.isPaused == true)
            #expect(try await bed.orders.route(Self.stranger, Sample.location)?.isPaused == false)
            let nowhere = LaneKey(merchantID: Self.stranger, locationID: LocationID(unchecked: "nowhere"))
            #expect(try await bed.routes.pause(nowhere, actor: "anna", reason: "Full.") == nil)
            // A feed's news of the connection does not end it.
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.orders.route(Sample.merchant, Sample.location)?.isPaused == true)
        }
    }

    @Test func aResumeMakesReadyWhatWasHeldBackAndNothingElse() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            _ = try await bed.routes.pause(Sample.key, actor: "anna", reason: "Full.")
            let held = try await bed.submit(1)
            try await bed.put(held, in: .waiting) { $0.reason = "location_paused" }
            let scheduled = try await bed.submit(2)
            try await bed.put(scheduled, in: .waiting, dueInSeconds: 3600) { $0.reason = "scheduled" }
            #expect(try await bed.orders.resumeHeld().isEmpty, "it is paused still")
            let resumed = try await bed.routes.resume(Sample.key, actor: "ben", reason: "Room again.")
            #expect(resumed == ResumeLocationResponse(wasPaused: true, resumed: 1))
            #expect(try await bed.isDue(held))
            #expect(try await !bed.isDue(scheduled))
            #expect(try await bed.orders.steps(of: held).map(\.actor) == ["ben"])
            let again = try await bed.routes.resume(Sample.key, actor: "ben", reason: nil)
            #expect(again == ResumeLocationResponse(wasPaused: false, resumed: 0))
            // A worker that read the pause just before its end may store a held order after it.
            try await bed.put(held, in: .waiting) { $0.reason = "location_paused" }
            #expect(try await bed.orders.resumeHeld() == [Sample.key])
            #expect(try await bed.isDue(held))
        }
    }

    /// A worker that has an order in hand loses it before it is placed.
    @Test func aPauseTakesOrdersOutOfHand() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.submit(1)
            let claim = try #require(try await bed.lanes.claim(Sample.key))
            _ = try await bed.routes.pause(Sample.key, actor: "anna", reason: "Full.")
            let change = OrderChange(claim.order, to: .tableAssigned, wake: .now)
            #expect(try await !bed.lanes.record(change, generation: claim.generation))
            let next = try #require(try await bed.lanes.next(Sample.key, generation: claim.generation))
            #expect(next.route.isPaused)
        }
    }

    // MARK: - Requeueing and draining

    @Test func aRequeueLetsAProbeGoAndNamesWhoAsked() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var orders: [UUID] = []
            for number in 0..<3 { orders.append(try await bed.submit(number)) }
            for order in orders { try await bed.park(order) }
            let waiting = try await bed.submit(7)
            try await bed.put(waiting, in: .waiting, dueInSeconds: 3600) { $0.reason = "no_free_table" }
            let scheduled = try await bed.submit(8)
            try await bed.put(scheduled, in: .waiting, dueInSeconds: 3600) { $0.reason = "scheduled" }
            let done = try await bed.routes.requeue(Sample.key, actor: "anna", note: "Looked at it.")
            #expect(done == .done(parked: 3, waiting: 1))
            #expect(try await bed.state(orders[0]) == .accepted)
            #expect(try await bed.state(orders[1]) == .parked)
            #expect(try await bed.isDue(waiting))
            #expect(try await !bed.isDue(scheduled))
            for order in orders { #expect(try await bed.orders.steps(of: order).map(\.actor) == ["anna"]) }
            try await bed.put(orders[0], in: .placed)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await bed.state(orders[2]) == .accepted)
        }
    }

    @Test func nothingIsRequeuedWhereNothingCanBeSent() async throws {
        try await RouterBed.with { bed in
            #expect(try await bed.routes.requeue(Sample.key, actor: "anna", note: nil) == .unknownLocation)
            try await bed.connect()
            let order = try await bed.submit(1)
            try await bed.park(order)
            _ = try await bed.routes.pause(Sample.key, actor: "anna", reason: "Full.")
            #expect(try await bed.routes.requeue(Sample.key, actor: "anna", note: nil) == .paused)
            _ = try await bed.routes.resume(Sample.key, actor: "anna", reason: nil)
            let away = Sample.connection(version: 2, status: .disconnected)
            try await bed.routes.apply(away, gateway: "kassanet")
            #expect(try await bed.routes.requeue(Sample.key, actor: "anna", note: nil) == .obstacle(.unreachable))
            #expect(try await bed.state(order) == .parked)
            #expect(try await bed.orders.steps(of: order).isEmpty)
        }
    }

    @Test func theDrainGoesOnAtABoundedPaceOldestFirst() async throws {
        try await RouterBed.with { bed in
            let routes = RouteStore(pool: bed.pool, drainBatch: 2)
            try await bed.connect()
            var orders: [UUID] = []
            for number in 0..<6 { orders.append(try await bed.submit(number)) }
            for order in orders { try await bed.park(order) }
            try await bed.connect(epoch: 2, version: 2)
            func accepted() async throws -> [Int] {
                var found: [Int] = []
                for (index, order) in orders.enumerated() where try await bed.state(order) == .accepted {
                    found.append(index)
                }
                return found
            }
            #expect(try await routes.drain(Sample.key))
            #expect(try await accepted() == [0])
            try await bed.put(orders[0], in: .delivered)
            #expect(try await routes.drain(Sample.key))
            #expect(try await accepted() == [1, 2])
            #expect(try await !routes.drain(Sample.key), "two are under way")
            try await bed.put(orders[1], in: .delivered)
            #expect(try await routes.drain(Sample.key))
            #expect(try await accepted() == [2, 3])
            for order in orders[2...3] { try await bed.put(order, in: .delivered) }
            #expect(try await routes.drain(Sample.key))
            #expect(try await accepted() == [4, 5])
            #expect(try await routes.drainable().isEmpty)
        }
    }

    /// Without it an order that kills its register would go round as fast as the database allows.
    @Test func whatParksDuringADrainWaitsForTheNextEpoch() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let orders = [try await bed.submit(1), try await bed.submit(2)]
            for order in orders { try await bed.park(order) }
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drain(Sample.key))
            try await bed.put(orders[0], in: .delivered)
            #expect(try await bed.routes.drain(Sample.key))
            try await bed.park(orders[1], epoch: 2)
            try await bed.pool.execute("UPDATE orders SET updated_at = clock_timestamp() WHERE order_id = \(orders[1])")
            #expect(try await !bed.routes.drain(Sample.key))
            #expect(try await bed.state(orders[1]) == .parked)
            try await bed.connect(epoch: 3, version: 3)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await bed.state(orders[1]) == .accepted)
        }
    }

    /// Architecture page: an order that fails three times on a register that serves others leaves the queue.
    @Test func anOrderThatTheRegisterFailsOnLeavesTheQueueUntilAPersonRetriesIt() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let failing = try await bed.submit(1)
            try await bed.park(failing, parkings: 3)
            try await bed.pool.execute(
                """
                INSERT INTO steps (order_id, at, state, action, duration_ms)
                VALUES (\(failing), now() - interval '1 hour', 'parked', 'park', 1)
                """
            )
            #expect(try await bed.orders.leaveQueue().isEmpty, "the register has served nobody else")
            let other = try await bed.submit(2)
            let early = try await bed.submit(3)
            try await bed.put(early, in: .delivered)
            try await bed.pool.execute(
                "UPDATE orders SET delivered_at = now() - interval '2 hours' WHERE order_id = \(early)"
            )
            #expect(try await bed.orders.leaveQueue().isEmpty, "it served others before, not since")
            try await bed.put(other, in: .delivered)
            try await bed.pool.execute("UPDATE orders SET delivered_at = now() WHERE order_id = \(other)")
            let left = try await bed.orders.leaveQueue()
            #expect(left.map(\.order.id) == [failing])
            #expect(try await bed.orders.leaveQueue().isEmpty)
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await !bed.routes.drain(Sample.key))
            let stored = try await find(failing, in: bed)
            #expect(stored.order.state == .parked)
            #expect(stored.order.progress.reason == "register_fails_on_this_order")
            #expect(!OrderView(stored).needRequeue)
            let retry = try stored.order.retriedByPerson()
            #expect(
                try await bed.orders.store(retry, after: stored, actor: "anna", note: nil)?.order.state == .accepted
            )
        }
    }

    // MARK: - Looking

    @Test func aLocationsStandingCountsItsOwnOrdersOnly() async throws {
        try await RouterBed.with { bed in
            #expect(try await bed.routes.standing(Sample.key) == nil)
            try await bed.connect()
            try await bed.routes.apply(Sample.connection(merchant: Self.stranger), gateway: "kassanet")
            for number in 0..<3 { try await bed.submit(number) }
            let scheduled = try await bed.submit(4)
            try await bed.put(scheduled, in: .waiting, dueInSeconds: 3600) { $0.reason = "scheduled" }
            let delivered = try await bed.submit(5)
            try await bed.put(delivered, in: .delivered)
            let theirs = Sample.content(merchant: Self.stranger, transaction: "t-9")
            _ = try await bed.orders.submit(theirs, id: UUIDv7.next())
            let standing = try #require(try await bed.routes.standing(Sample.key))
            #expect(
                standing.backlog == [
                    BacklogEntry(state: .accepted, orders: 3), BacklogEntry(state: .waiting, orders: 1),
                ]
            )
            #expect(standing.oldestWaitingSince != nil)
            let other = LaneKey(merchantID: Self.stranger, locationID: Sample.location)
            #expect(try await bed.routes.standing(other)?.backlog == [BacklogEntry(state: .accepted, orders: 1)])
        }
    }

    /// Every way to list walks an index in the list's own order, with many orders and few that match.
    @Test func everyListIsServedByAnIndex() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.pool.execute(
                """
                INSERT INTO orders (
                    order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, accepted_at,
                    updated_at
                )
                SELECT gen_random_uuid(), 'm' || n % 5, 'l' || n % 40, 't-' || n, \(JSON(Sample.content())),
                    (ARRAY['parked', 'unclear', 'refused'])[n % 3 + 1], \(JSON(OrderRouter.Progress())), 2,
                    timestamptz '2026-03-01 18:30:00+00' + n * interval '1 second', now()
                FROM generate_series(1, 6000) n
                """
            )
            try await bed.pool.execute("UPDATE orders SET state = 'delivered' WHERE right(transaction_id, 2) <> '42'")
            try await bed.pool.execute("ANALYZE orders")
            let cursor = OrderCursor(acceptedAt: Date(timeIntervalSince1970: 1_772_392_000), orderID: UUID())
            for location in [nil, LocationID(unchecked: "l1")] {
                for states in [[], [OrderState.delivered], [.parked], [.parked, .unclear, .delivered]] {
                    for from in [nil, Date(timeIntervalSince1970: 1_772_390_000)] {
                        for after in [nil, cursor] {
                            let filter = OrderFilter(
                                merchant: MerchantID(unchecked: "m1"),
                                location: location,
                                states: states,
                                acceptedFrom: from,
                                acceptedTo: from.map { $0.addingTimeInterval(3000) }
                            )
                            let query = OrderStore.listQuery(filter, after: after, limit: 21)
                            let plan = try await bed.pool.query("EXPLAIN \(query)").map { try $0.decode(String.self) }
                            let text = plan.joined(separator: "\n")
                            #expect(!text.contains("Seq Scan on orders"), "\(filter)\n\(text)")
                            if states == [.parked] { #expect(text.contains("orders_open"), "\(filter)\n\(text)") }
                        }
                    }
                }
            }
        }
    }

    @Test func aListKeepsToItsTimesAndStates() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var ids: [UUID] = []
            for number in 0..<6 {
                let id = try await bed.submit(number)
                try await bed.pool.execute(
                    """
                    UPDATE orders
                    SET accepted_at = timestamptz '2026-03-01 18:00:00+00' + \(number) * interval '1 minute',
                        state = \(number % 2 == 0 ? OrderState.parked : .delivered)
                    WHERE order_id = \(id)
                    """
                )
                ids.append(id)
            }
            let start = Date(timeIntervalSince1970: 1_772_388_000)
            var filter = OrderFilter(
                merchant: Sample.merchant,
                states: [.parked, .delivered],
                acceptedFrom: start.addingTimeInterval(60),
                acceptedTo: start.addingTimeInterval(240)
            )
            #expect(try await bed.orders.list(filter, limit: 9).map(\.order.id) == [ids[3], ids[2], ids[1]])
            filter.states = [.parked]
            #expect(try await bed.orders.list(filter, limit: 9).map(\.order.id) == [ids[2]])
            filter.merchant = Self.stranger
            #expect(try await bed.orders.list(filter, limit: 9).isEmpty)
        }
    }
}
