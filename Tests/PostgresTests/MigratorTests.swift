import Foundation
import Postgres
import Secrets
import TestBed
import Testing

@Suite struct MigratorTests {
    private let first = Migration(
        version: 1,
        name: "create_orders",
        sql: "CREATE TABLE orders (id bigint CONSTRAINT orders_pkey PRIMARY KEY); INSERT INTO orders VALUES (1);"
    )
    private let second = Migration(version: 2, name: "add_note", sql: "ALTER TABLE orders ADD COLUMN note text;")

    @Test func migrationsAreAppliedOnceAndInOrder() async throws {
        try await Bed().withPool { pool in
            let migrator = Migrator([second, first])
            #expect(try await migrator.pending(pool, schema: "odd_schema") == [first, second])
            #expect(try await migrator.apply(pool, schema: "odd_schema") == [first, second])
            #expect(try await migrator.apply(pool, schema: "odd_schema") == [])
            #expect(try await migrator.pending(pool, schema: "odd_schema") == [])
            let rows = try await pool.query("SELECT version, name FROM odd_schema.schema_migrations ORDER BY version")
            #expect(try rows.map { try $0["name", as: String.self] } == ["create_orders", "add_note"])
            #expect(try await pool.query("SELECT id, note FROM odd_schema.orders").count == 1)
        }
    }

    @Test func severalProcessesAtOnceApplyOnce() async throws {
        try await Bed().withPool { pool in
            let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
                for _ in 0..<5 {
                    group.addTask { try await Migrator([first, second]).apply(pool, schema: "s") }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.map(\.version).sorted() == [1, 2])
        }
    }

    @Test func aChangedMigrationIsRefused() async throws {
        try await Bed().withPool { pool in
            try await Migrator([first]).apply(pool, schema: "s")
            let changed = Migration(version: 1, name: "create_orders", sql: first.sql + " ")
            await #expect(throws: MigrationError.changed(version: 1, name: "create_orders")) {
                try await Migrator([changed, second]).apply(pool, schema: "s")
            }
            #expect(try await Migrator([first, second]).pending(pool, schema: "s") == [second])
        }
    }

    @Test func aNewerVersionThanOursIsLeftAlone() async throws {
        try await Bed().withPool { pool in
            try await Migrator([first, second]).apply(pool, schema: "s")
            #expect(try await Migrator([first]).apply(pool, schema: "s") == [])
        }
    }

    @Test func aFailedMigrationLeavesNothingOfItself() async throws {
        try await Bed().withPool { pool in
            let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE half (a int); SELECT 1 / 0;")
            let error = await postgresError { try await Migrator([first, broken]).apply(pool, schema: "s") }
            #expect(error?.sqlState?.rawValue == "22012")
            let row = try await pool.queryOne(
                "SELECT to_regclass('s.half')::text AS half, to_regclass('s.orders')::text AS orders"
            )
            #expect(try row?["half", as: String?.self] == nil)
            #expect(try row?["orders", as: String?.self] == "s.orders")
        }
    }

    @Test func aMigrationMustNotEndItsTransaction() async throws {
        try await Bed().withPool { pool in
            let own = Migration(version: 1, name: "own", sql: "COMMIT;")
            await #expect(throws: MigrationError.endedItsTransaction(version: 1, name: "own")) {
                try await Migrator([own]).apply(pool, schema: "s")
            }
        }
    }

    @Test func withoutThePrivilegeTheMissingSchemaIsNamed() async throws {
        let bed = try await Bed()
        try await bed.withPool { pool in
            try await pool.executeScript("CREATE ROLE nobody_\(getpid()) LOGIN")
            let url = bed.url.reveal().replacing("postgres@", with: "nobody_\(getpid())@")
            try await bed.withPool({ $0.url = .init(url) }) { restricted in
                await #expect(throws: MigrationError.missingSchema("s")) {
                    try await Migrator([first]).apply(restricted, schema: "s")
                }
            }
        }
    }

    @Test func migrationsAreReadFromAFolder() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for migration in [second, first] {
            let file = folder.appending(path: "000\(migration.version)_\(migration.name).sql")
            try Data(migration.sql.utf8).write(to: file)
        }
        #expect(try Migration.load(from: folder) == [first, second])
    }
}
