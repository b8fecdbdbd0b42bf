import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Many orders at once, in this process, through two stores with pools of their own; and the same with planted mistakes.
@Suite(.timeLimit(.minutes(5))) struct RaceTests {
    @Test("Sixty-four orders on forty tables never share one, and none starves (I3)")
    func physicalTables() async throws {
        try await AllocatorBed.with(realTime: true) { bed in
            let history = try await Self.race(bed, .physical)
            #expect(history.problems == [])
            #expect(history.intervals.count == 64 * 5)
            #expect(try await bed.leases() == [])
        }
    }

    @Test("A register that names one number to all never makes two orders share it (F25, I3)")
    func virtualNumbers() async throws {
        try await AllocatorBed.with(realTime: true) { bed in
            let history = try await Self.race(bed, .virtual, workers: 16, rounds: 3)
            #expect(history.problems == [])
            #expect(history.intervals.count == 16 * 3)
        }
    }

    @Test("Two locations whose lock keys collide are only slower (F37, I3)")
    func collidingKeys() async throws {
        try await AllocatorBed.with(realTime: true) { bed in
            try await bed.postgres.executeScript(
                """
                CREATE OR REPLACE FUNCTION location_lock_key(for_merchant text, for_location text) RETURNS bigint
                LANGUAGE sql STABLE AS $$ SELECT 1::bigint $$;
                CREATE OR REPLACE FUNCTION table_lock_key(for_merchant text, for_location text, for_table bigint)
                RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT 2::bigint $$;
                """
            )
            async let first = Self.race(bed, .physical, workers: 16, rounds: 3)
            async let second = Self.race(bed, .physical, workers: 16, rounds: 3, at: .namesake)
            for history in try await [first, second] {
                #expect(history.problems == [])
                #expect(history.intervals.count == 16 * 3)
            }
        }
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var mode: TableMode
        var pieces: [(piece: String, instead: String)]
        var indexes: [String]

        private static let locks: [(piece: String, instead: String)] = [
            ("pg_try_advisory_xact_lock(table_lock_key(for_merchant, for_location, candidate))", "true"),
            ("PERFORM pg_advisory_xact_lock(location_lock_key(for_merchant, for_location));", "NULL;"),
            ("PERFORM pg_advisory_xact_lock_shared(location_lock_key(for_merchant, for_location));", "NULL;"),
        ]
        private static let guardOfGrant = [(piece: "WHERE " + Migrations.isFree("candidate"), instead: "WHERE true")]

        static let all = [
            Mistake(
                testDescription: "no lock and no unique index",
                mode: .physical,
                pieces: locks,
                indexes: ["leases_one_holder_per_table"]
            ),
            Mistake(
                testDescription: "no guard on the insert and no unique index",
                mode: .physical,
                pieces: guardOfGrant,
                indexes: ["leases_one_holder_per_table"]
            ),
            Mistake(
                testDescription: "lock and read in one statement, and no unique index",
                mode: .physical,
                pieces: locks + guardOfGrant + [
                    (
                        "FROM free_tables(for_merchant, for_location, for_order, in_zone) AS free\n",
                        """
                        FROM (SELECT pg_advisory_xact_lock(location_lock_key(for_merchant, for_location))) AS locked,
                            free_tables(for_merchant, for_location, for_order, in_zone) AS free\n
                        """
                    )
                ],
                indexes: ["leases_one_holder_per_table"]
            ),
            Mistake(
                testDescription: "no lock, and neither unique index nor guard on virtual numbers",
                mode: .virtual,
                pieces: locks + [("table_number IS NULL AND " + Migrations.isFree("on_table"), "table_number IS NULL")],
                indexes: ["leases_one_holder_per_table", "leases_one_placement_per_location"]
            ),
        ]
    }

    /// Without these the tests above could be ones that nothing fails.
    @Test("The checker catches a planted mistake", arguments: Mistake.all)
    func aPlantedMistake(_ mistake: Mistake) async throws {
        try await AllocatorBed.with(realTime: true) { bed in
            try await bed.plant(mistake.pieces, dropping: mistake.indexes)
            var problems: [String] = []
            for _ in 0..<10 where problems.isEmpty {
                // Held for a moment, so that two who have the same table do meet.
                problems = try await Self.race(
                    bed,
                    mistake.mode,
                    workers: 32,
                    rounds: 4,
                    holding: .milliseconds(3)
                ).problems
            }
            #expect(problems.contains { $0.contains("overlap") })
        }
    }

    // MARK: -

    /// Takes and gives back forty tables, or one number, in many tasks through two stores.
    private static func race(
        _ bed: AllocatorBed,
        _ mode: TableMode,
        workers: Int = 64,
        rounds: Int = 5,
        at place: Place = .first,
        holding time: Duration? = nil
    ) async throws -> LeaseHistory {
        try await bed.put(tables: 1...40, of: place)
        let history = LeaseHistory()
        let bell = Bell()
        try await AllocatorBed.withPool(bed.url) { pool in
            let stores = [bed.store, LeaseStore(postgres: pool, policy: AllocatorBed.policy)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<workers {
                    let worker = RaceWorker(
                        store: stores[worker % 2],
                        mode: mode,
                        place: place,
                        history: history,
                        bell: bell,
                        time: time
                    )
                    group.addTask {
                        for _ in 0..<rounds { try await worker.takeAndGiveBack() }
                    }
                }
                try await group.waitForAll()
            }
        }
        return history
    }
}

