import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

/// What is erased of menus, and what may not be.
@Suite(.timeLimit(.minutes(5))) struct RetentionTests {
    private static func store(_ bed: MenuBed, versions: Int) -> RetentionStore {
        RetentionStore(pool: bed.pool, times: RetentionTimes(days: 30, versions: versions))
    }

    @Test("A version that can be asked for has all of its items, however few rows are erased at a time")
    func versionsAreWhole() async throws {
        try await MenuBed.with { bed in
            for version in 1...5 { try await bed.take(.plain(3, priceCents: 100 * version)) }
            let store = Self.store(bed, versions: 2)
            var isMore = true
            while isMore {
                isMore = try await store.erase(limit: 1).isMore
                for version in try await bed.menus.versions(.first, limit: 10).map(\.version) {
                    let prices = try await bed.read(version: version).items.map(\.priceCents)
                    let expected: [Cents] = Array(repeating: 100 * version, count: 3)
                    #expect(prices == expected)
                }
            }
            #expect(try await bed.menus.versions(.first, limit: 10).map(\.version) == [5, 4])
            let left = try await bed.pool.queryOne("SELECT count(*) AS n FROM items WHERE to_version < 4")
            #expect(try left?["n", as: Int.self] == 0)
        }
    }

    @Test("The oldest version that is kept still tells what it changed")
    func changesOfTheOldest() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(3, priceCents: 100))
            let sync = UUID()
            _ = try await bed.plan(.plain(2, priceCents: 200), as: sync)
            _ = try await bed.apply(sync)
            try await bed.staging.clear(sync)
            try await bed.take(.plain(2, priceCents: 300))
            let before = try await bed.changes(sync)
            #expect(before.map(\.change) == [.known(.changed), .known(.changed), .known(.removed)])
            _ = try await Self.store(bed, versions: 2).erase(limit: 1000)
            #expect(try await bed.menus.versions(.first, limit: 10).map(\.version) == [3, 2])
            #expect(try await bed.changes(sync) == before)
        }
    }

    @Test("A version that is being gone back to is not erased meanwhile, and erasing does not wait for it")
    func rollbackHoldsItsVersion() async throws {
        try await MenuBed.with { bed in
            for version in 1...3 { try await bed.take(.plain(3, priceCents: 100 * version)) }
            let store = Self.store(bed, versions: 1)
            try await bed.pool.transaction { transaction in
                _ = try await transaction.query("SELECT 1 FROM versions WHERE version = 1 FOR KEY SHARE")
                _ = try await store.erase(limit: 1000)
            }
            #expect(try await bed.menus.versions(.first, limit: 10).map(\.version) == [3, 1])
            _ = try await bed.menus.rollBack(.first, to: 1, actor: "Ann")
            #expect(try await bed.read().items.map(\.priceCents) == [100, 100, 100])
        }
    }

    @Test("What lies aside of no import goes; what is young, or of an import that waits, stays")
    func lostStaging() async throws {
        try await MenuBed.with { bed in
            let (lost, young) = (UUID(), UUID())
            _ = try await bed.plan(.plain(3), as: lost)
            _ = try await bed.plan(.plain(5), as: young, of: .elsewhere)
            try await bed.pool.execute(
                "UPDATE stagings SET begun_at = now() - interval '2 hours' WHERE sync_id = \(lost)"
            )
            let erased = try await Self.store(bed, versions: 1).erase(limit: 1000).erased
            #expect(erased.filter { $0.rows > 0 }.map { "\($0.what) \($0.rows)" } == ["menu_imports_kept_aside 1"])
            let left = try await bed.pool.query("SELECT DISTINCT sync_id FROM staged_products")
            #expect(try left.map { try $0["sync_id", as: UUID.self] } == [young])
        }
    }
}
