import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// The activity log of each location: the newest 100 entries, for the restaurant owner (rule K11).
struct ActivityStore: Sendable {
    let pool: PostgresPool

    /// Adds an entry; one equal to the newest in type and message only updates its time.
    func record(
        _ merchant: MerchantID,
        _ location: LocationID,
        _ type: ActivityType,
        _ message: String
    ) async throws {
        try await pool.execute("SELECT record_activity(\(merchant), \(location), \(type), \(message))")
    }

    /// The entries of a location, newest first.
    func entries(_ merchant: MerchantID, _ location: LocationID) async throws -> [ActivityEntry] {
        let rows = try await pool.query(
            """
            SELECT at, type, message
            FROM activity
            WHERE merchant_id = \(merchant) AND location_id = \(location)
            ORDER BY activity_id DESC
            LIMIT 100
            """
        )
        return try rows.map { row in
            ActivityEntry(
                timestamp: try row["at", as: Date.self],
                type: try row["type", as: String.self],
                message: try row["message", as: String.self]
            )
        }
    }
}

struct ActivityEntry: Codable, Sendable, Equatable {
    var timestamp: Date
    var type: String
    var message: String
}
