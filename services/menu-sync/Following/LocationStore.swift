import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// How a location's register is reached.
struct Location: Sendable {
    let key: MenuKey
    /// Which gateway serves it.
    let gateway: String
    /// Whose register it is, such as `vanhoutte`.
    let provider: String
    let version: Int
    /// Only stock at or below it is asked for (rule K27).
    let stockThreshold: Int?
    /// The section that the register's tables go into (rule K12); they are not kept without one.
    let tableSection: String?
    let isDeleted: Bool
    /// When it was connected, after its last deletion.
    let connectedAt: Date?
    /// The latest wish for an import that was granted.
    let grantedAt: Date?

    init(_ row: Row) throws {
        key = MenuKey(merchantID: try row["merchant_id"], locationID: try row["location_id"])
        gateway = try row["gateway"]
        provider = try row["provider"]
        version = try row["version"]
        stockThreshold = try row["stock_threshold"]
        tableSection = try row["table_section"]
        isDeleted = try row["is_deleted"]
        connectedAt = try row["connected_at"]
        grantedAt = try row["granted_at"]
    }
}

/// Keeps locations as the gateways' feeds name them.
struct LocationStore: Sendable {
    let pool: PostgresPool

    /// What came of an entry of a feed.
    enum Outcome: Sendable, Equatable {
        /// Known already, or nothing that matters here.
        case unchanged
        case updated
        /// An import was begun, or joined, because somebody asked for one in the backoffice (rule K5).
        case importBegun(UUID)
        /// What the integration imported has to go (rule K5).
        case removalBegun
    }

    func find(_ key: MenuKey) async throws -> Location? {
        try await pool.queryOne(
            "SELECT * FROM locations WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)"
        ).map(Location.init)
    }

    /// Locks a location: imports of it begin, and plans of it are decided, one after the other.
    static func lock(_ key: MenuKey, in transaction: PostgresTransaction) async throws -> Location? {
        try await transaction.queryOne(
            """
            SELECT * FROM locations
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            FOR UPDATE
            """
        ).map(Location.init)
    }

    /// Keeps a register connected until the transaction ends; throws ``SyncError/locationDeleted`` where it no longer is.
    ///
    /// What a register told is written under it: a deletion comes before, and then nothing is written, or after, and then
    /// it finds what is to be taken away (rule K5).
    static func hold(_ location: Location, in transaction: PostgresTransaction) async throws {
        let row = try await transaction.queryOne(
            """
            SELECT 1 FROM locations
            WHERE merchant_id = \(location.key.merchantID) AND location_id = \(location.key.locationID)
                AND gateway = \(location.gateway) AND provider = \(location.provider) AND NOT is_deleted
            FOR SHARE
            """
        )
        if row == nil { throw SyncError.locationDeleted }
    }

    /// Takes in a connection of a gateway's feed.
    ///
    /// Bears repetition, in every replica: the newest version wins, a wish for an import is granted once, and a deleted
    /// integration is removed once. Of two gateways that both name the location, the one that has a live connection wins.
    func take(_ connection: PosConnection, gateway: String) async throws -> Outcome {
        let key = MenuKey(merchantID: connection.merchantId, locationID: connection.locationId)
        let fresh = try await isNews(connection, key, gateway)
        guard fresh else { return .unchanged }
        return try await pool.transaction { transaction in
            // A row to lock, where there was none.
            try await transaction.execute(
                """
                INSERT INTO locations (merchant_id, location_id, gateway, provider, status, version, is_deleted)
                VALUES (\(key.merchantID), \(key.locationID), \(gateway), \(connection.provider), 'untested', -1, true)
                ON CONFLICT (merchant_id, location_id) DO NOTHING
                """
            )
            guard let known = try await Self.lock(key, in: transaction) else { return .unchanged }
            guard Self.isNewer(connection, gateway, than: known) else { return .unchanged }
            try await transaction.execute(
                """
                UPDATE locations
                SET gateway = \(gateway), provider = \(connection.provider), status = \(connection.status.text),
                    version = \(connection.version), stock_threshold = \(connection.stockThreshold),
                    table_section = \(connection.tableSection), is_deleted = \(connection.isDeleted),
                    connected_at = \(connection.connectedAt)
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                """
            )
            let isGone = !known.isDeleted && (connection.isDeleted || Self.isAnother(connection, than: known))
            if isGone { try await Self.beginRemoval(of: known, in: transaction) }
            if !connection.isDeleted, let wish = connection.syncRequestedAt, Self.isNew(wish, after: known.grantedAt) {
                return try await Self.grant(wish, key, in: transaction)
            }
            return isGone ? .removalBegun : .updated
        }
    }

    /// Whether an entry may matter, without a lock: after a start every replica reads everything again.
    private func isNews(_ connection: PosConnection, _ key: MenuKey, _ gateway: String) async throws -> Bool {
        guard let known = try await find(key) else { return !connection.isDeleted }
        return Self.isNewer(connection, gateway, than: known)
    }

    private static func isNewer(_ connection: PosConnection, _ gateway: String, than known: Location) -> Bool {
        if known.version < 0 { return true }
        return known.gateway == gateway ? connection.version > known.version : !connection.isDeleted
    }

    /// Whether the integration that was known was deleted, and this one connected in its place before anybody looked.
    private static func isAnother(_ connection: PosConnection, than known: Location) -> Bool {
        if connection.provider != known.provider { return true }
        guard let before = known.connectedAt, let now = connection.connectedAt else { return false }
        return abs(now.timeIntervalSince(before)) > 0.000_5
    }

    /// Instants come with milliseconds, and two readings of one may differ in what lies beyond.
    private static func isNew(_ wish: Date, after granted: Date?) -> Bool {
        granted.map { wish.timeIntervalSince($0) > 0.000_5 } ?? true
    }

    private static func grant(
        _ wish: Date,
        _ key: MenuKey,
        in transaction: PostgresTransaction
    ) async throws -> Outcome {
        try await transaction.execute(
            """
            UPDATE locations SET granted_at = \(wish)
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        guard let location = try await lock(key, in: transaction) else { return .updated }
        let begun = try await SyncStore.begin(
            location,
            SyncStore.Wish(actor: "backoffice", trigger: .backoffice),
            in: transaction
        )
        return .importBegun(begun.record.id)
    }

    /// Ends what is under way for an integration, and notes that what it imported has to go.
    ///
    /// A worker of an import learns of it before its lease runs out. What it brings until then, such as tables, goes too:
    /// by a second round after the lease.
    private static func beginRemoval(of gone: Location, in transaction: PostgresTransaction) async throws {
        let key = gone.key
        let lease = try await transaction.queryOne(
            """
            SELECT max(lease_until) AS ends
            FROM syncs
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state = 'in_progress'
            """
        )
        let ends: Date? = try lease?["ends"]
        try await transaction.execute(
            """
            UPDATE syncs
            SET state = 'failed', reason = 'location_deleted', message = \(SyncWords.deleted), ended_at = now(),
                generation = generation + 1, owner = NULL, lease_until = NULL, told_state = 'failed',
                revision = revision + 1
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND state IN ('pending', 'in_progress', 'held', 'planned')
            """
        )
        try await transaction.execute(
            """
            INSERT INTO removals (merchant_id, location_id, provider, asked_at, run_at, again_at)
            VALUES (\(key.merchantID), \(key.locationID), \(gone.provider), now(), now(), \(ends))
            ON CONFLICT (merchant_id, location_id, provider) DO UPDATE
            SET asked_at = now(), run_at = now(), failures = 0, again_at = greatest(removals.again_at, EXCLUDED.again_at)
            """
        )
    }
}
