import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// A location as a check before payment sees it, with how old that is.
struct KnownLocation: Sendable {
    var route: Route
    var pause: LocationPause?
    /// When its status was first heard.
    var statusSince: Date?
    /// When a connection test was last heard to have succeeded.
    var testedAt: Date?
}

extension RouteStore {
    /// What is known of a location, in one look by its key; `nil` where no register is connected.
    func location(_ key: LaneKey) async throws -> KnownLocation? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Route.columns), paused_by, paused_reason, paused_at, status_since, tested_at
            FROM routes
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND NOT is_deleted
            """
        )
        guard let row else { return nil }
        let route = try Route(row: row)
        return KnownLocation(
            route: route,
            pause: route.isPaused ? try LocationPause(row: row) : nil,
            statusSince: try row["status_since", as: Date?.self],
            testedAt: try row["tested_at", as: Date?.self]
        )
    }
}
