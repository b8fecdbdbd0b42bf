import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

@Suite(.timeLimit(.minutes(5))) struct LaneStoreTests {
    private func claim(_ bed: RouterBed, by lanes: LaneStore? = nil) async throws -> Claim {
        try #require(try await (lanes ?? bed.lanes).claim(Sample.key))
    }

    // MARK: - Holding a lane

    /// I9: one worker for a location, and with it one write.
    @Test func oneOfThirtyTwoClaimsGetsTheLane() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            for number in 0..<8 { try await bed.submit(number) }
            for _ in 0..<5 {
                let claims = try await withThrowingTaskGroup(of: Claim?.self) { group in
                    for _ in 0..<32 {
                        let lanes = bed.otherLanes()
                        group.addTask { try await lanes.claim(Sample.key) }
                    }
                    return try await group.reduce(into: [Claim]()) { if let claim = $1 { $0.append(claim) } }
                }
                #expect(claims.count == 1)
                try await bed.expireLanes()
            }
        }
    }

    @Test func aLaneWithoutWorkIsNotTaken() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            #expect(try await bed.lanes.claim(Sample.key) == nil)
            let order = try await bed.submit(1)
            try await bed.put(order, in: .waiting, dueInSeconds: 3600)
            #expect(try await bed.lanes.claim(Sample.key) == nil)
            try await bed.put(order, in: .accepted, dueInSeconds: 0)
            #expect(try await bed.lanes.claim(Sample.key)?.order.id == order)
        }
    }

    /// The other way round one of the two would be the victim of a deadlock.
    @Test func aClaimWaitsForAPauseInsteadOfStandingInItsWay() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let order = try await bed.submit(1)
            let lanes = bed.lanes
            let claim = try await bed.pool.transaction { transaction in
                // As RouteStore.pause does it: the location, then its orders.
                try await transaction.execute(
                    "UPDATE routes SET paused_by = 'anna', paused_reason = 'Full.', paused_at = now()"
                )
                let claim = Task { try await lanes.claim(Sample.key) }
                try await bed.untilASessionWaits()
                try await transaction.execute("UPDATE orders SET generation = 0 WHERE order_id = \(order)")
                return claim
            }
            let claimed = try #require(try await claim.value)
            #expect(claimed.order.id == order)
            #expect(claimed.route.isPaused)
        }
    }

    @Test func settlementsGoFirstThenWhatIsUnderWayThenTheOldest() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var orders: [UUID] = []
            for number in 0..<5 { orders.append(try await bed.submit(number)) }
            try await bed.put(orders[4], in: .placed, dueInSeconds: 0)
            try await bed.put(orders[3], in: .tableAssigned, dueInSeconds: 0)
            var current = try await claim(bed)
            let generation = current.generation
            var seen = [current.order.id]
            while true {
                #expect(try await bed.lanes.record(OrderChange(current.order, to: .delivered), generation: generation))
                guard let next = try await bed.lanes.next(Sample.key, generation: generation) else { break }
                #expect(next.generation == generation)
                seen.append(next.order.id)
                current = next
            }
            #expect(seen == [orders[4], orders[3], orders[0], orders[1], orders[2]])
            // The lane was given back with the last: another may have it at once.
            try await bed.submit(9)
            #expect(try await bed.otherLanes().claim(Sample.key) != nil)
        }
    }

    /// I10: what a newer version has written is read by that one, and holds up nobody until then.
    @Test func anOrderThatCannotBeReadIsLeftAsideForAWhile() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let orders = [try await bed.submit(1), try await bed.submit(2)]
            try await bed.pool.execute(
                "UPDATE orders SET progress = '{\"lease\": \"of another shape\"}' WHERE order_id = \(orders[0])"
            )
            let unreadable = try await #require(throws: UnreadableOrder.self) { try await bed.lanes.claim(Sample.key) }
            try await bed.lanes.setAside(unreadable, of: Sample.merchant)
            try await bed.lanes.release(Sample.key, generation: unreadable.generation)
            #expect(try await claim(bed).order.id == orders[1])
            let row = try await bed.pool.queryOne(
                "SELECT run_at > now() AND run_at < now() + interval '2 minutes' AS n FROM orders WHERE order_id = \(orders[0])"
            )
            #expect(try row?["n", as: Bool?.self] == true)
        }
    }

    // MARK: - The end of an order and the next one, in one commit

    @Test func theLastStepTakesTheNextOrderAndThenGivesTheLaneBack() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let orders = [try await bed.submit(1), try await bed.submit(2)]
            let first = try await claim(bed)
            let end = try await bed.lanes.recordAndGoOn(
                OrderChange(first.order, to: .delivered),
                generation: first.generation,
                takesNext: true
            )
            #expect(end.isRecorded && !end.wokeOthers)
            let second = try #require(try end.next.get())
            #expect(second.order.id == orders[1])
            #expect(second.generation == first.generation)
            #expect(try await bed.otherLanes().claim(Sample.key) == nil)
            let last = try await bed.lanes.recordAndGoOn(
                OrderChange(second.order, to: .delivered),
                generation: second.generation,
                takesNext: true
            )
            #expect(try last.isRecorded && last.next.get() == nil)
            try await bed.submit(3)
            #expect(try await bed.otherLanes().claim(Sample.key) != nil)
        }
    }

    @Test func aWorkerThatStopsGivesTheLaneBackWithItsLastStep() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            _ = try await bed.submit(1)
            let left = try await bed.submit(2)
            let mine = try await claim(bed)
            let end = try await bed.lanes.recordAndGoOn(
                OrderChange(mine.order, to: .placed, wake: .now),
                generation: mine.generation,
                takesNext: false
            )
            #expect(try end.isRecorded && end.next.get() == nil)
            // What is placed goes before what only waits.
            #expect(try await bed.otherLanes().claim(Sample.key)?.order.id == mine.order.id)
            #expect(try await bed.orders.find(Sample.merchant, order: left)?.order.state == .accepted)
        }
    }

    @Test func aWorkerThatLostItsLaneStoresNothingAndGetsNoOrder() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            for number in 1...2 { try await bed.submit(number) }
            let stale = try await claim(bed)
            try await bed.expireLanes()
            let other = bed.otherLanes()
            let winner = try #require(try await other.claim(Sample.key))
            let end = try await bed.lanes.recordAndGoOn(
                OrderChange(stale.order, to: .delivered),
                generation: stale.generation,
                takesNext: true
            )
            #expect(try !end.isRecorded && end.next.get() == nil)
            let change = OrderChange(winner.order, to: .placed, wake: .now)
            #expect(try await other.record(change, generation: winner.generation))
        }
    }

    @Test func aTableThatIsFreedWakesTheWaitingAndSaysSo() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            _ = try await bed.submit(1)
            let waiting = try await bed.submit(2)
            try await bed.put(waiting, in: .waiting, dueInSeconds: 3600)
            let mine = try await claim(bed)
            let end = try await bed.lanes.recordAndGoOn(
                OrderChange(mine.order, to: .delivered, freesTable: true),
                generation: mine.generation,
                takesNext: true
            )
            #expect(end.wokeOthers)
            #expect(try await bed.isDue(waiting))
        }
    }

    @Test func aReleasedLaneIsAnothersAtOnce() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.submit(1)
            let mine = try await claim(bed)
            #expect(try await bed.otherLanes().claim(Sample.key) == nil)
            try await bed.lanes.release(Sample.key, generation: mine.generation - 1)
            #expect(try await bed.otherLanes().claim(Sample.key) == nil)
            try await bed.lanes.release(Sample.key, generation: mine.generation)
            #expect(try await bed.otherLanes().claim(Sample.key)?.generation == mine.generation + 1)
        }
    }

    @Test func onlyTheLanesOfTheDeadAreFreed() async throws {
        try await RouterBed.with { bed in
            let second = LocationID(unchecked: "second")
            try await bed.connect()
            try await bed.connect(second)
            try await bed.submit(1)
            try await bed.submit(2, at: second)
            let dead = bed.otherLanes()
            let alive = bed.otherLanes()
            _ = try await claim(bed, by: dead)
            _ = try await alive.claim(LaneKey(merchantID: Sample.merchant, locationID: second))
            #expect(try await Set(bed.lanes.otherOwners()) == [dead.owner, alive.owner])
            #expect(try await bed.lanes.freeLanes(of: dead.owner) == 1)
            #expect(try await bed.lanes.otherOwners() == [alive.owner])
            #expect(try await bed.lanes.readyLocations(limit: 10) == [Sample.key])
        }
    }

    @Test func onlyLanesThatAreWorkedOnAreKept() async throws {
        try await RouterBed.with { bed in
            let second = LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "second"))
            for key in [Sample.key, second] {
                try await bed.connect(key.locationID)
                try await bed.submit(1, at: key.locationID)
            }
            let lanes = bed.otherLanes(lease: .seconds(30))
            _ = try await claim(bed, by: lanes)
            _ = try await lanes.claim(second)
            try await bed.pool.execute("UPDATE routes SET lane_until = lane_until - interval '20 seconds'")
            #expect(try await lanes.renew([Sample.key]) == [Sample.key])
            let row = try await bed.pool.queryOne(
                "SELECT array_agg(location_id) AS kept FROM routes WHERE lane_until > now() + interval '20 seconds'"
            )
            #expect(try row?["kept", as: [String].self] == ["main"])
            try await bed.expireLanes()
            #expect(try await lanes.renew([Sample.key, second]) == [])
        }
    }

    // MARK: - Recording

    /// I6: a stale generation changes nothing, in each way of becoming stale.
    @Test func aWorkerThatLostItsLaneRecordsNothing() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            var rejected = 0
            var accepted = 0
            for round in 0..<6 {
                let sleeper = bed.otherLanes()
                let stale = try await claim(bed, by: sleeper)
                try await bed.expireLanes()
                // The lane ran out and another took it; it ran out and nobody did; it was freed.
                let other = bed.otherLanes()
                let taken = round % 3 == 0 ? try await claim(bed, by: other) : nil
                if round % 3 == 2 { _ = try await bed.lanes.freeLanes(of: sleeper.owner) }
                let late = OrderChange(stale.order, to: .waiting) { $0.reason = "stale" }
                let isTaken = try await sleeper.record(late, generation: stale.generation)
                if round % 3 == 1 {
                    // Nobody else has the lane: what it learned is still true, and is kept.
                    #expect(isTaken)
                    try await bed.put(id, in: .accepted, dueInSeconds: 0)
                    continue
                }
                rejected += isTaken ? 0 : 1
                accepted += isTaken ? 1 : 0
                #expect(try await bed.state(id) == .accepted)
                #expect(try await sleeper.next(Sample.key, generation: stale.generation) == nil)
                try await sleeper.rest(stale.order, generation: stale.generation - 1)
                #expect(try await bed.isDue(id))
                if let taken { try await other.release(Sample.key, generation: taken.generation) }
            }
            #expect(rejected == 4)
            #expect(accepted == 0)
            let steps = try await bed.orders.steps(of: id)
            #expect(steps.count == 2, "a rejected change leaves no step")
        }
    }

    /// A person, or another step, moved the order meanwhile.
    @Test func aStateThatIsNotWhatTheWorkerSawIsNotChanged() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let mine = try await claim(bed)
            let change = OrderChange(mine.order, to: .placed, wake: .now)
            #expect(try await bed.lanes.record(change, generation: mine.generation))
            #expect(try await !bed.lanes.record(change, generation: mine.generation))
            #expect(try await bed.orders.steps(of: id).count == 1)
        }
    }

    @Test(arguments: [(Decision.Wake.now, true), (.after(.seconds(3600)), false), (.never, false)])
    func anOrderIsDueWhenItsStepSays(wake: Decision.Wake, isDue: Bool) async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let mine = try await claim(bed)
            let change = OrderChange(mine.order, to: .waiting, wake: wake)
            #expect(try await bed.lanes.record(change, generation: mine.generation))
            #expect(try await bed.isDue(id) == isDue)
            let next = try await bed.orders.find(Sample.merchant, order: id)?.nextAttemptAt
            #expect((next == nil) == (wake == .never))
        }
    }

    @Test func deliveryIsDatedAndTold() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let mine = try await claim(bed)
            var change = OrderChange(mine.order, to: .delivered)
            change.steps = [
                OrderChange.Step(
                    state: .settled,
                    action: "settle_bill",
                    durationMs: 12,
                    attemptId: id,
                    requestId: "r-1"
                ),
                OrderChange.Step(state: .delivered, action: "release_table", durationMs: 3),
            ]
            #expect(try await bed.lanes.record(change, generation: mine.generation))
            let stored = try #require(try await bed.orders.find(Sample.merchant, order: id))
            #expect(stored.deliveredAt != nil)
            let steps = try await bed.orders.steps(of: id)
            #expect(steps.map(\.action) == ["settle_bill", "release_table"])
            #expect(steps.map(\.state) == [Open(.settled), Open(.delivered)])
            #expect(steps.map(\.durationMs) == [12, 3])
            #expect(steps.map(\.attemptId) == [id, nil])
            #expect(steps.map(\.requestId) == ["r-1", nil])
        }
    }

    @Test func waitingOrdersOfTheLocationWakeWhenATableIsFreed() async throws {
        try await RouterBed.with { bed in
            let second = LocationID(unchecked: "second")
            try await bed.connect()
            try await bed.connect(second)
            let working = try await bed.submit(1)
            let waiting = try await bed.submit(2)
            let elsewhere = try await bed.submit(3, at: second)
            for order in [waiting, elsewhere] { try await bed.put(order, in: .waiting, dueInSeconds: 3600) }
            let mine = try await claim(bed)
            #expect(mine.order.id == working)
            let keeps = OrderChange(mine.order, to: .placed, wake: .now)
            #expect(try await bed.lanes.record(keeps, generation: mine.generation))
            #expect(try await !bed.isDue(waiting))
            let frees = OrderChange(keeps.after, to: .delivered, freesTable: true)
            #expect(try await bed.lanes.record(frees, generation: mine.generation))
            #expect(try await bed.isDue(waiting))
            #expect(try await !bed.isDue(elsewhere))
        }
    }

    // MARK: - Parking against a register that comes back

    @Test(arguments: [(1, OrderState.parked), (2, .accepted)])
    func anOrderParksOnlyInTheEpochItSaw(current: Int, state: OrderState) async throws {
        try await RouterBed.with { bed in
            try await bed.connect(epoch: 1)
            let id = try await bed.submit(1)
            let mine = try await claim(bed)
            try await bed.connect(epoch: current, version: 2)
            let change = OrderChange(mine.order, to: .parked) {
                $0.resume = .accepted
                $0.parkedEpoch = mine.route.epoch
            }
            #expect(try await bed.lanes.record(change, generation: mine.generation))
            #expect(try await bed.state(id) == state)
            #expect(try await bed.isDue(id) == (state == .accepted))
        }
    }

    /// An order that parks while the register comes back is either drained or goes on by itself.
    @Test func noOrderStaysParkedBehindTheEpochThatWasDrained() async throws {
        try await RouterBed.with { bed in
            let pausing = try await bed.submitOnConnect()
            for round in 1...32 {
                try await bed.put(pausing, in: .accepted, dueInSeconds: 0)
                let mine = try await claim(bed)
                let change = OrderChange(mine.order, to: .parked) {
                    $0.resume = .accepted
                    $0.parkedEpoch = mine.route.epoch
                    $0.parkings = 1
                }
                async let recorded = bed.lanes.record(change, generation: mine.generation)
                async let drained: Bool = {
                    try await bed.connect(epoch: round + 1, version: round + 1)
                    return try await bed.routes.drain(Sample.key)
                }()
                #expect(try await recorded)
                _ = try await drained
                #expect(try await bed.state(pausing) == .accepted, "round \(round)")
                #expect(try await bed.isDue(pausing))
                try await bed.lanes.release(Sample.key, generation: mine.generation)
            }
        }
    }

    /// The gateway of a location was changed while an order was about to park; the new one counts epochs anew.
    @Test func anOrderDoesNotParkForAGatewayThatIsGone() async throws {
        try await RouterBed.with { bed in
            try await bed.connect(epoch: 1)
            let id = try await bed.submit(1)
            let mine = try await claim(bed)
            try await bed.routes.apply(Sample.connection(provider: "mplus", version: 1, epoch: 1), gateway: "mplus")
            _ = try await bed.routes.drain(Sample.key)
            let change = OrderChange(mine.order, to: .parked) {
                $0.resume = .accepted
                $0.parkedEpoch = mine.route.epoch
            }
            #expect(try await bed.lanes.record(change, generation: mine.generation))
            #expect(try await bed.state(id) == .accepted)
        }
    }

    // MARK: - Finding work

    @Test func readyLocationsAreThoseWithDueWorkAndAFreeLane() async throws {
        try await RouterBed.with { bed in
            var keys: [LaneKey] = []
            for number in 0..<12 {
                let key = LaneKey(merchantID: Sample.merchant, locationID: LocationID(unchecked: "l\(number)"))
                keys.append(key)
                try await bed.connect(key.locationID)
                let id = try await bed.submit(1, at: key.locationID)
                if number % 4 == 1 { try await bed.put(id, in: .waiting, dueInSeconds: 3600) }
                if number % 4 == 2 { try await bed.put(id, in: .parked) }
                if number % 4 == 3 { _ = try await bed.otherLanes().claim(key) }
            }
            #expect(try await Set(bed.lanes.readyLocations(limit: 100)) == [keys[0], keys[4], keys[8]])
            #expect(try await bed.lanes.readyLocations(limit: 2).count == 2)
            try await bed.expireLanes()
            #expect(try await bed.lanes.readyLocations(limit: 100).count == 6)
        }
    }

    /// Finished orders must not make finding ready ones slower.
    @Test func readyLocationsAndClaimsReadTheIndexOfReadyOrders() async throws {
        try await RouterBed.with { bed in
            try await bed.pool.execute(
                """
                INSERT INTO routes (
                    merchant_id, location_id, gateway, provider, status, epoch, version, time_zone, table_mode, on_mismatch,
                    capabilities, is_deleted
                )
                SELECT 'm1', 'l' || n, 'kassanet', 'vanhoutte', 'connected', 1, 1, 'Europe/Brussels', 'virtual', 'settle',
                    \(JSON(Sample.capabilities)), false
                FROM generate_series(0, 199) n
                """
            )
            try await bed.pool.execute(
                """
                INSERT INTO orders (
                    order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, run_at,
                    accepted_at, updated_at
                )
                SELECT gen_random_uuid(), 'm1', 'l' || n % 200, 't-' || n, \(JSON(Sample.content())), 'delivered',
                    \(JSON(OrderRouter.Progress())), 2, CASE WHEN n % 20 = 0 THEN now() END, now(), now()
                FROM generate_series(0, 19999) n
                """
            )
            try await bed.pool.execute("ANALYZE orders")
            try await bed.pool.execute("ANALYZE routes")
            #expect(try await bed.lanes.readyLocations(limit: 500).count == 10)
            for (name, statement) in [("readyLocations", LaneStore.readyLocationsQuery(limit: 64))] {
                let plan = try await bed.pool.query("EXPLAIN \(statement)").map { try $0.decode(String.self) }
                let text = plan.joined(separator: "\n")
                #expect(!text.contains("Seq Scan on orders"), "\(name):\n\(text)")
                #expect(text.contains("orders_ready"), "\(name):\n\(text)")
            }
        }
    }
}

extension RouterBed {
    fileprivate func submitOnConnect() async throws -> UUID {
        try await connect(epoch: 1)
        return try await submit(1)
    }
}