private struct RaceWorker: Sendable {
    let store: LeaseStore
    let mode: TableMode
    let place: Place
    let history: LeaseHistory
    let bell: Bell
    /// How long a table is had.
    let time: Duration?

    func takeAndGiveBack() async throws {
        let order = LeaseOwner.next(at: place)
        while true {
            let rings = await bell.rings
            do {
                let lease = try await take(order)
                let from = ContinuousClock.now
                if let time { try await Task.sleep(for: time) } else { await Task.yield() }
                history.record(
                    LeaseHistory.Interval(
                        merchant: place.merchant.rawValue,
                        location: place.location.rawValue,
                        table: try #require(lease.tableNumber),
                        order: order.order,
                        token: lease.token,
                        from: from,
                        until: .now
                    )
                )
                #expect(try await store.release(order, token: lease.token).changed)
                await bell.ring()
                return
            } catch AllocationError.noFreeTable, AllocationError.placementUnderWay, AllocationError.queued,
                AllocationError.tableInDoubt, AllocationError.tableTaken
            {
                await bell.wait(after: rings)
            }
        }
    }

    private func take(_ order: LeaseOwner) async throws -> Lease {
        guard mode == .virtual else {
            return try await PhysicalAllocation(store: store, register: FakeRegister())
                .lease(for: order, timeZone: AllocatorBed.zone, context: .test).0
        }
        let lease = try await VirtualAllocation(
            store: store,
            register: FakeRegister.naming(900),
            policy: AllocatorBed.policy
        )
        .lease(for: order, timeZone: AllocatorBed.zone, context: .test).0
        switch try await store.pin(order, token: lease.token, table: lease.tableNumber, timeZone: AllocatorBed.zone) {
        case .pinned(let lease): return lease
        default:
            _ = try await store.release(order, token: lease.token)
            await bell.ring()
            throw AllocationError.tableTaken(table: 900, holder: nil)
        }
    }
}

/// Wakes everyone who waits for a table whenever one is given back, and in any case after a moment.
private actor Bell {
    private(set) var rings = 0
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func ring() {
        rings += 1
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    /// Returns at the next ring, or at once where it has rung since `seen`.
    ///
    /// The last to wait rings itself after a moment: then it is a turn that ran out that it waits for.
    func wait(after seen: Int) async {
        guard rings == seen else { return }
        Task {
            try await Task.sleep(for: .milliseconds(100))
            ring()
        }
        await withCheckedContinuation { waiters.append($0) }
    }
}
