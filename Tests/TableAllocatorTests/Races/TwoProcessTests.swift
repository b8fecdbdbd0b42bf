import Contracts
import Foundation
import RPC
import RPCClient
import Secrets
import Synchronization
import TestBed
import Testing

/// Sixty-four orders at a time through two processes of table-allocator, as replicas have it.
///
/// `TABLE_RACE_SECONDS` says for how long; a few seconds where it is not set.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TwoProcessTests {
    private static let seconds = ProcessInfo.processInfo.environment["TABLE_RACE_SECONDS"].flatMap { Int($0) } ?? 3

    @Test("Two processes never give one of forty tables to two orders, and no order starves (I3)")
    func physicalTables() async throws {
        try await Self.withReplicas { replicas in
            let run = RaceRun(mode: .physical, for: .seconds(Self.seconds))
            for merchant in ["m1", "m2"] {
                let section = PutSectionRequest(
                    merchantId: MerchantID(unchecked: merchant),
                    locationId: RaceRun.location,
                    name: "Terrace",
                    tables: (1...40).map { SectionTable(tableNumber: $0) }
                )
                _ = try await replicas[0].call(TableAllocatorV1.putSection, section, context: .byHand())
            }
            // The other merchant's location has the same name and the same numbers.
            try await run.work(64, for: "m1", and: 8, for: "m2", through: replicas)
            try await Self.expectFair(run, replicas)
        }
    }

    @Test("Two processes never let two orders have the one number that the register names to all (F25, I3)")
    func virtualNumbers() async throws {
        try await Self.withReplicas { replicas in
            let run = RaceRun(mode: .virtual, for: .seconds(Self.seconds))
            try await run.work(64, for: "m1", and: 8, for: "m2", through: replicas)
            try await Self.expectFair(run, replicas)
        }
    }

    private static func expectFair(_ run: RaceRun, _ replicas: [RPCClient]) async throws {
        let history = run.history
        #expect(history.problems == [])
        #expect(run.failures == [])
        // A run in which nothing worked must not count as passed, nor one in which somebody never had a turn.
        #expect(history.intervals.count >= 72)
        #expect(run.served.count == 72)
        // Seconds where the machine has nothing else to do; whoever starves waits until the end.
        #expect(run.longestWait < .seconds(150), "one order waited \(run.longestWait)")
        print("\(history.intervals.count) leases, longest wait \(run.longestWait)")
        for (place, merchant) in ["m1", "m2"].enumerated() {
            let list = ListLeasesRequest(merchantId: MerchantID(unchecked: merchant), locationId: RaceRun.location)
            let left = try await replicas[place].call(TableAllocatorV1.listLeases, list, context: .byHand())
            #expect(left.leases == [])
            #expect(left.unsettled == [])
        }
    }

    /// Two processes of the real executable on one database, with a gateway of this test's behind them.
    private static func withReplicas(_ body: @escaping @Sendable ([RPCClient]) async throws -> Void) async throws {
        let database = try await PrivatePostgres.shared.freshDatabase()
        try await Fleet.prepare(database)
        try await FakeGateway.serve(naming: 900) { gateway in
            let settings = [
                "GATEWAYS": "kassanet=\(gateway)", "CALLER_TOKEN": FakeGateway.token.reveal(), "LOG_LEVEL": "error",
            ]
            let fleets = try (0..<2).map { _ in
                try Fleet(
                    database: { PrivatePostgres.url(database, role: $0) },
                    settings: [.tableAllocator: settings.merging(["LOG_LEVEL": "info"]) { $1 }]
                )
            }
            let result: Result<Void, any Error>
            do {
                for fleet in fleets { try await fleet.start([.tableAllocator]) }
                result = .success(try await body(fleets.map { $0.client(.tableAllocator) }))
            } catch {
                result = .failure(error)
            }
            for fleet in fleets { await fleet.stop() }
            try result.get()
        }
    }
}

/// Workers that take a table, have it for a moment and give it back, each order by itself, until the time is up.
private final class RaceRun: Sendable {
    static let location = LocationID(unchecked: "main")

    let mode: TableMode
    let history = LeaseHistory()
    private let end: ContinuousClock.Instant
    private let bell = OrderBell()
    private let seen = Mutex((served: Set<Int>(), longestWait: Duration.zero, failures: [String]()))

