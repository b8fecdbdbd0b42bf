import Contracts
import Foundation
import RPC
import Testing

@testable import Scheduler

/// Daily imports as the feeds change (rule K9).
@Suite(.timeLimit(.minutes(5))) struct AutoSyncTests {
    /// Turns the clock by hours and does what is due.
    private func live(_ hours: Int, _ bed: SchedulerBed, _ replica: Replica) async throws {
        for _ in 0..<hours * 2 {
            bed.clock.advance(.seconds(1800))
            _ = try await replica.plans.planDue()
            try await replica.performAll()
        }
    }

    @Test("A changed time holds at once, a cleared one at once too; no day has two imports (K9)")
    func changes() async throws {
        let stubs = StubServices()
        try await stubs.serve { services, _ in
            try await SchedulerBed.with(at: "2026-11-20T23:00:00Z") { bed in
                let replica = bed.replica(services)
                func feed(_ version: Int, _ time: String?, isDeleted: Bool = false) async throws {
                    try await replica.connections.apply(
                        Sample.connection(version: version, syncTime: time, isDeleted: isDeleted),
                        gateway: "kassanet"
                    )
                }
                try await replica.tasks.register()
                try await replica.connections.apply(
                    Sample.connection(Sample.second, syncTime: "05:00"),
                    gateway: "kassanet"
                )
                try await feed(1, "05:00")
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == instant("2026-11-21T04:00:00Z"))
                // Earlier the same night, before it ran.
                try await feed(2, "03:00")
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == instant("2026-11-21T02:00:00Z"))
                try await live(12, bed, replica)
                // It ran at three; later the same day it need not again.
                try await feed(3, "20:00")
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == instant("2026-11-22T19:00:00Z"))
                // Something older than what is known changes nothing.
                try await feed(2, "03:00")
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == instant("2026-11-22T19:00:00Z"))
                try await feed(4, nil)
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == nil)
                try await live(48, bed, replica)
                #expect(stubs.notes.syncs.count { $0.merchantId == Sample.first.merchantID } == 1)
                // The other merchant's location of the same name had its own all along.
                #expect(stubs.notes.syncs.count { $0.merchantId == Sample.second.merchantID } == 3)
                try await feed(5, "05:00")
                try await feed(6, "05:00", isDeleted: true)
                #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == nil)
                try await live(24, bed, replica)
                #expect(stubs.notes.syncs.count { $0.merchantId == Sample.first.merchantID } == 1)
            }
        }
    }

    @Test("A tombstone of the old gateway takes nothing from a location that has moved to another")
    func movedGateway() async throws {
        try await SchedulerBed.with { bed in
            let replica = bed.replica()
            try await replica.connections.apply(Sample.connection(version: 9, syncTime: "05:00"), gateway: "kassanet")
            try await replica.connections.apply(Sample.connection(version: 2, syncTime: "06:00"), gateway: "mplus")
            try await replica.connections.apply(Sample.connection(version: 10, isDeleted: true), gateway: "kassanet")
            #expect(try await bed.nextDue(TaskNames.autoSync, Sample.first) == instant("2026-11-22T05:00:00Z"))
        }
    }

    @Test("A call that fails is made again within the run; an import under way is joined")
    func retries() async throws {
        let stubs = StubServices()
        try await stubs.serve { services, _ in
            try await SchedulerBed.with { bed in
                let replica = bed.replica(services)
                try await bed.know(TaskNames.autoSync)
                try await replica.connections.apply(Sample.connection(syncTime: "05:00"), gateway: "kassanet")
                bed.clock.set(instant("2026-11-22T04:00:00Z"))
                _ = try await replica.plans.planDue()
                let run = try #require(
                    try await replica.runs.claim(TaskNames.autoSync, lane: 0, limit: 1).first
                )
                let context = CallContext.background(timeout: .seconds(120), logger: SchedulerBed.logger)
                var work = AutoSync(menuSync: services.menuSync, runs: replica.runs)
                work.pauses = [.milliseconds(5), .milliseconds(5), .milliseconds(5)]
                stubs.change { $0.failingSyncs = 3 }
                #expect(try await work.run(run, context).reason == "started")
                #expect(stubs.notes.syncs.count == 1)
                stubs.change { $0.isSyncing = true }
                #expect(try await work.run(run, context).reason == "joined")
                stubs.change { $0.failingSyncs = 4 }
                let error = await #expect(throws: RPCError.self) { try await work.run(run, context) }
                #expect(error?.reason == "database_busy")
            }
        }
    }
}
