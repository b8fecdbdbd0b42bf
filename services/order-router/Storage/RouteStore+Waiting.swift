import Foundation
import Postgres
import RPC

extension RouteStore {
    /// Locations at which parked orders wait and nothing lets them go, in the order of their keys.
    ///
    /// Each route costs one look into the index of open orders, however many orders are parked there.
    func waitingLocations(
        after key: LaneKey?,
        limit: Int
    ) async throws -> [(key: LaneKey, oldestAcceptedAt: Date)] {
        try await pool.query(
            """
            SELECT r.merchant_id, r.location_id, o.accepted_at
            FROM routes r
            CROSS JOIN LATERAL (
                SELECT accepted_at
                FROM orders
                WHERE merchant_id = r.merchant_id AND location_id = r.location_id AND state = 'parked'
                    AND progress->>'reason' IS DISTINCT FROM 'register_fails_on_this_order'
                ORDER BY accepted_at, order_id
                LIMIT 1
            ) o
            WHERE NOT r.is_deleted AND r.paused_at IS NULL AND r.probe_order IS NULL AND NOT r.is_draining
                AND (r.merchant_id, r.location_id) > (\(key?.merchantID.rawValue ?? ""), \(key?.locationID.rawValue ?? ""))
            ORDER BY r.merchant_id, r.location_id
            LIMIT \(limit)
            """
        ).map { (try LaneKey(row: $0), try $0["accepted_at", as: Date.self]) }
    }
}
