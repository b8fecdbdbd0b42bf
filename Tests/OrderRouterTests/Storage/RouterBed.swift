import Contracts
import Foundation
import Logging
import Postgres
import RPC
import Secrets
import TestBed

@testable import OrderRouter

/// A migrated database of its own for one test.
struct RouterBed {
    let url: Secret
    let pool: PostgresPool
    let orders: OrderStore
    var routes: RouteStore
    let lanes: LaneStore

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body with an empty, migrated database of the cluster that all tests share, or of another.
    static func with<Value: Sendable>(
        on postgres: PrivatePostgres? = nil,
        _ body: (RouterBed) async throws -> Value
    ) async throws -> Value {
        let cluster = if let postgres { postgres } else { try await PrivatePostgres.shared }
        let url = try await cluster.freshDatabase(template: "order-router") { url in
            try await withPool(url) { pool in
                _ = try await Migrator(OrderRouterSchema.migrations).apply(pool, schema: OrderRouterSchema.name)
            }
        }
        return try await withPool(url) { pool in
            try await body(
                RouterBed(
                    url: url,
                    pool: pool,
                    orders: OrderStore(pool: pool),
                    routes: RouteStore(pool: pool),
                    lanes: LaneStore(pool: pool, owner: UUID(), lease: .seconds(60))
                )
            )
        }
    }

    static func configuration(_ url: Secret) -> PostgresConfiguration {
        PostgresConfiguration(
            url: url,
            searchPath: OrderRouterSchema.name,
            maxConnections: 8,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "order-router-tests"
        )
    }

    static func withPool<Value: Sendable>(
        _ url: Secret,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let pool = PostgresPool(configuration(url), logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    /// The lanes as another process sees them.
    func otherLanes(lease: Duration = .seconds(60)) -> LaneStore {
        LaneStore(pool: pool, owner: UUID(), lease: lease)
    }

    func connect(_ location: LocationID = Sample.location, epoch: Int = 1, version: Int = 1) async throws {
        try await routes.apply(
            Sample.connection(location: location, version: version, epoch: epoch),
            gateway: "kassanet"
        )
    }

    /// Takes in an order; the number is in its transaction id.
    @discardableResult
    func submit(_ number: Int, at location: LocationID = Sample.location) async throws -> UUID {
        let content = Sample.content(location: location, transaction: "t-\(location)-\(number)", number: "\(number)")
        guard case .accepted(let id, _) = try await orders.submit(content, id: UUIDv7.next()) else {
            throw NotTaken(number: number)
        }
        return id
    }

    struct NotTaken: Error { var number: Int }

    /// Puts an order where a test wants it.
    func put(
        _ order: UUID,
        in state: OrderState,
        dueInSeconds: Double? = nil,
        _ change: (inout OrderRouter.Progress) -> Void = { _ in }
    ) async throws {
        var progress = OrderRouter.Progress()
        change(&progress)
        try await pool.execute(
            """
            UPDATE orders
            SET state = \(state), progress = \(JSON(progress)), priority = \(Order.priority(of: state)),
                run_at = now() + make_interval(secs => \(dueInSeconds))
            WHERE order_id = \(order)
            """
        )
    }

    func park(_ order: UUID, parkings: Int = 1, resume: OrderState = .accepted, epoch: Int = 1) async throws {
        try await put(order, in: .parked) {
            $0.resume = resume
            $0.parkings = parkings
            $0.failures = parkings
            $0.parkedEpoch = epoch
            $0.reason = "register_unreachable"
        }
    }

    func state(_ order: UUID) async throws -> OrderState? {
        try await orders.find(Sample.merchant, order: order)?.order.state
    }

    /// Whether an order is due now.
    func isDue(_ order: UUID) async throws -> Bool {
        let row = try await pool.queryOne("SELECT run_at <= now() AS due FROM orders WHERE order_id = \(order)")
        return try row?["due", as: Bool?.self] ?? false
    }

    /// Returns when some session of the database waits for a lock.
    func untilASessionWaits() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let row = try await pool.queryOne(
                """
                SELECT count(*) AS n
                FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """
            )
            if try row?["n", as: Int.self] ?? 0 > 0 { return }
            guard ContinuousClock.now < end else { throw NobodyWaits() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    struct NobodyWaits: Error {}

    /// Lets every lane run out.
    func expireLanes() async throws {
        try await pool.execute(
            "UPDATE routes SET lane_until = now() - interval '1 second' WHERE lane_until IS NOT NULL"
        )
    }
}

extension OrderChange {
    /// A step to another state.
    init(
        _ order: Order,
        to state: OrderState,
        wake: Decision.Wake = .never,
        freesTable: Bool = false,
        _ change: (inout OrderRouter.Progress) -> Void = { _ in }
    ) {
        self.init(
            before: order.state,
            after: order.moved(to: state, change),
            gateway: "kassanet",
            wake: wake,
            freesTable: freesTable,
            steps: [Step(state: state, action: "test", durationMs: 1)]
        )
    }
}
