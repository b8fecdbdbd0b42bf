import Contracts
import Foundation
import Logging
import Postgres
import RPC
import TableAllocatorStorage
import TestBed

/// How many tables are given and taken back per second, by the allocator's own library (G4, G5).
struct AllocationMeasure {
    let rig: Rig
    let pairs: Int
    let seconds: Int

    private static let clients = 8

    func run() async throws -> [Finding] {
        try await rig.database.psql("tables-setup.sql")
        let pool = PostgresPool(
            PostgresConfiguration(
                url: PrivatePostgres.url(rig.database.administrator, role: "table_allocator"),
                searchPath: "table_allocator",
                maxConnections: Self.clients,
                applicationName: "bench"
            ),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        let leases = LeaseStore(postgres: pool, policy: AllocationPolicy())
        let result: Result<[Finding], any Error>
        do {
            result = .success([
                try await finding("G4", "200 locations", "ar.sql", leases, locations: 1...200, bar: 0.70, target: 0.90),
                try await finding(
                    "G5",
                    "one hot location",
                    "ar_hot.sql",
                    leases,
                    locations: 1...1,
                    bar: 0.80,
                    target: 1.5
                ),
            ])
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    private func finding(
        _ goal: String,
        _ where: String,
        _ script: String,
        _ leases: LeaseStore,
        locations: ClosedRange<Int>,
        bar: Double,
        target: Double
    ) async throws -> Finding {
        var rates = Pairs()
        for _ in 0..<pairs {
            let reference = try await rig.database.pgbench(
                script,
                role: "table_allocator",
                clients: Self.clients,
                seconds: seconds
            )
            rates.add(ours: try await rate(leases, locations), reference: reference.perSecond)
        }
        return Finding(
            goal: goal,
            what: "tables given and taken back per second, \(`where`)",
            ours: rates.ours.median.short,
            reference: "\(rates.reference.median.short) pgbench, the same statements, \(Self.clients) clients",
            ratio: rates.ratio,
            bar: bar,
            target: target,
            better: .higher
        )
    }

    private func rate(_ leases: LeaseStore, _ locations: ClosedRange<Int>) async throws -> Double {
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<Self.clients {
                group.addTask {
                    var done = 0
                    while ContinuousClock.now < end {
                        let owner = LeaseOwner(
                            merchant: Rig.merchant,
                            location: LocationID(unchecked: "l\(Int.random(in: locations))"),
                            order: UUID()
                        )
                        let claim = try await leases.claim(
                            .physical,
                            table: nil,
                            for: owner,
                            timeZone: "Europe/Brussels"
                        )
                        guard case .leased(let lease, _) = claim else {
                            throw TestBedError("No table was free: \(claim)")
                        }
                        _ = try await leases.release(owner, token: lease.token)
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(done) / (start.duration(to: .now) / .seconds(1))
    }
}
