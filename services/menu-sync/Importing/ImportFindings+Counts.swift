import Foundation
import Postgres

extension ImportFindings {
    /// Takes down what the menu holds now, in the words of rule K10.
    mutating func count(_ key: MenuKey, in transaction: PostgresTransaction) async throws {
        let menu = try await transaction.queryOne(
            """
            SELECT m.menu_id, v.item_count
            FROM menus m
            JOIN versions v
                ON v.merchant_id = m.merchant_id AND v.location_id = m.location_id AND v.version = m.current_version
            WHERE m.merchant_id = \(key.merchantID) AND m.location_id = \(key.locationID)
            """
        )
        guard let menu else { return }
        menuID = try menu["menu_id", as: UUID.self]
        counts["items_imported"] = try menu["item_count", as: Int.self]
        let parts = try await transaction.query(
            """
            SELECT kind, count(*) AS n
            FROM parts
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND to_version IS NULL
            GROUP BY kind
            """
        )
        for (kind, name) in [
            ("category", "categories_imported"), ("modifier_group", "modifier_groups_imported"),
            ("display_group", "display_groups_imported"),
        ] {
            let row = try parts.first { try $0["kind", as: String.self] == kind }
            counts[name] = try row?["n", as: Int.self] ?? 0
        }
    }
}
