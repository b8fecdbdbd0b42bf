import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Moves orders, under lanes.
///
/// A lane is the right to work for one location: at most one worker has it, so at most one write is on its way to a
/// register. Every change of an order is one guarded statement: it happens only if the order is still in the state the
/// worker saw, and still carries the generation of the worker's lane. A worker that slept past its lease changes nothing.
struct LaneStore: Sendable {
    let pool: PostgresPool
    /// This process.
    let owner: UUID
    /// How long a lane is held without a heartbeat.
    let lease: Duration

    /// Takes a location's lane, if it is free and has work, together with its first order.
    ///
    /// - Returns: `nil` where somebody else has the lane or nothing is ready.
    func claim(_ key: LaneKey) async throws -> Claim? {
        let row = try await pool.queryOne(
            """
            -- Where somebody else has the lane nothing is locked, and nothing written. The lane is locked before an order
            -- of it, as everywhere: pausing and resuming lock the location and then its orders.
            WITH free AS (
                SELECT
                FROM routes
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    AND (lane_until IS NULL OR lane_until < now())
                FOR UPDATE
            ), next AS (
                \(Self.nextReady(key, if: "EXISTS (SELECT FROM free)"))
            ), lane AS (
                UPDATE routes r
                SET lane_owner = \(owner), lane_generation = r.lane_generation + 1, lane_until = now() + \(lease.interval)::interval
                FROM next
                WHERE r.merchant_id = \(key.merchantID) AND r.location_id = \(key.locationID)
                    AND (r.lane_until IS NULL OR r.lane_until < now())
                RETURNING r.*
            ), claimed AS (
                UPDATE orders o
                SET generation = lane.lane_generation
                FROM lane, next
                WHERE o.order_id = next.order_id
                RETURNING o.*
            )
            \(Self.claimAnswer)
            """
        )
        return try row.map { try Claim(row: $0) }
    }

    /// The next ready order of a lane that is ours, or the lane's end: where nothing is ready it is given back.
    ///
    /// - Returns: `nil` when the lane is given back or was lost.
    func next(_ key: LaneKey, generation: Int) async throws -> Claim? {
        let row = try await pool.queryOne(
            """
            WITH lane AS (
                SELECT *
                FROM routes
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    AND lane_owner = \(owner) AND lane_generation = \(generation) AND lane_until > now()
                FOR UPDATE
            ), next AS (
                \(Self.nextReady(key))
            ), \(Self.goingOn)
            \(Self.claimAnswer)
            """
        )
        return try row.map { try Claim(row: $0) }
    }

    /// Gives a lane back before its work is done.
    func release(_ key: LaneKey, generation: Int) async throws {
        try await pool.execute(
            """
            UPDATE routes
            SET lane_owner = NULL, lane_until = NULL
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND lane_owner = \(owner) AND lane_generation = \(generation)
            """
        )
    }

    /// Keeps the lanes that this process works on; one whose worker ended without giving it back runs out.
    ///
    /// - Returns: Those that are kept. The others were lost before.
    func renew(_ keys: [LaneKey]) async throws -> [LaneKey] {
        try await pool.query(
            """
            UPDATE routes r
            SET lane_until = now() + \(lease.interval)::interval
            FROM unnest(\(keys.map(\.merchantID.rawValue)), \(keys.map(\.locationID.rawValue)))
                AS worked_on (merchant_id, location_id)
            WHERE r.merchant_id = worked_on.merchant_id AND r.location_id = worked_on.location_id
                AND r.lane_owner = \(owner) AND r.lane_until > now()
            RETURNING r.merchant_id, r.location_id
            """
        ).map { try LaneKey(row: $0) }
    }

    /// Who holds lanes now, besides this process.
    func otherOwners() async throws -> [UUID] {
        try await pool.query(
            "SELECT DISTINCT lane_owner FROM routes WHERE lane_owner IS NOT NULL AND lane_owner <> \(owner)"
        ).map { try $0["lane_owner", as: UUID.self] }
    }

    /// Frees the lanes of a process that is gone.
    func freeLanes(of dead: UUID) async throws -> Int {
        try await pool.execute(
            "UPDATE routes SET lane_owner = NULL, lane_until = NULL WHERE lane_owner = \(dead)"
        )
    }

    /// Locations that have something to do and whose lane is free.
    ///
    /// Hops from location to location through the index of ready orders, so its cost grows with the number of locations
    /// that have waiting work, not with the number of orders.
    func readyLocations(limit: Int) async throws -> [LaneKey] {
        try await pool.query(Self.readyLocationsQuery(limit: limit)).map { try LaneKey(row: $0) }
    }