    init(mode: TableMode, for time: Duration) {
        self.mode = mode
        end = .now + time
    }

    /// The workers that had a table at least once.
    var served: Set<Int> { seen.withLock { $0.served } }
    var longestWait: Duration { seen.withLock { $0.longestWait } }
    var failures: [String] { seen.withLock { $0.failures } }

    func work(
        _ many: Int,
        for merchant: String,
        and few: Int,
        for other: String,
        through replicas: [RPCClient]
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<many + few {
                let merchant = MerchantID(unchecked: worker < many ? merchant : other)
                group.addTask {
                    // Everybody gets one order through, however long that takes; the bound on it is checked.
                    repeat {
                        try await self.serve(UUID(), of: merchant, by: worker, replicas)
                    } while ContinuousClock.now < self.end
                }
            }
            try await group.waitForAll()
        }
    }

    private func serve(_ order: UUID, of merchant: MerchantID, by worker: Int, _ replicas: [RPCClient]) async throws {
        let start = ContinuousClock.now
        var call = worker
        while true {
            call += 1
            let rings = await bell.rings(for: order)
            do {
                let lease = try await take(order, of: merchant, replicas[call % 2])
                let from = ContinuousClock.now
                note(worker, waited: from - start)
                try await Task.sleep(for: .milliseconds(mode == .physical ? 20 : 1))
                history.record(
                    LeaseHistory.Interval(
                        merchant: merchant.rawValue,
                        location: Self.location.rawValue,
                        table: lease.tableNumber,
                        order: order,
                        token: lease.fencingToken,
                        from: from,
                        until: .now
                    )
                )
                let end = try await replicas[(call + 1) % 2].call(
                    TableAllocatorV1.release,
                    request(order, merchant, lease),
                    context: .byHand()
                )
                for woken in end.wake ?? [] { await bell.ring(for: woken) }
                return
            } catch let error as RPCError where Self.waits.contains(error.reason ?? "") {
                await bell.wait(for: order, after: rings, atMost: .milliseconds(700))
            } catch let error as RPCError {
                seen.withLock { $0.failures.append("\(error.reason ?? "-"): \(error.message)") }
                throw error
            }
        }
    }

    /// What tells an order to ask again; a database that a busy machine starves is not the allocator's doing.
    private static let waits: Set = ["no_free_table", "table_busy", "database_busy"]

    private func take(_ order: UUID, of merchant: MerchantID, _ replica: RPCClient) async throws -> TableLease {
        let answer = try await replica.call(
            TableAllocatorV1.allocate,
            AllocateRequest(
                merchantId: merchant,
                locationId: Self.location,
                orderId: order,
                mode: mode,
                gateway: "kassanet",
                timeZone: "Europe/Brussels"
            ),
            context: .byHand()
        )
        return try await replica.call(
            TableAllocatorV1.pin,
            request(order, merchant, answer.lease),
            context: .byHand()
        )
        .lease
    }

    private func request(_ order: UUID, _ merchant: MerchantID, _ lease: TableLease) -> LeaseRequest {
        LeaseRequest(
            merchantId: merchant,
            locationId: Self.location,
            orderId: order,
            fencingToken: lease.fencingToken,
            timeZone: "Europe/Brussels",
            tableNumber: lease.tableNumber
        )
    }

    private func note(_ worker: Int, waited: Duration) {
        seen.withLock { seen in
            seen.served.insert(worker)
            seen.longestWait = max(seen.longestWait, waited)
        }
    }
}

/// Wakes the orders that a release names, and no other.
private actor OrderBell {
    private var count: [UUID: Int] = [:]
    private var waiting: [UUID: CheckedContinuation<Void, Never>] = [:]

    func rings(for order: UUID) -> Int { count[order, default: 0] }

    func ring(for order: UUID) {
        count[order, default: 0] += 1
        waiting.removeValue(forKey: order)?.resume()
    }

    /// Returns when the order is woken, or after the time at which it would ask again anyway.
    func wait(for order: UUID, after seen: Int, atMost time: Duration) async {
        guard rings(for: order) == seen else { return }
        let timer = Task {
            try await Task.sleep(for: time)
            ring(for: order)
        }
        await withCheckedContinuation { waiting[order] = $0 }
        timer.cancel()
    }
}
