import Logging
import Postgres
import Secrets
import Synchronization
import TestBed

/// An empty database and pools to it, for one test.
struct Bed {
    let postgres: PrivatePostgres
    let url: Secret

    init(_ postgres: PrivatePostgres? = nil) async throws {
        if let postgres {
            self.postgres = postgres
        } else {
            self.postgres = try await PrivatePostgres.shared
        }
        url = try await self.postgres.freshDatabase()
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body with a pool and shuts the pool down.
    @discardableResult
    func withPool<Value: Sendable>(
        _ change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        var configuration = PostgresConfiguration(
            url: url,
            maxConnections: 4,
            acquireTimeout: .seconds(60),
            connectTimeout: .seconds(30),
            applicationName: "test"
        )
        change(&configuration)
        let pool = PostgresPool(configuration, logger: Self.logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    /// Runs the body with a proxy before the server, and the URL that leads through it.
    func withProxy<Value: Sendable>(_ body: (FaultProxy, Secret) async throws -> Value) async throws -> Value {
        let proxy = try FaultProxy(to: .socket(postgres.socketPath))
        defer { proxy.stop() }
        let database = url.reveal().split(separator: "/").last?.split(separator: "?").first ?? ""
        return try await body(
            proxy,
            Secret("postgresql://postgres@127.0.0.1:\(proxy.port)/\(database)?sslmode=disable")
        )
    }

    /// How many sessions of a pool's name the server has, seen from a session of another name.
    func sessions(of name: String = "test") async throws -> Int {
        try await withPool({ $0.applicationName = "observer" }) { observer in
            let row = try await observer.queryOne(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = \(name) AND datname = current_database()"
            )
            return try row?["n", as: Int.self] ?? 0
        }
    }
}

/// The error a body throws; `nil` when it returns.
func postgresError(_ body: () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return PostgresError.cause(of: error)
    }
}

/// Lets nobody through before everyone is there.
actor Meeting {
    private var missing: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) {
        missing = count
    }

    func arrive() async {
        missing -= 1
        if missing > 0 {
            return await withCheckedContinuation { waiters.append($0) }
        }
        for waiter in waiters {
            waiter.resume()
        }
    }
}

final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increment() {
        count.add(1, ordering: .relaxed)
    }
}
