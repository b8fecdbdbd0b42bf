import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import Scheduler

/// Tests of registers that are away (rule K7).
@Suite(.timeLimit(.minutes(5))) struct ConnectionCheckTests {
    /// Does the runs that are due, and says how far the location's next one is away, in seconds.
    private func step(_ location: LocationKey, _ bed: SchedulerBed, _ replica: Replica) async throws -> Double? {
        let due = try #require(try await bed.nextDue(TaskNames.check, location))
        bed.clock.set(max(due, bed.clock.now))
        _ = try await replica.plans.planDue()
        try await replica.performAll()
        return try await bed.nextDue(TaskNames.check, location)?.timeIntervalSince(bed.clock.now)
    }

    @Test("The pauses of a register that is away double up to a quarter of an hour, and begin anew with its epoch (K7)")
    func growth() async throws {
        let stubs = StubServices()
        stubs.change { $0.registers[Sample.first] = .some(.disconnected) }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await bed.know(TaskNames.check)
                func feed(_ version: Int, _ status: ConnectionStatus, epoch: Int) async throws {
                    try await replica.connections.apply(
                        Sample.connection(version: version, status: status, epoch: epoch),
                        gateway: "kassanet"
                    )
                }
                try await feed(1, .disconnected, epoch: 1)
                #expect(
                    try await bed.nextDue(TaskNames.check, Sample.first) == bed.clock.now + 60
                )
                for pause in [120.0, 240, 480, 900, 900] {
                    #expect(try await step(Sample.first, bed, replica) == pause)
                }
                let runs = try await bed.runs(TaskNames.check, replica, at: Sample.first)
                #expect(runs.allSatisfy { $0.outcome?.knownValue == .failed && $0.reason == "register_unreachable" })
                #expect(
                    runs.allSatisfy { $0.explanation == "The register is disconnected." && $0.nextAction == "wait" }
                )
                // A test of its own failed again: nothing is new.
                try await feed(2, .disconnected, epoch: 1)
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == bed.clock.now + 900)
                // New credentials.
                try await feed(3, .disconnected, epoch: 2)
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == bed.clock.now + 60)
                stubs.change { $0.registers[Sample.first] = .some(.connected) }
                #expect(try await step(Sample.first, bed, replica) == nil)
                let last = try await bed.runs(TaskNames.check, replica, at: Sample.first).last
                #expect(last?.outcome?.knownValue == .succeeded)
                #expect(last?.reason == "connected")
                try await feed(4, .connected, epoch: 3)
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == nil)
            }
        }
    }

    @Test("A register that went away while its test was under way keeps the turn that the feed gave it")
    func newsMeanwhile() async throws {
        let stubs = StubServices()
        stubs.change { $0.registers[Sample.first] = .some(.connected) }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await bed.know(TaskNames.check)
                try await replica.connections.apply(Sample.connection(status: .disconnected), gateway: "kassanet")
                bed.clock.advance(.seconds(60))
                _ = try await replica.plans.planDue()
                let run = try #require(try await replica.runs.claim(TaskNames.check, lane: 0, limit: 1).first)
                try await replica.connections.apply(
                    Sample.connection(version: 2, status: .disconnected, epoch: 2),
                    gateway: "kassanet"
                )
                try await replica.perform(run)
                #expect(try await replica.runs.find(run.id)?.reason == "connected")
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == bed.clock.now + 60)
            }
        }
    }

    @Test(
        "Where orders wait a connected register is tested too, one that is away more often, a refusing one rarely (K7)"
    )
    func waitingOrders() async throws {
        let stubs = StubServices()
        let third = Sample.location("m3")
        stubs.change {
            $0.waiting = [Sample.first, Sample.second]
            $0.registers = [
                Sample.first: .some(.connected), Sample.second: .some(.disconnected), third: .some(.misconfigured),
            ]
        }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await replica.tasks.register()
                try await replica.connections.apply(Sample.connection(), gateway: "kassanet")
                try await replica.connections.apply(
                    Sample.connection(Sample.second, status: .disconnected),
                    gateway: "kassanet"
                )
                try await replica.connections.apply(
                    Sample.connection(third, status: .misconfigured),
                    gateway: "kassanet"
                )
                #expect(try await bed.nextDue(TaskNames.check, third) == bed.clock.now + 900)
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == nil)
                bed.clock.advance(.seconds(60))
                _ = try await replica.plans.planDue()
                try await replica.performAll()
                let survey = try await bed.runs(TaskNames.check, replica).first { $0.locationId == nil }
                #expect(survey?.items.map(\.count) == [2, 3])
                // Within the minute, at a moment of its own.
                let due = try #require(try await bed.nextDue(TaskNames.check, Sample.first))
                #expect(due > bed.clock.now && due <= bed.clock.now + 60)
                for _ in 0..<6 { _ = try await step(Sample.second, bed, replica) }
                #expect(try await step(Sample.second, bed, replica) == 300)
                #expect(stubs.notes.tests.contains { LocationKey($0.merchantId, $0.locationId) == Sample.first })
                // Their orders are out: the connected one is left alone, the other one is tested as any.
                stubs.change { $0.waiting = [] }
                _ = try await replica.connections.reconcileChecks(waiting: [])
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) == nil)
                #expect(try await step(Sample.second, bed, replica) == 900)
                #expect(try await step(third, bed, replica) == 900)
            }
        }
    }

    @Test("With order-router away the round fails and says so, and registers are tested all the same")
    func routerAway() async throws {
        let stubs = StubServices()
        stubs.change {
            $0.isRouterAway = true
            $0.registers[Sample.first] = .some(.disconnected)
        }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await replica.tasks.register()
                try await replica.connections.apply(Sample.connection(status: .disconnected), gateway: "kassanet")
                // Somebody lost it.
                try await bed.pool.execute("UPDATE targets SET next_due_at = NULL WHERE location_id <> ''")
                bed.clock.advance(.seconds(60))
                _ = try await replica.plans.planDue()
                try await replica.performAll()
                let survey = try await bed.runs(TaskNames.check, replica).first { $0.locationId == nil }
                #expect(survey?.outcome?.knownValue == .failed)
                #expect(survey?.reason == "broken")
                #expect(survey?.explanation?.contains("order-router is broken") == true)
                #expect(try await bed.nextDue(TaskNames.check, Sample.first) != nil)
            }
        }
    }

    @Test("Registers that never answer do not delay one that does, in however many they are")
    func hanging() async throws {
        let stubs = StubServices()
        let dead = (0..<40).map { Sample.location("m2", "dead-\($0)") }
        stubs.change { notes in
            for location in dead { notes.registers[location] = .some(nil) }
            notes.registers[Sample.first] = .some(.connected)
        }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                var timing = TaskTiming.standard
                timing.checkTimeout = .seconds(20)
                let replica = bed.replica(services, timing: timing)
                try await bed.know(TaskNames.check)
                for location in dead {
                    try await replica.connections.apply(
                        Sample.connection(location, status: .disconnected),
                        gateway: "kassanet"
                    )
                }
                // They have been dead for long.
                try await bed.pool.execute("UPDATE targets SET level = 5")
                try await replica.running {
                    bed.clock.advance(.seconds(60))
                    _ = try await replica.plans.planDue()
                    try await until("their tests") { stubs.notes.tests.count == timing.slots }
                    try await replica.connections.apply(Sample.connection(status: .disconnected), gateway: "kassanet")
                    bed.clock.advance(.seconds(60))
                    _ = try await replica.plans.planDue()
                    try await until("its test") {
                        stubs.notes.tests.contains { LocationKey($0.merchantId, $0.locationId) == Sample.first }
                    }
                    // None of the dead was given up for it, and the others of them wait for their turn.
                    #expect(
                        try await bed.pool.queryOne("SELECT 1 FROM runs WHERE state = 'done' AND outcome = 'failed'")
                            == nil
                    )
                    #expect(stubs.notes.tests.count <= timing.slots + 1)
                    try await until("the end of the first dead") {
                        try await bed.pool.queryOne(
                            "SELECT 1 FROM runs WHERE outcome = 'failed' AND reason = 'deadline_exceeded' LIMIT 1"
                        ) != nil
                    }
                }
            }
        }
    }
}
