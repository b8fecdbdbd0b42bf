import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

extension OrderStore {
    /// Stores what a person decided, with a step that names them, if the order is still as it was seen.
    ///
    /// One guarded statement. A worker that has the order in hand loses it: what it still wants to store is refused, and
    /// whoever takes the order next begins by asking what became of an intended write.
    ///
    /// - Returns: `nil` where the order has changed meanwhile; then nothing is stored.
    func store(
        _ change: PersonsChange,
        after seen: StoredOrder,
        actor: String,
        note: String?
    ) async throws -> StoredOrder? {
        let order = change.order
        let row = try await pool.queryOne(
            """
            WITH moved AS (
                UPDATE orders o
                SET state = \(order.state),
                    progress = \(JSON(order.progress)),
                    priority = \(Order.priority(of: order.state)),
                    run_at = CASE WHEN \(change.isDueNow) THEN now() ELSE o.run_at END,
                    generation = 0,
                    expires_at = CASE WHEN \(change.startsOver) THEN now() + \(timing.expireAfter.interval)::interval
                        ELSE o.expires_at END,
                    updated_at = GREATEST(now(), o.updated_at + interval '1 microsecond')
                WHERE o.order_id = \(order.id) AND o.merchant_id = \(order.merchantID)
                    AND o.state = \(seen.order.state) AND o.updated_at = \(seen.updatedAt)
                    AND (o.guest_erased_at IS NOT NULL) = \(seen.guestErasedAt != nil)
                RETURNING o.*
            ), noted AS (
                INSERT INTO steps (order_id, at, state, action, reason, explanation, duration_ms, actor, note)
                SELECT moved.order_id, clock_timestamp(), moved.state, \(change.action), \(order.progress.reason),
                    \(order.progress.explanation), 0, \(actor), \(note)
                FROM moved
            )
            SELECT \(unescaped: StoredOrder.columns)
            FROM moved o
            LEFT JOIN routes r USING (merchant_id, location_id)
            """
        )
        return try row.map(StoredOrder.init)
    }

    // MARK: - What time brings

    /// Ends orders of which nothing was sent for too long; a worker gives their tables back and tells people.
    ///
    /// - Returns: Their locations.
    func expire(limit: Int = 200) async throws -> [LaneKey] {
        let explanation = "The order waited too long and nothing was sent. Refund the guest."
        return try await pool.query(
            """
            WITH late AS (
                SELECT order_id
                FROM orders
                WHERE expires_at < now() AND state IN ('accepted', 'waiting', 'parked')
                    AND COALESCE(progress->>'resume', 'accepted') = 'accepted'
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE orders o
                SET state = 'expired',
                    progress = (o.progress - 'resume' - 'parkedEpoch') || jsonb_build_object(
                        'reason', 'waited_too_long', 'explanation', \(explanation)::text, 'givesTableBack', true,
                        'fruitless', 0
                    ),
                    priority = \(Order.priority(of: .expired)), run_at = now(), generation = 0,
                    updated_at = GREATEST(now(), o.updated_at + interval '1 microsecond')
                FROM late
                WHERE o.order_id = late.order_id
                RETURNING o.order_id, o.merchant_id, o.location_id
            ), noted AS (
                INSERT INTO steps (order_id, at, state, action, reason, explanation, duration_ms)
                SELECT order_id, clock_timestamp(), 'expired', 'expire', 'waited_too_long', \(explanation), 0
                FROM moved
            )
            SELECT DISTINCT merchant_id, location_id
            FROM moved
            """
        ).map { try LaneKey(row: $0) }
    }

    /// Makes orders ready that were held back by a pause which is over: a worker may have read the pause just before its end.
    func resumeHeld() async throws -> [LaneKey] {
        try await pool.query(
            """
            UPDATE orders o
            SET run_at = now()
            FROM routes r
            WHERE o.state = 'waiting' AND o.run_at IS NULL AND o.progress->>'reason' = 'location_paused'
                AND r.merchant_id = o.merchant_id AND r.location_id = o.location_id AND r.paused_at IS NULL
            RETURNING o.merchant_id, o.location_id
            """
        ).map { try LaneKey(row: $0) }
    }

    /// Takes orders out of the queue that failed three times on a register that has served others since.
    ///
    /// They stay parked, and only a person tries them again.
    ///
    /// - Returns: The orders, with the routes to tell people by.
    func leaveQueue() async throws -> [(order: Order, route: Route)] {
        let explanation =
            "Three times the register went away on this order, and it serves others. Look at the order, then retry or cancel it."
        return try await pool.query(
            """
            WITH failing AS (
                UPDATE orders o
                SET progress = o.progress || jsonb_build_object(
                        'reason', 'register_fails_on_this_order', 'explanation', \(explanation)::text
                    ),
                    updated_at = GREATEST(now(), o.updated_at + interval '1 microsecond')
                WHERE o.state = 'parked' AND (o.progress->>'failures')::bigint >= 3
                    AND o.progress->>'reason' <> 'register_fails_on_this_order'
                    AND EXISTS (
                        SELECT 1
                        FROM orders served
                        WHERE served.merchant_id = o.merchant_id AND served.location_id = o.location_id
                            AND served.delivered_at > (
                                SELECT min(s.at) FROM steps s WHERE s.order_id = o.order_id AND s.state = 'parked'
                            )
                    )
                RETURNING o.*
            ), noted AS (
                INSERT INTO steps (order_id, at, state, action, reason, explanation, duration_ms)
                SELECT order_id, clock_timestamp(), 'parked', 'leave_queue', 'register_fails_on_this_order',
                    \(explanation), 0
                FROM failing
            )
            SELECT o.order_id, o.content, o.state, o.progress, o.accepted_at, r.*, r.paused_at IS NOT NULL AS is_paused
            FROM failing o
            JOIN routes r USING (merchant_id, location_id)
            """
        ).map { row in (try Order(row: row), try Route(row: row)) }
    }
}
