import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

@Suite(.timeLimit(.minutes(5))) struct RouteStoreTests {
    // MARK: - Following

    @Test func versionsNeverGoBack() async throws {
        try await RouterBed.with { bed in
            for (version, epoch) in [(5, 3), (4, 2), (5, 9)] {
                try await bed.routes.apply(Sample.connection(version: version, epoch: epoch), gateway: "kassanet")
                #expect(try await bed.orders.route(Sample.merchant, Sample.location)?.epoch == 3)
            }
            try await bed.routes.apply(
                Sample.connection(version: 6, status: .disconnected, epoch: 3),
                gateway: "kassanet"
            )
            #expect(try await bed.orders.route(Sample.merchant, Sample.location)?.status == .disconnected)
        }
    }

    @Test func aTombstoneEndsARouteAndANewConnectionBeginsIt() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await bed.routes.apply(Sample.connection(version: 2, isDeleted: true), gateway: "kassanet")
            #expect(try await bed.orders.route(Sample.merchant, Sample.location) == nil)
            try await bed.connect(epoch: 2, version: 3)
            #expect(try await bed.orders.route(Sample.merchant, Sample.location)?.epoch == 2)
        }
    }

    /// A location belongs to the gateway whose connection lives, in whichever order the feeds are read.
    @Test func aChangeOfGatewayOutlivesTheOldOnesTombstone() async throws {
        try await RouterBed.with { bed in
            let old = Sample.connection(version: 90, epoch: 7)
            let tombstone = Sample.connection(version: 91, epoch: 7, isDeleted: true)
            let new = Sample.connection(provider: "mplus", version: 3)
            for feed in [
                [(old, "kassanet"), (new, "mplus"), (tombstone, "kassanet")],
                [(tombstone, "kassanet"), (new, "mplus")],
            ] {
                for (connection, gateway) in feed { try await bed.routes.apply(connection, gateway: gateway) }
                let route = try await bed.orders.route(Sample.merchant, Sample.location)
                #expect(route?.gateway == "mplus")
                #expect(route?.provider == "mplus")
                try await bed.pool.execute("DELETE FROM routes")
            }
        }
    }

    /// A new gateway counts its epochs from 1: what waited for the old one goes out all the same.
    @Test func aNewGatewayLetsParkedOrdersGo() async throws {
        try await RouterBed.with { bed in
            try await bed.connect(epoch: 7)
            let order = try await bed.submit(1)
            try await bed.park(order, epoch: 7)
            _ = try await bed.routes.drain(Sample.key)
            try await bed.park(order, epoch: 7)
            #expect(try await !bed.routes.drain(Sample.key))
            try await bed.routes.apply(Sample.connection(provider: "mplus", version: 1, epoch: 1), gateway: "mplus")
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await bed.state(order) == .accepted)
        }
    }

    // MARK: - Draining

    private func parked(_ count: Int, in bed: RouterBed) async throws -> [UUID] {
        try await bed.connect(epoch: 1)
        var orders: [UUID] = []
        for number in 0..<count { orders.append(try await bed.submit(number)) }
        #expect(try await !bed.routes.drain(Sample.key))
        for order in orders { try await bed.park(order) }
        return orders
    }

    private func states(_ orders: [UUID], in bed: RouterBed) async throws -> [OrderState?] {
        var states: [OrderState?] = []
        for order in orders { states.append(try await bed.state(order)) }
        return states
    }

    /// Rule K32.
    @Test func aNewEpochSendsTheOldestFirstAndTheRestWhenItIsPlaced() async throws {
        try await RouterBed.with { bed in
            let orders = try await parked(4, in: bed)
            #expect(try await !bed.routes.drain(Sample.key))
            #expect(try await bed.routes.drainable() == [])

            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drainable() == [Sample.key])
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.accepted, .parked, .parked, .parked])
            #expect(try await bed.isDue(orders[0]))
            for state in [OrderState.accepted, .tableAssigned] {
                try await bed.put(orders[0], in: state, dueInSeconds: 0)
                #expect(try await !bed.routes.drain(Sample.key))
            }
            try await bed.put(orders[0], in: .placed, dueInSeconds: 3600)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.placed, .accepted, .accepted, .accepted])
            for expected in orders.dropFirst() {
                let claim = try #require(try await bed.lanes.claim(Sample.key))
                #expect(claim.order.id == expected)
                let change = OrderChange(claim.order, to: .delivered)
                #expect(try await bed.lanes.record(change, generation: claim.generation))
                try await bed.lanes.release(Sample.key, generation: claim.generation)
            }
            #expect(try await bed.routes.drainable() == [])
        }
    }

    @Test func aProbeThatIsParkedAgainStopsTheDrain() async throws {
        try await RouterBed.with { bed in
            let orders = try await parked(3, in: bed)
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drain(Sample.key))
            try await bed.park(orders[0], parkings: 2, epoch: 2)
            #expect(try await !bed.routes.drain(Sample.key))
            #expect(try await !bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.parked, .parked, .parked])
            try await bed.connect(epoch: 3, version: 3)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.accepted, .parked, .parked])
        }
    }

    @Test func anOrderParkedThreeTimesDoesNotGoFirst() async throws {
        try await RouterBed.with { bed in
            let orders = try await parked(3, in: bed)
            try await bed.park(orders[0], parkings: 3)
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.parked, .accepted, .parked])
            // Alone it goes all the same: nothing else can prove the register.
            for order in orders { try await bed.park(order, parkings: 3) }
            try await bed.connect(epoch: 3, version: 3)
            #expect(try await bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.accepted, .parked, .parked])
        }
    }

    @Test(arguments: [OrderState.accepted, .tableAssigned, .placed, .billRead])
    func aParkedOrderGoesOnWhereItWas(resume: OrderState) async throws {
        try await RouterBed.with { bed in
            let order = try await parked(1, in: bed)[0]
            try await bed.park(order, resume: resume)
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drain(Sample.key))
            let stored = try #require(try await bed.orders.find(Sample.merchant, order: order)?.order)
            #expect(stored.state == resume)
            #expect(stored.progress.reason == nil)
            #expect(stored.progress.parkings == 1)
            let row = try await bed.pool.queryOne("SELECT priority FROM orders WHERE order_id = \(order)")
            #expect(try row?["priority", as: Int.self] == Order.priority(of: resume))
        }
    }

    @Test(arguments: [(ConnectionStatus.disconnected, false), (.misconfigured, false), (.connected, true)])
    func nothingGoesWhileTheRegisterIsNotBack(status: ConnectionStatus, isDeleted: Bool) async throws {
        try await RouterBed.with { bed in
            let orders = try await parked(2, in: bed)
            let connection = Sample.connection(version: 2, status: status, epoch: 2, isDeleted: isDeleted)
            try await bed.routes.apply(connection, gateway: "kassanet")
            #expect(try await bed.routes.drainable() == [])
            #expect(try await !bed.routes.drain(Sample.key))
            #expect(try await states(orders, in: bed) == [.parked, .parked])
        }
    }

    /// I10: the order that would have gone is moved by a person at that very moment; another goes in its place.
    @Test(arguments: [false, true])
    func anOrderThatIsMovedMeanwhileStopsNoDrain(isProbePlaced: Bool) async throws {
        try await RouterBed.with { bed in
            var bed = bed
            bed.routes.drainBatch = 1
            let orders = try await parked(3, in: bed)
            try await bed.connect(epoch: 2, version: 2)
            if isProbePlaced {
                #expect(try await bed.routes.drain(Sample.key))
                try await bed.put(orders[0], in: .delivered)
            }
            let first = isProbePlaced ? 1 : 0
            let routes = bed.routes
            let drain = try await bed.pool.transaction { transaction in
                try await transaction.execute(
                    "UPDATE orders SET state = 'cancelled', run_at = NULL WHERE order_id = \(orders[first])"
                )
                let drain = Task { try await routes.drain(Sample.key) }
                try await bed.untilASessionWaits()
                return drain
            }
            #expect(try await drain.value)
            #expect(try await bed.state(orders[first + 1]) == .accepted)
        }
    }

    /// Every replica follows the feeds, so every replica drains.
    @Test func manyDrainsAtOnceSendOneProbe() async throws {
        try await RouterBed.with { bed in
            let orders = try await parked(5, in: bed)
            try await bed.connect(epoch: 2, version: 2)
            let released = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 { group.addTask { try await bed.routes.drain(Sample.key) } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(released == 1)
            #expect(try await states(orders, in: bed).count { $0 == .accepted } == 1)
        }
    }
}
