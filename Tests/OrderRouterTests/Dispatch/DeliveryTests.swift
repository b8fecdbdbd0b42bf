import Contracts
import Foundation
import Logging
import Postgres
import RPC
import RPCClient
import ServiceLifecycle
import Testing

@testable import OrderRouter

/// The whole service but its front door: feeds are followed, lanes run, gateway and allocator are asked over HTTP.
@Suite(.timeLimit(.minutes(5))) struct DeliveryTests {
    /// Runs the body while replicas run, and stops them gracefully.
    private func with(
        replicas count: Int,
        _ bed: RouterBed,
        _ client: RPCClient,
        _ body: ([RouterProcess]) async throws -> Void
    ) async throws {
        var replicas: [RouterProcess] = []
        for _ in 0..<count { replicas.append(RouterProcess(bed, client)) }
        let running = replicas.map { replica in
            Task { try await replica.group.run() }
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(replicas))
        } catch {
            result = .failure(error)
        }
        for replica in replicas { await replica.group.triggerGracefulShutdown() }
        for task in running { try await task.value }
        try result.get()
    }

    /// Waits until as many orders are in a state; the suite's time limit ends it otherwise.
    private func wait(for count: Int, in state: OrderState, _ bed: RouterBed) async throws {
        while true {
            let row = try await bed.pool.queryOne("SELECT count(*) AS n FROM orders WHERE state = \(state)")
            if try row?["n", as: Int.self] == count { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func connections(_ locations: Int) -> [PosConnection] {
        (0..<locations).map { Sample.connection(location: LocationID(unchecked: "l\($0)"), version: $0 + 1) }
    }

    @Test func anOrderGoesThroughToDelivered() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                try await self.with(replicas: 1, bed, client) { replicas in
                    await replicas[0].follower.refresh()
                    let id = try await bed.submit(1)
                    replicas[0].board.wake(Sample.key)
                    try await self.wait(for: 1, in: .delivered, bed)
                    let steps = try await bed.orders.steps(of: id)
                    #expect(
                        steps.map(\.action)
                            == ["assign_table", "place_order", "read_bill", "settle_bill", "release_table"]
                    )
                    #expect(
                        steps.map(\.state)
                            == [.tableAssigned, .placed, .billRead, .settled, .delivered].map { Open($0) }
                    )
                    #expect(steps[1].attemptId != nil)
                    let stored = try #require(try await bed.orders.find(Sample.merchant, order: id))
                    #expect(stored.order.progress.lease == nil)
                    #expect(OrderView(stored).externalData["vanhoutte"]?.status == "success")
                }
            }
            #expect(Array(services.ledger.placed.values) == [1])
            #expect(Array(services.ledger.settled.values) == [1])
        }
    }

    /// I2 and I9, with two processes that compete for the same locations, and answers that get lost.
    @Test func twoReplicasDeliverEveryOrderOnceWithOneWriteAtATimePerLocation() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect(self.connections(10))
            services.spoilPlacements { count in count % 7 == 0 ? .noAnswer : nil }
            try await services.serve { client in
                try await self.with(replicas: 2, bed, client) { replicas in
                    await replicas[0].follower.refresh()
                    var submitted: [LaneKey] = []
                    for number in 0..<100 {
                        let location = LocationID(unchecked: "l\(number % 10)")
                        try await bed.submit(number, at: location)
                        submitted.append(LaneKey(merchantID: Sample.merchant, locationID: location))
                    }
                    for (number, key) in submitted.enumerated() { replicas[number % 2].board.wake(key) }
                    try await self.wait(for: 100, in: .delivered, bed)
                }
            }
            let ledger = services.ledger
            #expect(ledger.placed.count == 100)
            #expect(ledger.placed.values.allSatisfy { $0 == 1 })
            #expect(ledger.settled == ledger.placed)
            #expect(ledger.mostWritesAtOnce == 1)
        }
    }

    /// I9: first attempts in the order of acceptance.
    @Test func aLocationsOrdersGoOutInTheOrderTheyCame() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                try await bed.connect()
                var marks: [String] = []
                for number in 0..<12 {
                    let id = try await bed.submit(number)
                    marks.append(try #require(try await bed.orders.find(Sample.merchant, order: id)).order.mark)
                }
                try await self.with(replicas: 2, bed, client) { _ in
                    try await self.wait(for: 12, in: .delivered, bed)
                }
                #expect(services.ledger.sequence == marks)
            }
        }
    }

    /// Rule K32.
    @Test func ordersParkWhileTheRegisterIsOffAndGoOutWhenItIsBack() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection(status: .disconnected)])
            try await services.serve { client in
                try await self.with(replicas: 2, bed, client) { replicas in
                    await replicas[0].follower.refresh()
                    for number in 0..<5 { try await bed.submit(number) }
                    try await self.wait(for: 5, in: .parked, bed)
                    #expect(services.ledger.placed.isEmpty)
                    services.connect([Sample.connection(version: 2, epoch: 2)])
                    try await self.wait(for: 5, in: .delivered, bed)
                }
            }
            #expect(services.ledger.placed.count == 5)
            #expect(services.ledger.mostWritesAtOnce == 1)
        }
    }

    @Test func aGracefulStopEndsAtACheckpointAndHandsTheLaneBack() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            services.holdPlacements(until: gate)
            try await services.serve { client in
                try await bed.connect()
                for number in 0..<3 { try await bed.submit(number) }
                let replica = RouterProcess(bed, client)
                let running = Task { try await replica.group.run() }
                for await _ in services.arrivals { break }
                await replica.group.triggerGracefulShutdown()
                while !replica.board.isStopped { try await Task.sleep(for: .milliseconds(2)) }
                opening.finish()
                try await running.value
                #expect(services.ledger.placed.count == 1, "what was under way is finished, nothing else is begun")
                #expect(try await bed.lanes.otherOwners() == [])
                let states = try await bed.orders
                    .list(Sample.merchant, location: nil, states: [], after: nil, limit: 9).map(\.order.state)
                #expect(states == [.accepted, .accepted, .placed])
                #expect(try await bed.lanes.readyLocations(limit: 9) == [Sample.key])
                try await self.with(replicas: 1, bed, client) { _ in
                    try await self.wait(for: 3, in: .delivered, bed)
                }
            }
            #expect(services.ledger.placed.values.allSatisfy { $0 == 1 })
        }
    }

    /// Nobody holds the dead one's lock, so its lanes are taken without waiting for their end.
    @Test func theLanesOfADeadReplicaAreTakenOver() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                try await bed.connect()
                try await bed.submit(1)
                _ = try #require(try await bed.otherLanes(lease: .seconds(3600)).claim(Sample.key))
                try await self.with(replicas: 1, bed, client) { _ in
                    try await self.wait(for: 1, in: .delivered, bed)
                }
            }
            #expect(Array(services.ledger.placed.values) == [1])
        }
    }

    /// A worker that fails gives its lane back: the location goes on as soon as the fault is over.
    @Test func aWorkerThatFailsHandsItsLaneBack() async throws {
        try await RouterBed.with { bed in
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                try await bed.connect()
                try await bed.pool.executeScript(
                    """
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE 'The disk is full.'; END $$;
                    CREATE TRIGGER refuse BEFORE INSERT ON steps FOR EACH ROW EXECUTE FUNCTION refuse();
                    """
                )
                try await bed.submit(1)
                try await self.with(replicas: 1, bed, client) { _ in
                    var generation = 0
                    while generation < 3 {
                        let row = try await bed.pool.queryOne("SELECT lane_generation FROM routes")
                        generation = try row?["lane_generation", as: Int.self] ?? 0
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await bed.pool.execute("DROP TRIGGER refuse ON steps")
                    try await self.wait(for: 1, in: .delivered, bed)
                }
            }
            #expect(Array(services.ledger.placed.values) == [1])
        }
    }
}
