import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

// What people do to a location as a whole, and what they see of it.

extension RouteStore {
    /// Keeps a location's orders from its register; a pause that is there already stands.
    ///
    /// Workers lose the orders they have in hand before they are placed, so that none that is not being sent at this very
    /// moment goes out under what was known before.
    ///
    /// - Returns: The pause that holds, or `nil` where no register is connected.
    func pause(_ key: LaneKey, actor: String, reason: String) async throws -> LocationPause? {
        try await pool.transaction { transaction in
            let row = try await transaction.queryOne(
                """
                UPDATE routes
                SET paused_by = COALESCE(paused_by, \(actor)), paused_reason = COALESCE(paused_reason, \(reason)),
                    paused_at = COALESCE(paused_at, now())
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND NOT is_deleted
                RETURNING paused_by, paused_reason, paused_at
                """
            )
            guard let row else { return nil }
            try await transaction.execute(
                """
                UPDATE orders
                SET generation = 0
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    AND state IN ('accepted', 'waiting', 'table_assigned')
                """
            )
            return try LocationPause(row: row)
        }
    }

    /// Ends a pause and makes what was held back ready.
    ///
    /// - Returns: What that changed, or `nil` where no register is connected.
    func resume(_ key: LaneKey, actor: String, reason: String?) async throws -> ResumeLocationResponse? {
        try await pool.transaction { transaction in
            let row = try await transaction.queryOne(
                """
                SELECT paused_at IS NOT NULL AS is_paused
                FROM routes
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND NOT is_deleted
                FOR UPDATE
                """
            )
            guard let row else { return nil }
            guard try row["is_paused", as: Bool.self] else {
                return ResumeLocationResponse(wasPaused: false, resumed: 0)
            }
            try await transaction.execute(
                """
                UPDATE routes
                SET paused_by = NULL, paused_reason = NULL, paused_at = NULL
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                """
            )
            let resumed = try await transaction.execute(
                """
                WITH resumed AS (
                    UPDATE orders
                    SET run_at = now()
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'waiting'
                        AND run_at IS NULL AND progress->>'reason' = 'location_paused'
                    RETURNING order_id
                )
                INSERT INTO steps (order_id, at, state, action, duration_ms, actor, note)
                SELECT order_id, clock_timestamp(), 'waiting', 'resume_location', 0, \(actor), \(reason)
                FROM resumed
                """
            )
            return ResumeLocationResponse(wasPaused: true, resumed: resumed)
        }
    }

    enum Requeue: Sendable, Equatable {
        case unknownLocation
        case paused
        case obstacle(Route.Obstacle)
        case done(parked: Int, waiting: Int)
    }

    /// Lets a location's parked and waiting orders go now, and writes into each who asked.
    func requeue(_ key: LaneKey, actor: String, note: String?) async throws -> Requeue {
        try await pool.transaction { transaction in
            let row = try await transaction.queryOne(
                """
                SELECT \(unescaped: Route.columns)
                FROM routes
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND NOT is_deleted
                FOR UPDATE
                """
            )
            guard let route = try row.map(Route.init) else { return .unknownLocation }
            if route.isPaused { return .paused }
            if let obstacle = route.obstacle { return .obstacle(obstacle) }
            func noted(_ orders: Query) -> Query {
                """
                WITH asked AS (
                    \(orders)
                )
                INSERT INTO steps (order_id, at, state, action, duration_ms, actor, note)
                SELECT order_id, clock_timestamp(), state, 'requeue_location', 0, \(actor), \(note)
                FROM asked
                """
            }
            let waiting = try await transaction.execute(
                noted(
                    """
                    UPDATE orders
                    SET run_at = now()
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'waiting'
                        AND progress->>'reason' IS DISTINCT FROM 'scheduled'
                    RETURNING order_id, state
                    """
                )
            )
            let parked = try await transaction.execute(
                noted(
                    """
                    SELECT order_id, state
                    FROM orders
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'parked'
                        AND progress->>'reason' IS DISTINCT FROM 'register_fails_on_this_order'
                    """
                )
            )
            if parked > 0 { _ = try await beginDrain(key, epoch: route.epoch, in: transaction) }
            return .done(parked: parked, waiting: waiting)
        }
    }

    /// A location with what waits there.
    struct Standing: Sendable {
        var route: Route
        var pause: LocationPause?
        var backlog: [BacklogEntry]
        var oldestWaitingSince: Date?
    }

    /// How a location stands; `nil` where no register is connected.
    func standing(_ key: LaneKey) async throws -> Standing? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Route.columns), paused_by, paused_reason, paused_at
            FROM routes
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND NOT is_deleted
            """
        )
        guard let row else { return nil }
        let route = try Route(row: row)
        let pause = route.isPaused ? try LocationPause(row: row) : nil
        let open = OrderState.allCases.filter { !$0.isFinal }.map(\.rawValue)
        let rows = try await pool.query(
            """
            SELECT state, count(*) AS n,
                min(accepted_at) FILTER (
                    WHERE state IN ('accepted', 'waiting', 'parked', 'table_assigned')
                        AND progress->>'reason' IS DISTINCT FROM 'scheduled'
                ) AS oldest
            FROM orders
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND state = ANY(\(open)) AND state <> 'delivered'
            GROUP BY state
            ORDER BY state
            """
        )
        var standing = Standing(route: route, pause: pause, backlog: [])
        for row in rows {
            standing.backlog.append(
                BacklogEntry(state: try row["state", as: OrderState.self], orders: try row["n", as: Int.self])
            )
            let oldest = [standing.oldestWaitingSince, try row["oldest", as: Date?.self]].compactMap { $0 }.min()
            standing.oldestWaitingSince = oldest
        }
        return standing
    }
}

extension LocationPause {
    init(row: Row) throws {
        self.init(
            actor: try row["paused_by", as: String.self],
            reason: try row["paused_reason", as: String.self],
            since: try row["paused_at", as: Date.self]
        )
    }
}