    static func readyLocationsQuery(limit: Int) -> Query {
        """
        WITH RECURSIVE location AS (
            (
                SELECT merchant_id, location_id
                FROM orders
                WHERE run_at IS NOT NULL
                ORDER BY merchant_id, location_id
                LIMIT 1
            )
            UNION ALL
            SELECT following.merchant_id, following.location_id
            FROM location l
            CROSS JOIN LATERAL (
                SELECT o.merchant_id, o.location_id
                FROM orders o
                WHERE o.run_at IS NOT NULL AND (o.merchant_id, o.location_id) > (l.merchant_id, l.location_id)
                ORDER BY o.merchant_id, o.location_id
                LIMIT 1
            ) following
        )
        SELECT l.merchant_id, l.location_id
        FROM location l
        JOIN routes r USING (merchant_id, location_id)
        WHERE (r.lane_until IS NULL OR r.lane_until < now())
            AND EXISTS (
                SELECT 1
                FROM orders o
                WHERE o.merchant_id = l.merchant_id AND o.location_id = l.location_id AND o.run_at <= now()
            )
        LIMIT \(limit)
        """
    }

    /// Stores an order's next state, and the steps that led to it, in one commit.
    ///
    /// - Returns: False where the order or the lane is no longer this worker's; then nothing is changed.
    func record(_ change: OrderChange, generation: Int) async throws -> Bool {
        let row = try await pool.queryOne(
            """
            WITH \(recording(change, generation, locking: "SHARE"))
            SELECT (SELECT count(*) FROM moved) AS moved
            """
        )
        return try row?["moved", as: Int.self] == 1
    }

    /// Stores an order's last state for now, and takes the lane's next order or gives the lane back, in one commit.
    ///
    /// `takesNext`: false gives the lane back although more is ready.
    func recordAndGoOn(_ change: OrderChange, generation: Int, takesNext: Bool) async throws -> EndOfOrder {
        let key = LaneKey(merchantID: change.after.merchantID, locationID: change.after.locationID)
        let row = try await pool.queryOne(
            """
            WITH \(recording(change, generation, locking: "UPDATE")), next AS (
                \(Self.nextReady(key, except: change.after.id, if: "\(takesNext)"))
            ), \(Self.goingOn)
            SELECT (SELECT count(*) FROM moved) AS moved,
                EXISTS (SELECT 1 FROM woken) OR EXISTS (SELECT 1 FROM lane WHERE has_moved_on) AS woke_others,
                answer.*
            FROM (SELECT 1) one
            LEFT JOIN (\(Self.claimAnswer)) answer ON true
            """
        )
        return EndOfOrder(
            isRecorded: try row?["moved", as: Int.self] == 1,
            wokeOthers: try row?["woke_others", as: Bool.self] ?? false,
            next: Result { try row.flatMap { try $0["order_id", as: UUID?.self] == nil ? nil : try Claim(row: $0) } }
        )
    }

    /// The parts of a statement that store a change, if the order and its lane are still the worker's.
    ///
    /// An order is parked only in the epoch it saw: if a test has succeeded meanwhile, or another gateway serves the
    /// location now, whose epochs are its own, it goes on at once. The route is locked for that, so that the one who
    /// follows the feed sees either the parked order or its going on.
    private func recording(_ change: OrderChange, _ generation: Int, locking strength: String) -> Query {
        let order = change.after
        let resume = order.progress.resume ?? .accepted
        return """
            lane AS (
                SELECT *, \(order.state == .parked)
                    AND (epoch > \(order.progress.parkedEpoch ?? Int.max) OR gateway <> \(change.gateway)) AS has_moved_on
                FROM routes
                WHERE merchant_id = \(order.merchantID) AND location_id = \(order.locationID)
                    AND lane_owner = \(owner) AND lane_generation = \(generation)
                FOR \(unescaped: strength)
            ), moved AS (
                UPDATE orders o
                SET state = CASE WHEN lane.has_moved_on THEN \(resume) ELSE \(order.state) END,
                    progress = \(JSON(order.progress)),
                    priority = CASE WHEN lane.has_moved_on THEN \(Order.priority(of: resume))
                        ELSE \(Order.priority(of: order.state)) END,
                    run_at = CASE WHEN lane.has_moved_on THEN now() ELSE now() + \(change.wakeText)::interval END,
                    updated_at = now(),
                    delivered_at = CASE WHEN \(order.state == .delivered) THEN now() ELSE o.delivered_at END
                FROM lane
                WHERE o.order_id = \(order.id) AND o.merchant_id = \(order.merchantID)
                    AND o.state = \(change.before) AND o.generation = \(generation)
                RETURNING o.order_id
            ), woken AS (
                UPDATE orders
                SET run_at = now()
                WHERE order_id IN (
                    SELECT w.order_id
                    FROM orders w, moved
                    WHERE \(change.freesTable) AND w.merchant_id = \(order.merchantID)
                        AND w.location_id = \(order.locationID) AND w.run_at > now() AND w.state = 'waiting'
                        AND w.progress->>'reason' IS DISTINCT FROM 'scheduled'
                    FOR UPDATE OF w SKIP LOCKED
                )
                RETURNING order_id
            ), noted AS (
                INSERT INTO steps (order_id, at, state, action, reason, explanation, duration_ms, attempt_id, request_id)
                SELECT moved.order_id, clock_timestamp(), step.*
                FROM moved, (VALUES \(Self.rows(of: change.steps))) AS step
            )
            """
    }

