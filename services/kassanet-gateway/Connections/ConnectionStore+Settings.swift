import Contracts
import Postgres
import RPC

extension ConnectionStore {
    /// Changes settings of a connection and leaves its credentials alone; nothing happens where nothing changes.
    ///
    /// A new epoch begins only when the register is spoken to differently: then it has to be tested again. The change is
    /// made to the settings as they are then, so two who change different ones at once both get theirs.
    ///
    /// - Returns: The settings before and the connection after; nil where the provider is not connected at the location.
    func change(
        merchant: MerchantID,
        location: LocationID,
        provider: Provider,
        _ change: @Sendable (ConnectionSettings) throws -> ConnectionSettings
    ) async throws -> (before: ConnectionSettings, connection: Connection)? {
        try await pool.transaction { transaction in
            // The feed's lock comes first, as it does in every other statement that gives a new version.
            let version = try await transaction.queryOne("SELECT next_feed_version() AS version")?[
                "version",
                as: Int.self
            ]
            let row = try await transaction.queryOne(
                """
                SELECT \(unescaped: Self.columns)
                FROM connections
                WHERE merchant_id = \(merchant) AND location_id = \(location) AND provider = \(provider)
                    AND deleted_at IS NULL
                FOR UPDATE
                """
            )
            guard let current = try row.map(connection) else { return nil }
            let settings = try change(current.settings)
            guard settings != current.settings else { return (current.settings, current) }
            let isRewired =
                settings.wire != current.settings.wire || settings.verifyTLS != current.settings.verifyTLS
            let hasOtherPayment = isRewired || settings.webshopPaymentType != current.settings.webshopPaymentType
            let changed = try await transaction.queryOne(
                """
                UPDATE connections
                SET settings = \(JSON(settings)),
                    version = \(version),
                    epoch = epoch + CASE WHEN \(isRewired) THEN 1 ELSE 0 END,
                    status = CASE WHEN \(isRewired) THEN 'untested' ELSE status END,
                    status_message = CASE WHEN \(isRewired) THEN '' ELSE status_message END,
                    tested_at = CASE WHEN \(isRewired) THEN NULL ELSE tested_at END,
                    takes_tips = takes_tips AND NOT \(isRewired),
                    payment_number = CASE WHEN \(hasOtherPayment) THEN NULL ELSE payment_number END,
                    payment_name = CASE WHEN \(hasOtherPayment) THEN NULL ELSE payment_name END,
                    updated_at = now()
                WHERE merchant_id = \(merchant) AND location_id = \(location)
                RETURNING \(unescaped: Self.columns)
                """
            )
            return try changed.map { (current.settings, try connection($0)) }
        }
    }
}
