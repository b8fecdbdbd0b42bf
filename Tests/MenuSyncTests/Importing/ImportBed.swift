import Contracts
import Foundation
import Logging
import Postgres
import RPC
import RPCClient
import Secrets
import ServiceLifecycle
import TestBed

@testable import MenuSync

/// A migrated database of its own, and a register, for one test.
struct ImportBed: Sendable {
    let url: Secret
    let pool: PostgresPool
    let register: FakeRegister
    let client: RPCClient

    static let merchant = MerchantID(unchecked: "m-1")
    static let location = LocationID(unchecked: "antwerp")
    static let key = MenuKey(merchantID: merchant, locationID: location)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body with an empty, migrated database and a register that is served.
    static func with<Value: Sendable>(
        _ body: @escaping @Sendable (ImportBed) async throws -> Value
    ) async throws -> Value {
        let url = try await PrivatePostgres.shared.freshDatabase(template: "menu-sync-imports") { url in
            try await withPool(url) { pool in
                _ = try await Migrator(Migrations.all).apply(pool, schema: Migrations.schema)
            }
        }
        let register = FakeRegister()
        return try await register.serve { client in
            try await withPool(url) { pool in
                try await body(ImportBed(url: url, pool: pool, register: register, client: client))
            }
        }
    }

    static func withPool<Value: Sendable>(
        _ url: Secret,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let configuration = PostgresConfiguration(
            url: url,
            searchPath: Migrations.schema,
            maxConnections: 8,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "menu-sync-tests"
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

    static func context(_ timeout: Duration = .seconds(120)) -> CallContext {
        .background(timeout: timeout, logger: logger)
    }

    /// Quick, but for what a test wants slow.
    static var timing: ImportTiming {
        ImportTiming(
            pause: .milliseconds(30),
            limit: .seconds(100),
            lease: .seconds(60),
            poll: .milliseconds(20),
            progress: .milliseconds(1)
        )
    }

    /// A process of menu-sync on this database, that is not running yet.
    func process(_ timing: ImportTiming = Self.timing, imports: Int = 4) -> ImportProcess {
        ImportProcess(
            MenuSyncParts(
                pool: pool,
                gateways: ["kassanet": client],
                allocator: client,
                settings: MenuSyncParts.Settings(
                    timing: timing,
                    imports: imports,
                    followInterval: .milliseconds(20)
                ),
                logger: Self.logger
            )
        )
    }

    /// Makes a location known as the feed would.
    func connect(_ connection: PosConnection = FakeRegister.connection()) async throws {
        _ = try await LocationStore(pool: pool).take(connection, gateway: "kassanet")
    }

    /// Names and prices of a menu as it is.
    func menu(_ key: MenuKey = Self.key) async throws -> [String] {
        try await pool.query(
            """
            SELECT plu || ' ' || name || ' ' || price_cents AS line
            FROM items
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND to_version IS NULL
            ORDER BY plu
            """
        ).map { try $0["line", as: String.self] }
    }

    /// Names of a menu's categories, groups and display groups.
    func parts(_ key: MenuKey = Self.key) async throws -> [String] {
        try await pool.query(
            """
            SELECT kind || ' ' || external_id || ' ' || name AS line
            FROM parts
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND to_version IS NULL
            ORDER BY kind, external_id
            """
        ).map { try $0["line", as: String.self] }
    }

    func count(_ table: String) async throws -> Int {
        try await pool.queryOne("SELECT count(*) AS n FROM \(unescaped: table)")?["n", as: Int.self] ?? 0
    }
}

/// A process of menu-sync but its front door: procedures are called as the router would call them.
struct ImportProcess: Sendable {
    let parts: MenuSyncParts
    private let group: ServiceGroup

    var service: MenuSyncService { parts.service }

    init(_ parts: MenuSyncParts) {
        self.parts = parts
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: parts.services.map { .init(service: $0) },
                logger: ImportBed.logger
            )
        )
    }

    /// Runs the body while the process runs, and stops it gracefully.
    func run<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let running = Task { [group] in try await group.run() }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running.value
        return try result.get()
    }

    func start(_ key: MenuKey = ImportBed.key, planOnly: Bool = false) async throws -> StartSyncResponse {
        try await service.startSync(
            StartSyncRequest(
                merchantId: key.merchantID,
                locationId: key.locationID,
                actor: "anna",
                trigger: .person,
                planOnly: planOnly
            ),
            ImportBed.context()
        )
    }

    /// The import when it is neither waiting for a worker nor under way.
    func end(of sync: UUID, merchant: MerchantID = ImportBed.merchant) async throws -> SyncView {
        var revision = 0
        let deadline = ContinuousClock.now + .seconds(100)
        while ContinuousClock.now < deadline {
            let view = try await service.getSync(
                GetSyncRequest(merchantId: merchant, syncId: sync, afterRevision: revision),
                ImportBed.context()
            ).sync
            if view.state != .known(.pending), view.state != .known(.inProgress) { return view }
            revision = view.revision
        }
        throw TestBedError("Never came: the end of the import")
    }

    func importMenu(_ key: MenuKey = ImportBed.key, planOnly: Bool = false) async throws -> SyncView {
        try await end(of: start(key, planOnly: planOnly).sync.syncId, merchant: key.merchantID)
    }
}
