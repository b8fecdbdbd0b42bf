import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

extension MenuStore {
    /// A page of a menu's versions, newest first, older than `before`.
    func versions(_ key: MenuKey, before: Int? = nil, limit: Int) async throws -> [MenuVersion] {
        var condition: Query = "true"
        if let before { condition = "v.version < \(before)" }
        let select = MenuVersion.select(key, condition)
        return try await pool.query("\(select) ORDER BY v.version DESC LIMIT \(limit)").map(MenuVersion.init)
    }

    /// Makes a new version with the content of an old one; merchants' edits stay.
    ///
    /// `changed` is false where the menu has that content already; then the version is the current one. A plan that was
    /// made before is outdated by it.
    func rollBack(_ key: MenuKey, to version: Int, actor: String) async throws -> RollbackMenuResponse {
        try await pool.transaction(limit: StagingStore.limit) { transaction in
            try await transaction.preferWholeTables()
            try await MenuWriter.lock(key, in: transaction)
            let row = try await transaction.queryOne(
                """
                SELECT m.current_version, c.item_count
                FROM menus AS m
                JOIN versions AS c
                    ON c.merchant_id = m.merchant_id AND c.location_id = m.location_id AND c.version = m.current_version
                WHERE m.merchant_id = \(key.merchantID) AND m.location_id = \(key.locationID)
                """
            )
            guard let row else { throw MenuError.noMenu }
            // Held, so that nothing of it is erased meanwhile for its age.
            let old = try await transaction.queryOne(
                """
                SELECT as_of
                FROM versions
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND version = \(version)
                FOR KEY SHARE
                """
            )
            guard let asOf = try old?["as_of", as: Date.self] else { throw MenuError.unknownVersion }
            let current: Int = try row["current_version"]
            let difference = MenuDifference(target: .version(version, of: key), current: .version(current, of: key))
            let next = current + 1
            let counts = try await MenuWriter(key: key, transaction: transaction).write(difference, as: next)
            let total = counts.items + counts.parts
            if !total.isEmpty {
                let items = try row["item_count", as: Int.self] + counts.items.added - counts.items.removed
                try await transaction.execute(
                    """
                    INSERT INTO versions (
                        merchant_id, location_id, version, as_of, rollback_of, actor, added, changed, removed, item_count
                    )
                    VALUES (
                        \(key.merchantID), \(key.locationID), \(next), \(asOf), \(version), \(actor),
                        \(total.added), \(total.changed), \(total.removed), \(items)
                    )
                    """
                )
                try await transaction.execute(
                    """
                    UPDATE menus
                    SET current_version = \(next), as_of = \(asOf)
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    """
                )
            }
            let shown = total.isEmpty ? current : next
            guard let found = try await MenuVersion.find(key, shown, in: transaction) else {
                throw MenuError.unknownVersion
            }
            if !total.isEmpty { try await MenuNews.reload(key, version: next, .rollback, in: transaction) }
            return RollbackMenuResponse(version: found, changed: !total.isEmpty)
        }
    }

    /// Removes everything of a location's menu: entries, versions, edits, plans, what is in staging, and stock (rule K5).
    ///
    /// One transaction: readers have the whole menu or none. Returns whether there was a menu.
    @discardableResult
    func deleteEverything(_ key: MenuKey) async throws -> Bool {
        try await pool.transaction(limit: StagingStore.limit) { transaction in
            try await MenuWriter.lock(key, in: transaction)
            func delete(_ table: String) async throws -> Int {
                try await transaction.execute(
                    """
                    DELETE FROM \(identifier: table)
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    """
                )
            }
            // The menu first: an edit waits for its row, and then finds none.
            let version = try await transaction.queryOne(
                """
                DELETE FROM menus
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                RETURNING current_version
                """
            )?["current_version", as: Int.self]
            let syncs = try await transaction.query(
                """
                DELETE FROM stagings
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                RETURNING sync_id
                """
            )
            try await StagingStore.deleteRows(try syncs.map { try $0["sync_id"] }, in: transaction)
            for table in ["versions", "items", "parts", "item_edits", "stock_levels", "stock_readings"] {
                _ = try await delete(table)
            }
            guard let version else { return false }
            try await transaction.execute(
                """
                INSERT INTO deleted_menus (merchant_id, location_id, last_version)
                VALUES (\(key.merchantID), \(key.locationID), \(version + 1))
                ON CONFLICT ON CONSTRAINT deleted_menus_pkey DO UPDATE SET last_version = EXCLUDED.last_version
                """
            )
            // Nothing is there to load under it: that is the news (rule K5).
            try await MenuNews.reload(key, version: version + 1, .deletion, in: transaction)
            return true
        }
    }
}
