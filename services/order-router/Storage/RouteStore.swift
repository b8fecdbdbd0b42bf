import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Keeps the routes that the gateways' feeds tell of, and lets parked orders go when a register is back.
struct RouteStore: Sendable {
    let pool: PostgresPool

    /// Takes over a connection from a gateway's feed, unless something newer of it is known.
    ///
    /// A location that changes gateways belongs to the one whose connection lives: a tombstone of the old one does not
    /// remove the new one's route.
    func apply(_ connection: PosConnection, gateway: String) async throws {
        try await pool.execute(
            """
            INSERT INTO routes AS r (
                merchant_id, location_id, gateway, provider, status, epoch, version, time_zone, table_mode, on_mismatch,
                capabilities, is_deleted
            )
            VALUES (
                \(connection.merchantId), \(connection.locationId), \(gateway), \(connection.provider),
                \(connection.status.knownValue ?? .disconnected), \(connection.epoch), \(connection.version),
                \(connection.timeZone), \(connection.tableMode.knownValue ?? .virtual),
                \(connection.onMismatch.knownValue ?? .deposit), \(JSON(connection.capabilities)), \(connection.isDeleted)
            )
            ON CONFLICT (merchant_id, location_id) DO UPDATE
            SET gateway = excluded.gateway,
                provider = excluded.provider,
                status = excluded.status,
                epoch = excluded.epoch,
                version = excluded.version,
                time_zone = excluded.time_zone,
                table_mode = excluded.table_mode,
                on_mismatch = excluded.on_mismatch,
                capabilities = excluded.capabilities,
                is_deleted = excluded.is_deleted,
                drained_epoch = CASE WHEN r.gateway = excluded.gateway THEN r.drained_epoch ELSE 0 END
            WHERE (r.gateway = excluded.gateway AND excluded.version > r.version)
                OR (r.gateway <> excluded.gateway AND NOT excluded.is_deleted)
            """
        )
    }

    /// Lets parked orders go out again, where the register is back (architecture page, The journey of an order).
    ///
    /// In a new epoch one order goes first, the oldest; when it is on the register, or proved that the register answers,
    /// the rest follow, oldest first. An order that was parked three times does not go first.
    ///
    /// - Returns: Whether anything became ready.
    func drain(_ key: LaneKey) async throws -> Bool {
        try await pool.transaction { transaction in
            let route = try await transaction.queryOne(
                """
                SELECT epoch, drained_epoch, probe_order, status, is_deleted
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
            guard let probe = try route["probe_order", as: UUID?.self] else { return false }
            return try await continueDrain(key, probe: probe, in: transaction)
        }
    }

    private func beginDrain(_ key: LaneKey, epoch: Int, in transaction: PostgresTransaction) async throws -> Bool {
        let probe = try await transaction.queryOne(
            """
            UPDATE orders
            SET \(Self.goingOn)
            WHERE order_id = (
                SELECT order_id
                FROM orders
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'parked'
                ORDER BY (progress->>'parkings')::bigint >= 3, accepted_at, order_id
                LIMIT 1
            ) AND state = 'parked'
            RETURNING order_id
            """
        )
        let probeID = try probe?["order_id", as: UUID.self]
        try await transaction.execute(
            """
            UPDATE routes
            SET drained_epoch = \(epoch), probe_order = \(probeID)
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        return probeID != nil
    }

    private func continueDrain(_ key: LaneKey, probe: UUID, in transaction: PostgresTransaction) async throws -> Bool {
        let state = try await transaction.queryOne("SELECT state FROM orders WHERE order_id = \(probe)")
        switch try state?["state", as: OrderState.self] {
        case .accepted, .tableAssigned: return false
        case .parked:
            // The register is away again; the next epoch begins anew.
            try await forgetProbe(key, in: transaction)
            return false
        default:
            try await forgetProbe(key, in: transaction)
            let released = try await transaction.execute(
                """
                UPDATE orders
                SET \(Self.goingOn)
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'parked'
                """
            )
            return released > 0
        }
    }

    private func forgetProbe(_ key: LaneKey, in transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE routes
            SET probe_order = NULL
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
                AND (r.epoch > r.drained_epoch OR r.probe_order IS NOT NULL)
                AND EXISTS (
                    SELECT 1
                    FROM orders o
                    WHERE o.merchant_id = r.merchant_id AND o.location_id = r.location_id AND o.state = 'parked'
                )
            LIMIT 500
            """
        ).map { try LaneKey(row: $0) }
    }

    /// A parked order back where it was.
    private static let goingOn: Query = """
        state = COALESCE(progress->>'resume', 'accepted'),
        priority = CASE COALESCE(progress->>'resume', 'accepted')
            WHEN 'accepted' THEN 2 WHEN 'table_assigned' THEN 1 ELSE 0 END,
        progress = progress - 'resume' - 'reason' - 'explanation' - 'parkedEpoch',
        run_at = now(),
        updated_at = now()
        """
}
