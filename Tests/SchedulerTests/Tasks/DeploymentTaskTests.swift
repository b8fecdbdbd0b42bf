import AsyncHTTPClient
import Contracts
import Foundation
import RPC
import RPCClient
import Testing

@testable import Scheduler

/// Stock, leases and retention.
@Suite(.timeLimit(.minutes(5))) struct DeploymentTaskTests {
    /// Turns the clock and does what is due, a minute at a time.
    private func live(_ minutes: Int, _ bed: SchedulerBed, _ replica: Replica) async throws {
        for _ in 0..<minutes {
            bed.clock.advance(.seconds(60))
            _ = try await replica.plans.planDue()
            try await replica.performAll()
        }
    }

    @Test("Stock is read about every five minutes where registers count articles, and nowhere else (K27)")
    func stock() async throws {
        let stubs = StubServices()
        stubs.change { $0.stockLocations = [Sample.first, Sample.second, Sample.location("m3", "gone")] }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
                let replica = bed.replica(services, dice: .fair)
                try await replica.tasks.register()
                try await replica.connections.apply(Sample.connection(), gateway: "kassanet")
                try await replica.connections.apply(Sample.connection(Sample.second), gateway: "kassanet")
                try await replica.connections.apply(Sample.connection(Sample.location("m4")), gateway: "kassanet")
                try await live(65, bed, replica)
                for location in [Sample.first, Sample.second] {
                    let runs = try await bed.runs(TaskNames.stock, replica, at: location)
                    #expect((8...16).contains(runs.count))
                    #expect(runs.allSatisfy { $0.reason == "read" })
                    let gaps = zip(runs, runs.dropFirst()).map { $1.dueAt.timeIntervalSince($0.dueAt) }
                    #expect(gaps.allSatisfy { (235...425).contains($0) })
                    #expect(Set(gaps).count > 1)
                }
                #expect(Set(stubs.notes.stocks.map(\.merchantId.rawValue)) == ["m1", "m2"])
                // Nothing but a test is tried against a register that is away.
                try await replica.connections.apply(
                    Sample.connection(version: 2, status: .disconnected),
                    gateway: "kassanet"
                )
                stubs.change {
                    $0.stocks = []
                    $0.stockLocations = [Sample.first]
                }
                try await live(13, bed, replica)
                #expect(!stubs.notes.stocks.contains { $0.merchantId.rawValue == "m1" })
                let last = try await bed.runs(TaskNames.stock, replica, at: Sample.first).last
                #expect(last?.outcome?.knownValue == .skipped)
                #expect(last?.reason == "register_unreachable")
                // One that no longer counts anything is no longer asked.
                #expect(try await bed.nextDue(TaskNames.stock, Sample.second) == nil)
            }
        }
    }

    @Test("Leases are swept every minute")
    func sweep() async throws {
        let stubs = StubServices()
        try await stubs.serve { services, _ in
            try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
                let replica = bed.replica(services)
                try await replica.tasks.register()
                try await live(5, bed, replica)
                #expect(stubs.notes.sweeps == 5)
                let runs = try await bed.runs(TaskNames.sweep, replica)
                #expect(runs.map(\.dueAt) == (1...5).map { instant("2026-11-21T12:00:00Z") + Double($0) * 60 })
                #expect(runs.last?.items.first == TaskRunItem(name: "expired leases", outcome: .succeeded, count: 1))
            }
        }
    }

    @Test("Retention asks every service, batch by batch until nothing is left; one that cannot is a failed part")
    func retention() async throws {
        let stubs = StubServices()
        stubs.change { $0.erasuresLeft = 4 }
        try await stubs.serve { services, _ in
            try await SchedulerBed.with(at: "2026-11-21T03:00:00Z") { bed in
                // A service that is older than this scheduler does not know the call.
                let old = StubServices()
                old.change { $0.erasureFails = true }
                try await old.serve { others, _ in
                    var services = services
                    services.menuSync = others.menuSync
                    services.gateways = ["kassanet": Self.nobody]
                    let replica = bed.replica(services)
                    try await replica.tasks.register()
                    bed.clock.set(instant("2026-11-21T03:30:00Z"))
                    _ = try await replica.plans.planDue()
                    for run in try await replica.runs.claim(TaskNames.retention, lane: 0, limit: 1) {
                        try await replica.perform(run)
                    }
                    let run = try #require(try await bed.runs(TaskNames.retention, replica).first)
                    #expect(run.dueAt == instant("2026-11-21T03:30:00Z"))
                    #expect(run.outcome?.knownValue == .failed)
                    let items = Dictionary(uniqueKeysWithValues: run.items.map { ($0.name, $0) })
                    #expect(items.keys.sorted() == ["kassanet-gateway", "menu-sync", "order-router", "scheduler"])
                    #expect(items["order-router"]?.outcome.knownValue == .succeeded)
                    #expect(items["order-router"]?.count == 4000)
                    #expect(items["menu-sync"]?.reason == "disk_full")
                    #expect(items["kassanet-gateway"]?.reason == "service_unreachable")
                    #expect(items["kassanet-gateway"]?.nextAction == "retry")
                    #expect(items["scheduler"]?.outcome.knownValue == .succeeded)
                    #expect(run.explanation?.contains("The disk is full.") == true)
                    #expect(stubs.notes.erasures == 4)
                }
            }
        }
    }

    private static let nobody = RPCClient(baseURL: "http://127.0.0.1:1", token: StubServices.token, http: .shared)
}
