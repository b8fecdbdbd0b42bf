import Foundation
import Postgres
import Synchronization
import Testing

@testable import TableAllocator

@Suite(.timeLimit(.minutes(5))) struct RaceTests {
    @Test func sixtyFourOrdersOnFortyTablesNeverShareOneAndNoneStarves() async throws {
        try await AllocatorBed.with { bed in
            let ledger = try await race(bed)
            #expect(ledger.overlaps == 0)
            #expect(ledger.outdatedTokens == 0)
            #expect(ledger.leases == 64 * 5)
            #expect(try await bed.leases() == [])
        }
    }

    /// Without this the test above could be one that nothing fails.
    @Test func withoutLockAndIndexTheSameRaceIsCaughtSharingTables() async throws {
        try await AllocatorBed.with { bed in
            try await bed.postgres.executeScript(
                """
                DROP INDEX leases_one_holder_per_table;
                CREATE OR REPLACE FUNCTION location_lock_key(for_merchant text, for_location text) RETURNS bigint
                LANGUAGE sql VOLATILE AS $$ SELECT (random() * 1e15)::bigint $$;
                """
            )
            #expect(try await race(bed).overlaps > 0)
        }
    }

    /// Sixty-four tasks take and give back forty tables, five times each, through two stores with pools of their own.
    private func race(_ bed: AllocatorBed) async throws -> Ledger {
        try await bed.put(tables: 1...40)
        let ledger = Ledger()
        let bell = Bell()
        try await AllocatorBed.withPool(bed.url) { pool in
            let stores = [bed.store, LeaseStore(postgres: pool, policy: AllocatorBed.policy)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<64 {
                    let allocation = PhysicalAllocation(store: stores[worker % 2], register: FakeRegister())
                    group.addTask {
                        for _ in 0..<5 { try await takeAndGiveBack(allocation, ledger, bell) }
                    }
                }
                try await group.waitForAll()
            }
        }
        return ledger
    }

    private func takeAndGiveBack(_ allocation: PhysicalAllocation, _ ledger: Ledger, _ bell: Bell) async throws {
        let order = LeaseOwner.next()
        while true {
            let rings = await bell.rings
            do {
                let (lease, _) = try await allocation.lease(for: order, timeZone: AllocatorBed.zone, context: .test)
                ledger.take(lease)
                await Task.yield()
                ledger.giveBack(lease)
                #expect(try await allocation.store.release(order, token: lease.token))
                await bell.ring()
                return
            } catch AllocationError.noFreeTable {
                await bell.wait(after: rings)
            }
        }
    }

    @Test func theIndexRefusesASecondHolderThatNoGuardStopped() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.named(7)
            try await expect(bed, "leases_one_holder_per_table", mode: "named", table: "7")
        }
    }

    @Test func theIndexRefusesASecondPlacementThatNoGuardStopped() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.virtual(.naming(900))
            try await expect(bed, "leases_one_placement_per_location", mode: "virtual", table: "901")
        }
    }

    @Test func theIndexRefusesASecondLeaseOfAnOrder() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            try await expect(bed, "leases_pkey", mode: "named", table: "8", order: lease.owner.order)
        }
    }

    /// Expects that a row written past all guards breaks the constraint.
    private func expect(
        _ bed: AllocatorBed,
        _ constraint: String,
        mode: String,
        table: String,
        order: UUID = UUID()
    ) async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await bed.postgres.execute(
                """
                INSERT INTO leases (
                    merchant_id, location_id, order_id, mode, table_number, fencing_token, state, is_concluded, pins,
                    since, expires_at
                )
                VALUES (
                    'm1', 'main', \(order), \(mode), \(unescaped: table), nextval('fencing_tokens'), 'held', false, 0,
                    now(), now() + interval '1 minute'
                )
                """
            )
        }
        #expect(error?.isConstraintViolation(constraint) == true)
    }
}

/// Who had which table when, as the holders saw it: each interval lies within the lease's own.
private final class Ledger: Sendable {
    private struct State {
        var holders: [Int: UUID] = [:]
        var lastToken: [Int: Int] = [:]
        var overlaps = 0
        var outdatedTokens = 0
        var leases = 0
    }

    private let state = Mutex(State())

    var overlaps: Int { state.withLock { $0.overlaps } }
    var outdatedTokens: Int { state.withLock { $0.outdatedTokens } }
    var leases: Int { state.withLock { $0.leases } }

    func take(_ lease: Lease) {
        state.withLock { state in
            let table = lease.tableNumber ?? 0
            state.leases += 1
            if state.holders.updateValue(lease.owner.order, forKey: table) != nil { state.overlaps += 1 }
            if lease.token <= state.lastToken[table] ?? 0 { state.outdatedTokens += 1 }
            state.lastToken[table] = lease.token
        }
    }

    func giveBack(_ lease: Lease) {
        state.withLock { $0.holders[lease.tableNumber ?? 0] = nil }
    }
}

/// Wakes everyone who waits for a table whenever one is given back.
private actor Bell {
    private(set) var rings = 0
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func ring() {
        rings += 1
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    /// Returns at the next ring, or at once where it has rung since `seen`.
    func wait(after seen: Int) async {
        guard rings == seen else { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}
