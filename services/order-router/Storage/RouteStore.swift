import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Keeps the routes that the gateways' feeds tell of, and lets parked orders go when a register is back.
struct RouteStore: Sendable {
    let pool: PostgresPool
    /// How many of a location's parked orders are let go at a time; the next follow when these have gone on.
    var drainBatch = 5

    /// Takes over a connection from a gateway's feed, unless something newer of it is known.
    ///
    /// A location that changes gateways belongs to the one whose connection lives: a tombstone of the old one does not
    /// remove the new one's route.
    func apply(_ connection: PosConnection, gateway: String) async throws {
        try await pool.execute(
            """
            INSERT INTO routes AS r (
                merchant_id, location_id, gateway, provider, status, epoch, version, time_zone, table_mode, on_mismatch,
                capabilities, is_deleted, tested_at
            )
            VALUES (
                \(connection.merchantId), \(connection.locationId), \(gateway), \(connection.provider),
                \(connection.status.knownValue ?? .disconnected), \(connection.epoch), \(connection.version),
                \(connection.timeZone), \(connection.tableMode.knownValue ?? .virtual),
                \(connection.onMismatch.knownValue ?? .deposit), \(JSON(connection.capabilities)), \(connection.isDeleted),
                CASE WHEN \(connection.status == Open(.connected)) THEN now() END
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
                status_since = CASE WHEN r.status = excluded.status AND r.gateway = excluded.gateway AND NOT r.is_deleted
                    THEN r.status_since ELSE now() END,
                -- Each successful test begins an epoch.
                tested_at = CASE
                    WHEN r.gateway = excluded.gateway AND (excluded.tested_at IS NULL OR r.epoch = excluded.epoch)
                    THEN r.tested_at ELSE excluded.tested_at END,
                drained_epoch = CASE WHEN r.gateway = excluded.gateway THEN r.drained_epoch ELSE 0 END
            WHERE (r.gateway = excluded.gateway AND excluded.version > r.version)
                OR (r.gateway <> excluded.gateway AND NOT excluded.is_deleted)
            """
        )
    }
}
