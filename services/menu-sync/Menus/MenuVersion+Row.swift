import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

extension MenuVersion {
    /// The version that came of an import.
    static func find(
        _ key: MenuKey,
        sync: UUID,
        in database: some PostgresStatements
    ) async throws -> MenuVersion? {
        try await database.queryOne(select(key, "v.sync_id = \(sync)")).map(MenuVersion.init)
    }

    static func find(
        _ key: MenuKey,
        _ version: Int,
        in database: some PostgresStatements
    ) async throws -> MenuVersion? {
        try await database.queryOne(select(key, "v.version = \(version)")).map(MenuVersion.init)
    }

    static func select(_ key: MenuKey, _ condition: Query) -> Query {
        """
        SELECT v.*, v.version = m.current_version AS is_current
        FROM versions AS v
        JOIN menus AS m USING (merchant_id, location_id)
        WHERE v.merchant_id = \(key.merchantID) AND v.location_id = \(key.locationID) AND \(condition)
        """
    }

    init(_ row: Row) throws {
        self.init(
            version: try row["version"],
            appliedAt: try row["applied_at"],
            syncId: try row["sync_id"],
            rollbackOf: try row["rollback_of"],
            actor: try row["actor"],
            added: try row["added"],
            changed: try row["changed"],
            removed: try row["removed"],
            itemCount: try row["item_count"],
            isCurrent: try row["is_current"]
        )
    }
}
