import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit
import Secrets

/// Keeps connections, their credentials encrypted.
struct ConnectionStore: Sendable {
    let pool: PostgresPool
    let keys: KeyRing

    /// Saves a connection; connecting again replaces credentials and settings and starts a new epoch (rule K2).
    ///
    /// What was known of the register is forgotten: it may be another one now, and a test will tell.
    ///
    /// - Returns: `nil` when another provider is connected at the location (rule K6).
    func save(
        merchant: MerchantID,
        location: LocationID,
        provider: Provider,
        _ credentials: Credentials,
        _ settings: ConnectionSettings
    ) async throws -> Connection? {
        let sealed = try keys.seal(try credentials.text, for: Self.owner(merchant, location))
        let row = try await pool.queryOne(
            """
            INSERT INTO connections AS c (
                merchant_id, location_id, provider, credentials, credentials_key, settings, version
            )
            VALUES (
                \(merchant), \(location), \(provider), \(sealed.bytes), \(sealed.keyID), \(JSON(settings)),
                next_feed_version()
            )
            ON CONFLICT (merchant_id, location_id) DO UPDATE
            SET provider = excluded.provider,
                credentials = excluded.credentials,
                credentials_key = excluded.credentials_key,
                settings = excluded.settings,
                status = 'untested',
                status_message = '',
                tested_at = NULL,
                takes_tips = false,
                epoch = c.epoch + 1,
                version = excluded.version,
                payment_number = NULL,
                payment_name = NULL,
                created_at = CASE WHEN c.deleted_at IS NULL THEN c.created_at ELSE now() END,
                updated_at = now(),
                deleted_at = NULL
            WHERE c.provider = excluded.provider OR c.deleted_at IS NOT NULL
            RETURNING \(unescaped: Self.columns)
            """
        )
        return try row.map(connection)
    }

