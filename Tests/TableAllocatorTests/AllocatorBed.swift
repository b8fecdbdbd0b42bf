import Contracts
import Foundation
import Logging
import Postgres
import RPC
import Secrets
import TestBed
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// A migrated database of its own for one test, with a clock that the test sets.
///
/// `test_clock.now()` stands before PostgreSQL's own `now()` in the search path, so whatever this service asks the
/// database's clock, it asks the test's.
struct AllocatorBed {
    let url: Secret
    let postgres: PostgresPool
    let store: LeaseStore
    let sections: SectionStore

    var codes: TableCodeStore { TableCodeStore(postgres: postgres) }

    var sweeps: SweepStore {
        SweepStore(postgres: postgres, waiterTime: Self.policy.waiterTime, historyTime: .seconds(90 * 86_400))
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let policy = AllocationPolicy(askAgainAfter: [.zero, .zero, .zero])
    static let zone = "Europe/Brussels"

    /// Runs the body with an empty, migrated database.
    ///
    /// Its clock goes a hundred times slower than others, unless the body wants `realTime`: a turn of two seconds does not
    /// run out because the machine is busy with something else.
    static func with<Value: Sendable>(
        realTime: Bool = false,
        _ body: (AllocatorBed) async throws -> Value
    ) async throws -> Value {
        let url = try await PrivatePostgres.shared.freshDatabase(template: "table-allocator") { url in
            try await withPool(url) { pool in
                try await Migrator(Migrations.all).apply(pool, schema: Migrations.schema)
                try await pool.executeScript(clock)
            }
        }
        return try await withPool(url) { pool in
            if !realTime { try await pool.execute("UPDATE test_clock.clock SET slow_since = pg_catalog.now()") }
            return try await body(
                AllocatorBed(
                    url: url,
                    postgres: pool,
                    store: LeaseStore(postgres: pool, policy: policy),
                    sections: SectionStore(postgres: pool)
                )
            )
        }
    }

    /// Runs the body with another pool to a database, as another replica would have it.
    static func withPool<Value: Sendable>(
        _ url: Secret,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let configuration = PostgresConfiguration(
            url: url,
            searchPath: "\(Migrations.schema), test_clock, pg_catalog",
            maxConnections: 8,
            // Dozens of tasks share them, and how long the last one waits is the machine's business.
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            statementTimeout: .seconds(60),
            lockTimeout: .seconds(40),
            applicationName: "table-allocator-tests"
        )
        let pool = PostgresPool(configuration, logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    private static let clock = """
        CREATE SCHEMA test_clock;
        CREATE TABLE test_clock.clock (shown timestamptz, slow_since timestamptz, ahead interval NOT NULL);
        INSERT INTO test_clock.clock (ahead) VALUES ('0');
        CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
            SELECT coalesce(shown, slow_since + (pg_catalog.now() - slow_since) / 100, pg_catalog.now()) + ahead
            FROM test_clock.clock
        $$;
        """

    // MARK: - What tests do

    func setClock(_ instant: String) async throws {
        try await postgres.execute("UPDATE test_clock.clock SET shown = \(instant)::timestamptz, ahead = '0'")
    }

    func advanceClock(seconds: Int) async throws {
        let seconds = Double(seconds)
        try await postgres.execute("UPDATE test_clock.clock SET ahead = ahead + make_interval(secs => \(seconds))")
    }

    func put(tables: some Sequence<Int>, in section: String = "Terrace", of location: Place = .first) async throws {
        let request = PutSectionRequest(
            merchantId: location.merchant,
            locationId: location.location,
            name: section,
            tables: tables.map { SectionTable(tableNumber: $0, name: "Table \($0)") }
        )
        #expect(try await sections.put(Section(request)) == .done)
    }

    func named(_ table: Int, for owner: LeaseOwner = .next()) async throws -> Lease {
        try await NamedAllocation(store: store, register: FakeRegister())
            .lease(ofTable: table, for: owner, timeZone: Self.zone, context: .test).0
    }

    func virtual(_ register: FakeRegister, for owner: LeaseOwner = .next()) async throws -> Lease {
        try await VirtualAllocation(store: store, register: register, policy: Self.policy)
            .lease(for: owner, timeZone: Self.zone, context: .test).0
    }

    /// Makes a lease permanent under the number it was given.
    @discardableResult
    func pin(_ lease: Lease, timeZone: String = zone) async throws -> Pinning {
        try await store.pin(lease.owner, token: lease.token, table: lease.tableNumber, timeZone: timeZone)
    }

    @discardableResult
    func release(_ lease: Lease, settlingFor delay: Duration? = nil) async throws -> LeaseEnd {
        try await store.release(lease.owner, token: lease.token, settlingFor: delay)
    }

    func waiters(at place: Place = .first) async throws -> [WaiterView] {
        try await store.waiters(of: place.merchant, at: place.location)
    }

    /// Replaces functions of the schema by broken ones.
    ///
    /// Each change is a piece of the functions' text and what stands there instead; a piece that is not there fails the
    /// test, so that no planted mistake is planted nowhere.
    func plant(_ mistakes: [(piece: String, instead: String)], dropping indexes: [String] = []) async throws {
        var functions = Migrations.functions
        for (piece, instead) in mistakes {
            try #require(functions.contains(piece))
            functions = functions.replacing(piece, with: instead)
        }
        let drops = indexes.map { "DROP INDEX \($0);" }.joined(separator: "\n")
        try await postgres.executeScript(
            drops + functions.replacing("CREATE FUNCTION", with: "CREATE OR REPLACE FUNCTION")
        )
    }

    func physical(
        _ register: FakeRegister = FakeRegister(),
        for owner: LeaseOwner = .next(),
        timeZone: String = zone
    ) async throws -> (lease: Lease, bill: Bill?) {
        try await PhysicalAllocation(store: store, register: register)
            .lease(for: owner, timeZone: timeZone, context: .test)
    }

    func leases(at place: Place = .first) async throws -> [Lease] {
        try await store.leases(of: place.merchant, at: place.location)
    }

    /// How often each table was used, in each month, as `table/month`.
    func usage() async throws -> [String: Int] {
        let rows = try await postgres.query("SELECT table_number || '/' || month AS key, uses FROM table_usage")
        return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(String.self, Int.self) })
    }
}

/// A location of a merchant.
struct Place: Sendable, Hashable {
    var merchant: MerchantID
    var location: LocationID

    static let first = Place(merchant: MerchantID(unchecked: "m1"), location: LocationID(unchecked: "main"))
    /// Another merchant's location of the same name.
    static let namesake = Place(merchant: MerchantID(unchecked: "m2"), location: LocationID(unchecked: "main"))
}

extension LeaseOwner {
    /// A new order.
    static func next(at place: Place = .first) -> LeaseOwner {
        LeaseOwner(merchant: place.merchant, location: place.location, order: UUID())
    }
}

extension CallContext {
    static var test: CallContext { .background(timeout: .seconds(120), logger: AllocatorBed.logger) }
}

/// The allocation error a body throws; `nil` when it returns or throws something else.
func allocationError(_ body: () async throws -> Void) async -> AllocationError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? AllocationError
    }
}

/// The reason a caller would be told; `nil` when the body returns.
func reason(_ body: () async throws -> Void) async -> String? {
    await allocationError(body)?.rpcError.reason
}
