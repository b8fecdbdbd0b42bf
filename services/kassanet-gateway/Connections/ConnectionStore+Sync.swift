import Contracts
import Foundation
import Postgres
import RPC

/// How a location's import stands (rule K10), as it is stored.
struct SyncRecord: Codable, Sendable, Equatable {
    var status: String
    var message: String
    var details: [String: String] = [:]
    /// When the last import that succeeded ended, whatever came after it.
    var lastSync: Date?
    /// The details of the last import that succeeded, whatever came after it.
    var imported: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case status, message, details, imported
        case lastSync = "last_sync"
    }
}

extension ConnectionStore {
    /// Keeps how the location's import stands; false where nothing is connected.
    ///
    /// What an import that succeeded brought is kept until the next one succeeds. Nobody follows it, so the feed's version
    /// stays.
    func recordSync(_ merchant: MerchantID, _ location: LocationID, _ record: SyncRecord) async throws -> Bool {
        var record = record
        if record.status == SyncStatus.success.rawValue { record.imported = record.details }
        return try await pool.execute(
            """
            UPDATE connections
            SET sync_status = \(unescaped: Self.lastSuccess) || \(JSON(record))
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND deleted_at IS NULL
            """
        ) > 0
    }

    /// Asks for an import: whoever follows the feed begins one (rule K5).
    ///
    /// Asking again is no error. While an import runs its record stays, and another follows it.
    ///
    /// - Returns: How the import stands; nil where the provider is not connected at the location.
    func requestSync(merchant: MerchantID, location: LocationID, provider: Provider) async throws -> SyncRecord? {
        let asked = SyncRecord(
            status: SyncStatus.pending.rawValue,
            message: "The import was asked for, and begins in a moment."
        )
        let row = try await pool.queryOne(
            """
            UPDATE connections
            SET sync_requested_at = clock_timestamp(),
                sync_status = CASE
                    WHEN sync_status->>'status' = 'in_progress' THEN sync_status
                    ELSE \(unescaped: Self.lastSuccess) || \(JSON(asked))
                END,
                version = next_feed_version(),
                updated_at = now()
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND provider = \(provider)
                AND deleted_at IS NULL
            RETURNING sync_status
            """
        )
        return try row?["sync_status", as: JSON<SyncRecord>.self].value
    }

    /// How the location's import stands; nil where none was asked for.
    func syncRecord(_ merchant: MerchantID, _ location: LocationID) async throws -> SyncRecord? {
        let row = try await pool.queryOne(
            """
            SELECT sync_status
            FROM connections
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND deleted_at IS NULL
            """
        )
        return try row?["sync_status", as: JSON<SyncRecord>?.self]?.value
    }

    /// What outlives the record that is there; a record says it anew where it knows better.
    private static let lastSuccess = """
        jsonb_strip_nulls(
            jsonb_build_object('last_sync', sync_status->'last_sync', 'imported', sync_status->'imported')
        )
        """
}