    /// The connection of a location; deleted ones do not count.
    func find(merchant: MerchantID, location: LocationID) async throws -> Connection? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Self.columns)
            FROM connections
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND deleted_at IS NULL
            """
        )
        return try row.map(connection)
    }

    /// The connection of a location, and the register that an attempt there went to; `nil` for one that is not known.
    ///
    /// One statement: this is read for every order.
    func find(
        merchant: MerchantID,
        location: LocationID,
        withRegisterOf attempt: UUID
    ) async throws -> (connection: Connection, sentTo: String?)? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Self.columns), (
                SELECT register
                FROM attempts
                WHERE attempt_id = \(attempt) AND merchant_id = \(merchant) AND location_id = \(location)
            ) AS sent_to
            FROM connections
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND deleted_at IS NULL
            """
        )
        return try row.map { (try connection($0), try $0["sent_to", as: String?.self]) }
    }

    /// The feed: what changed since a version, in the order of versions, tombstones included.
    func changes(
        since version: Int,
        limit: Int,
        visibleTo merchants: Allowance<MerchantID>
    ) async throws -> [PosConnection] {
        let (all, some): (Bool, [String]) =
            switch merchants {
            case .all: (true, [])
            case .only(let ids): (false, ids.map(\.rawValue))
            }
        let rows = try await pool.query(
            """
            SELECT merchant_id, location_id, provider, status, status_message, tested_at, epoch, version, takes_tips,
                payment_number, payment_name, settings, sync_requested_at, created_at, deleted_at IS NOT NULL AS is_deleted
            FROM connections
            WHERE version > \(version) AND (\(all) OR merchant_id = ANY(\(some)))
            ORDER BY version
            LIMIT \(limit)
            """
        )
        return try rows.map { try Self.connection($0, credentials: .none).feedEntry }
    }

    /// Records a test that succeeded: connected, in a new epoch (rule K4).
    func recordSuccess(_ connection: Connection, _ outcome: TestOutcome) async throws -> Connection? {
        let row = try await pool.queryOne(
            """
            UPDATE connections
            SET status = 'connected',
                status_message = \(outcome.message),
                tested_at = now(),
                epoch = epoch + 1,
                version = next_feed_version(),
                takes_tips = \(outcome.tips),
                payment_number = \(outcome.paymentType?.number),
                payment_name = \(outcome.paymentType?.name),
                updated_at = now()
            WHERE merchant_id = \(connection.merchantID) AND location_id = \(connection.locationID)
                AND provider = \(connection.provider) AND deleted_at IS NULL AND epoch = \(connection.epoch)
            RETURNING \(unescaped: Self.columns)
            """
        )
        return try row.map(self.connection)
    }

    /// Records that the register cannot be used, unless a test has succeeded or credentials have changed since `connection`
    /// was read (rule K7).
    func recordFailure(_ connection: Connection, _ status: ConnectionStatus, message: String) async throws {
        try await pool.execute(
            """
            UPDATE connections
            SET status = \(status), status_message = \(message), version = next_feed_version(), updated_at = now()
            WHERE merchant_id = \(connection.merchantID) AND location_id = \(connection.locationID)
                AND deleted_at IS NULL AND epoch = \(connection.epoch)
                AND (status <> \(status) OR status_message <> \(message))
            """
        )
    }

    /// Remembers which payment type settles our orders.
    func recordPaymentType(_ connection: Connection, _ type: KassanetPaymentType) async throws {
        try await pool.execute(
            """
            UPDATE connections
            SET payment_number = \(type.number), payment_name = \(type.name)
            WHERE merchant_id = \(connection.merchantID) AND location_id = \(connection.locationID)
                AND deleted_at IS NULL AND epoch = \(connection.epoch)
            """
        )
    }

    /// Deletes a connection: credentials, address, log and what was known of imports go, a tombstone stays in the feed (rule
    /// K5).
    ///
    /// Attempts stay, because orders that were taken are kept.
    ///
    /// - Returns: False where the provider is not connected at the location.
    func delete(merchant: MerchantID, location: LocationID, provider: Provider) async throws -> Bool {
        try await pool.transaction { transaction in
            let deleted = try await transaction.execute(
                """
                UPDATE connections
                SET credentials = NULL,
                    credentials_key = NULL,
                    settings = settings || '{"baseURL": ""}',
                    status = 'untested',
                    status_message = '',
                    tested_at = NULL,
                    takes_tips = false,
                    payment_number = NULL,
                    payment_name = NULL,
                    sync_status = NULL,
                    sync_requested_at = NULL,
                    version = next_feed_version(),
                    epoch = epoch + 1,
                    updated_at = now(),
                    deleted_at = now()
                WHERE merchant_id = \(merchant) AND location_id = \(location) AND provider = \(provider)
                    AND deleted_at IS NULL
                """
            )
            guard deleted > 0 else { return false }
            try await transaction.execute(
                "DELETE FROM activity WHERE merchant_id = \(merchant) AND location_id = \(location)"
            )
            return true
        }
    }

    // MARK: - Rows

    static let columns = """
        merchant_id, location_id, provider, credentials, credentials_key, settings, status, status_message, tested_at,
        epoch, version, takes_tips, payment_number, payment_name, sync_requested_at, created_at,
        deleted_at IS NOT NULL AS is_deleted
        """

    static func owner(_ merchant: MerchantID, _ location: LocationID) -> String {
        "kassanet/\(merchant)/\(location)"
    }

    func connection(_ row: Row) throws -> Connection {
        let sealed = SealedSecret(
            keyID: try row["credentials_key", as: String.self],
            bytes: try row["credentials", as: Data.self]
        )
        let merchant = MerchantID(unchecked: try row["merchant_id", as: String.self])
        let location = LocationID(unchecked: try row["location_id", as: String.self])
        let credentials = try Credentials(text: try keys.open(sealed, for: Self.owner(merchant, location)))
        return try Self.connection(row, credentials: credentials)
    }

    private static func connection(_ row: Row, credentials: Credentials) throws -> Connection {
        let number = try row["payment_number", as: Int?.self]
        let name = try row["payment_name", as: String?.self]
        return Connection(
            merchantID: MerchantID(unchecked: try row["merchant_id", as: String.self]),
            locationID: LocationID(unchecked: try row["location_id", as: String.self]),
            provider: try row["provider", as: Provider.self],
            credentials: credentials,
            settings: try row["settings", as: JSON<ConnectionSettings>.self].value,
            status: try row["status", as: ConnectionStatus.self],
            statusMessage: try row["status_message", as: String.self],
            testedAt: try row["tested_at", as: Date?.self],
            epoch: try row["epoch", as: Int.self],
            version: try row["version", as: Int.self],
            takesTips: try row["takes_tips", as: Bool.self],
            paymentType: number.flatMap { number in name.map { KassanetPaymentType(number: number, name: $0) } },
            syncRequestedAt: try row["sync_requested_at", as: Date?.self],
            connectedAt: try row["created_at", as: Date?.self],
            isDeleted: try row["is_deleted", as: Bool.self]
        )
    }
}

/// What a successful test found.
struct TestOutcome: Sendable {
    var message: String
    var tips: Bool
    var paymentType: KassanetPaymentType?
}

extension Credentials {
    /// Stands where credentials are of no use: in the feed.
    static let none = Credentials(signatureKey: Secret(""), encryptionToken: Secret(""))

    private struct Stored: Codable {
        var signatureKey: String
        var encryptionToken: String
    }

    /// Both credentials as the one text that is encrypted.
    var text: Secret {
        get throws {
            let stored = Stored(signatureKey: signatureKey.reveal(), encryptionToken: encryptionToken.reveal())
            return Secret(String(decoding: try JSONEncoder().encode(stored), as: UTF8.self))
        }
    }

    init(text: Secret) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(text.reveal().utf8))
        self.init(signatureKey: Secret(stored.signatureKey), encryptionToken: Secret(stored.encryptionToken))
    }
}