    private static func rows(of steps: [OrderChange.Step]) -> Query {
        var rows: Query = ""
        for (index, step) in steps.enumerated() {
            rows = """
                \(rows)\(unescaped: index == 0 ? "" : ", ")(\(step.state.rawValue)::text, \(step.action)::text,
                    \(step.reason)::text, \(step.explanation)::text, \(step.durationMs)::bigint,
                    \(step.attemptId)::uuid, \(step.requestId)::text)
                """
        }
        return rows
    }

    /// Takes an order that has nothing to be done out of the queue.
    func rest(_ order: Order, generation: Int) async throws {
        try await pool.execute(
            """
            UPDATE orders
            SET run_at = NULL
            WHERE order_id = \(order.id) AND merchant_id = \(order.merchantID) AND generation = \(generation)
                AND state = \(order.state)
            """
        )
    }

    /// Leaves an order that cannot be read aside for a minute, so that it holds up no other.
    ///
    /// A newer version may have written it, and reads it.
    func setAside(_ unreadable: UnreadableOrder, of merchant: MerchantID) async throws {
        try await pool.execute(
            """
            UPDATE orders
            SET run_at = now() + interval '1 minute'
            WHERE order_id = \(unreadable.id) AND merchant_id = \(merchant) AND generation = \(unreadable.generation)
            """
        )
    }

    // MARK: - Pieces

    /// The next order of a lane is taken; where there is none, the lane is given back.
    private static let goingOn: Query = """
        freed AS (
            UPDATE routes r
            SET lane_owner = NULL, lane_until = NULL
            FROM lane
            WHERE r.merchant_id = lane.merchant_id AND r.location_id = lane.location_id
                AND NOT EXISTS (SELECT 1 FROM next)
        ), claimed AS (
            UPDATE orders o
            SET generation = lane.lane_generation
            FROM lane, next
            WHERE o.order_id = next.order_id
            RETURNING o.*
        )
        """

    /// The first ready order of a location: settlements first, then oldest first.
    private static func nextReady(_ key: LaneKey, except order: UUID? = nil, if condition: Query = "true") -> Query {
        """
        SELECT order_id
        FROM orders
        WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            AND run_at IS NOT NULL AND run_at <= now()
            AND order_id IS DISTINCT FROM \(order) AND \(condition)
        ORDER BY priority, accepted_at, order_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
        """
    }

    private static let claimAnswer: Query = """
        SELECT lane.lane_generation, lane.gateway, lane.provider, lane.status, lane.epoch, lane.time_zone, lane.table_mode,
            lane.on_mismatch, lane.capabilities, lane.is_deleted, lane.paused_at IS NOT NULL AS is_paused, claimed.merchant_id, claimed.location_id,
            claimed.order_id, claimed.content, claimed.state, claimed.progress, claimed.accepted_at
        FROM lane, claimed
        """
}

/// Names a lane: the location it works for.
struct LaneKey: Hashable, Sendable {
    var merchantID: MerchantID
    var locationID: LocationID
}

extension LaneKey {
    init(row: Row) throws {
        merchantID = try row["merchant_id", as: MerchantID.self]
        locationID = try row["location_id", as: LocationID.self]
    }
}

/// A lane that is ours, and the order to work on.
struct Claim: Sendable {
    var generation: Int
    var route: Route
    var order: Order

    /// - Throws: ``UnreadableOrder``, so that one row does not keep a lane from all others.
    init(row: Row) throws {
        generation = try row["lane_generation", as: Int.self]
        do {
            route = try Route(row: row)
            order = try Order(row: row)
        } catch {
            throw UnreadableOrder(id: try row["order_id", as: UUID.self], generation: generation, cause: error)
        }
    }
}

/// What became of the last step of an order for now, and where the lane goes on.
struct EndOfOrder: Sendable {
    /// False where the order or the lane was no longer this worker's.
    var isRecorded: Bool
    /// Whether orders of the location became ready with this, which the lane has not looked for.
    var wokeOthers: Bool
    /// The next order; `nil` inside where nothing was ready and the lane is given back.
    var next: Result<Claim?, any Error>
}

/// An order whose row this version cannot read.
struct UnreadableOrder: Error {
    var id: UUID
    var generation: Int
    var cause: any Error
}

/// An order before and after a step.
struct OrderChange: Sendable {
    var before: OrderState
    var after: Order
    /// The gateway that served the location when the step began.
    var gateway: String
    var wake: Decision.Wake
    /// Whether waiting orders of the location may have a table now.
    var freesTable: Bool
    /// What led to it, oldest first; the last one to the state that is stored.
    var steps: [Step]

    struct Step: Sendable {
        var state: OrderState
        var action: String
        /// Why the order is not further, and the same in words.
        var reason: String?
        var explanation: String?
        var durationMs: Int
        var attemptId: UUID?
        var requestId: String?
    }

    /// When it is due, from now; `nil` leaves the queue.
    var wakeText: String? {
        switch wake {
        case .now: "0 milliseconds"
        case .after(let pause): pause.interval
        case .never: nil
        }
    }
}
