import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// What happens by itself while the scheduler runs, with real processes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ScheduledCheckTests {
    @Test("A register that is switched off and on gets its waiting order by itself, and nobody tests it by hand (K7)")
    func backByItself() async throws {
        try await World.run { world in
            try await world.fleet.start([.scheduler])
            try await world.register.setPower(on: false)
            let order = try await world.submit(World.order("4001"))
            let parked = try await world.order(order.orderId, in: .parked)
            #expect(parked.order.needRequeue)
            // At least one test meets a register that is still off.
            _ = try await Self.check(world) { $0.outcome?.knownValue == .failed }
            #expect(try await world.order(order.orderId).order.state.knownValue == .parked)
            try await world.register.setPower(on: true)
            let delivered = try await world.order(order.orderId, in: .delivered, timeout: .seconds(120))
            #expect(delivered.order.tableNumber != nil)
            #expect(await world.effects(.orderCreated).count == 1)
            _ = try await Self.check(world) { $0.reason == "connected" }
        }
    }

    @Test("Retention and the sweep of leases, asked for by hand, succeed in all their parts at the services there are")
    func cleaningUp() async throws {
        try await World.run { world in
            try await world.fleet.start([.menuSync, .scheduler])
            let scheduler = world.fleet.client(.scheduler)
            for task in ["retention", "lease-sweep"] {
                let begun = try await scheduler.call(
                    SchedulerV1.runTask,
                    RunTaskRequest(task: task, actor: "anna"),
                    context: .byHand()
                )
                let ended = try await scheduler.call(
                    SchedulerV1.getRun,
                    GetRunRequest(runId: begun.run.runId, waitUntilDone: true),
                    context: .byHand()
                )
                #expect(ended.run.outcome?.knownValue == .succeeded, "\(task): \(ended.run)")
                #expect(!ended.run.items.isEmpty)
                #expect(ended.run.items.allSatisfy { $0.outcome.knownValue == .succeeded })
            }
        }
    }

    /// A test of the location that is as wanted.
    private static func check(_ world: World, _ isWanted: (TaskRun) -> Bool) async throws -> TaskRun {
        let end = ContinuousClock.now + .seconds(120)
        while true {
            let page = try await world.fleet.client(.scheduler).call(
                SchedulerV1.listRuns,
                ListRunsRequest(merchantId: World.merchant, locationId: World.location),
                context: .byHand()
            )
            if let run = page.runs.first(where: isWanted) { return run }
            guard ContinuousClock.now < end else { throw TestBedError("No such test: \(page.runs)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
