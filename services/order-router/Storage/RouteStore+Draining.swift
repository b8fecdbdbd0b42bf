import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

// Letting parked orders go when a register is back (architecture page, The journey of an order).

extension RouteStore {
    /// Lets parked orders go out again, where the register is back.
    ///
    /// In a new epoch one order goes first, the oldest; when it is on the register, or proved that the register answers,
    /// the rest follow, oldest first and a few at a time. An order on which the register failed three times goes first only
    /// where there is no other. What parks while this goes on waits for the next epoch.
    ///
    /// - Returns: Whether anything became ready.
    func drain(_ key: LaneKey) async throws -> Bool {
        try await pool.transaction { transaction in
            let route = try await transaction.queryOne(
                """
                SELECT epoch, drained_epoch, probe_order, is_draining, status, is_deleted
                FROM routes
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                FOR UPDATE
                """
            )
            guard let route, try route["is_deleted", as: Bool.self] == false,
                [.connected, .untested].contains(try route["status", as: ConnectionStatus.self])
            else { return false }
            let epoch = try route["epoch", as: Int.self]
            if epoch > (try route["drained_epoch", as: Int.self]) {
                return try await beginDrain(key, epoch: epoch, in: transaction)
            }
            if let probe = try route["probe_order", as: UUID?.self] {
                return try await continueDrain(key, probe: probe, in: transaction)
            }
            guard try route["is_draining", as: Bool.self] else { return false }
            return try await letMoreGo(key, in: transaction)
        }
    }

    func beginDrain(_ key: LaneKey, epoch: Int, in transaction: PostgresTransaction) async throws -> Bool {
        let probe = try await transaction.queryOne(
            """
            UPDATE orders
            SET \(Self.goingOn)
            WHERE order_id = (
                SELECT order_id
                FROM orders
                WHERE \(Self.parked(key))
                ORDER BY COALESCE((progress->>'failures')::bigint, 0) >= 3, accepted_at, order_id
                LIMIT 1
                -- One that a person moves at this moment is passed over, and not waited for by all others.
                FOR UPDATE
            )
            RETURNING order_id
            """
        )
        let probeID = try probe?["order_id", as: UUID.self]
        try await transaction.execute(
            """
            UPDATE routes
            SET drained_epoch = \(epoch), drained_at = now(), probe_order = \(probeID), is_draining = false
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        return probeID != nil
    }

    private func continueDrain(_ key: LaneKey, probe: UUID, in transaction: PostgresTransaction) async throws -> Bool {
        let state = try await transaction.queryOne(
            "SELECT state FROM orders WHERE order_id = \(probe) AND merchant_id = \(key.merchantID)"
        )
        switch try state?["state", as: OrderState.self] {
        case .accepted, .tableAssigned: return false
        case .parked:
            // The register is away again; the next epoch begins anew.
            try await note(key, isDraining: false, in: transaction)
            return false
        default:
            try await note(key, isDraining: true, in: transaction)
            return try await letMoreGo(key, in: transaction)
        }
    }

    private func letMoreGo(_ key: LaneKey, in transaction: PostgresTransaction) async throws -> Bool {
        let counts = try await transaction.queryOne(
            """
            WITH under_way AS (
                SELECT count(*) AS n
                FROM orders
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND run_at IS NOT NULL
                    AND state IN ('accepted', 'table_assigned') AND (progress->>'parkings')::bigint > 0
            ), candidates AS (
                SELECT o.order_id
                FROM orders o
                JOIN routes r USING (merchant_id, location_id)
                WHERE \(Self.parked(key, "o.")) AND o.updated_at < r.drained_at
                    AND COALESCE((o.progress->>'failures')::bigint, 0) < 3
                ORDER BY o.accepted_at, o.order_id
                LIMIT GREATEST(0, \(drainBatch) - (SELECT n FROM under_way))
                FOR UPDATE OF o
            ), released AS (
                UPDATE orders
                SET \(Self.goingOn)
                WHERE order_id IN (SELECT order_id FROM candidates)
                RETURNING order_id
            )
            SELECT (SELECT count(*) FROM released) AS released, (SELECT n FROM under_way) AS under_way
            """
        )
        let released = try counts?["released", as: Int.self] ?? 0
        if released == 0, try counts?["under_way", as: Int.self] == 0 {
            try await note(key, isDraining: false, in: transaction)
        }
        return released > 0
    }

    /// The first order is no longer waited for.
    private func note(_ key: LaneKey, isDraining: Bool, in transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE routes
            SET probe_order = NULL, is_draining = \(isDraining)
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
    }

    /// Locations whose parked orders may be able to go on.
    func drainable() async throws -> [LaneKey] {
        try await pool.query(
            """
            SELECT r.merchant_id, r.location_id
            FROM routes r
            WHERE r.status IN ('connected', 'untested') AND NOT r.is_deleted
                AND (r.epoch > r.drained_epoch OR r.probe_order IS NOT NULL OR r.is_draining)
                AND EXISTS (
                    SELECT 1
                    FROM orders o
                    WHERE o.merchant_id = r.merchant_id AND o.location_id = r.location_id AND o.state = 'parked'
                        AND o.progress->>'reason' IS DISTINCT FROM 'register_fails_on_this_order'
                )
            LIMIT 500
            """
        ).map { try LaneKey(row: $0) }
    }

    /// The location's parked orders that a connection test lets go.
    private static func parked(_ key: LaneKey, _ table: Query = "") -> Query {
        """
        \(table)merchant_id = \(key.merchantID) AND \(table)location_id = \(key.locationID) AND \(table)state = 'parked'
            AND \(table)progress->>'reason' IS DISTINCT FROM 'register_fails_on_this_order'
        """
    }

    /// A parked order back where it was.
    private static let goingOn: Query = """
        state = COALESCE(progress->>'resume', 'accepted'),
        priority = CASE COALESCE(progress->>'resume', 'accepted')
            WHEN 'accepted' THEN 2 WHEN 'table_assigned' THEN 1 ELSE 0 END,
        progress = progress - 'resume' - 'reason' - 'explanation' - 'parkedEpoch',
        run_at = now(),
        updated_at = GREATEST(now(), updated_at + interval '1 microsecond')
        """
}
