import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// What is known of some articles of a location, from here alone (rule P3).
struct ItemKnowledge: Sendable {
    /// `nil` where no menu was ever imported.
    var menuVersion: Int?
    /// When the register's catalogue was last known to be this menu.
    var menuAsOf: Date?
    /// When the register was last asked for its stock.
    var stockAsOf: Date?
    /// Items of the current menu by PLU.
    var items: [String: Item] = [:]
    /// PLUs that were on the menu and no longer are.
    var removed: Set<String> = []
    /// What is left of counted articles by PLU, modifiers' included.
    var stock: [String: Int] = [:]

    struct Item: Sendable, Equatable {
        var name: String
        var priceCents: Cents
        /// Every modifier that the item offers, by PLU.
        var modifiers: [String: MenuModifier]
    }
}

extension MenuStore {
    /// What is known of these articles: what `CheckItems` decides by.
    ///
    /// A few short reads by index, article by article: of a menu that was imported a moment ago the planner knows nothing,
    /// and would read the whole of it for a list of articles. `modifierPlus`: only their stock is looked up; what an item offers comes with it.
    func knowledge(_ key: MenuKey, plus: [String], modifierPlus: [String] = []) async throws -> ItemKnowledge {
        var known = ItemKnowledge()
        try await addStock(key, Array(Set(plus + modifierPlus)), to: &known)
        guard let menu = try await menu(key) else { return known }
        known.menuVersion = menu.currentVersion
        known.menuAsOf = menu.asOf
        let rows = try await pool.query(
            """
            SELECT latest.*
            FROM unnest(\(Array(Set(plus)))::text[]) AS asked (plu)
            CROSS JOIN LATERAL (
                SELECT i.plu, i.name, i.price_cents, i.group_ids, i.to_version
                FROM items AS i
                WHERE i.merchant_id = \(key.merchantID) AND i.location_id = \(key.locationID) AND i.plu = asked.plu
                    AND i.from_version <= \(menu.currentVersion)
                ORDER BY i.from_version DESC
                LIMIT 1
            ) AS latest
            """
        )
        var groupsOf: [String: [String]] = [:]
        for row in rows {
            let plu: String = try row["plu"]
            if let end = try row["to_version", as: Int?.self], end <= menu.currentVersion {
                known.removed.insert(plu)
                continue
            }
            groupsOf[plu] = try row["group_ids", as: [String]?.self] ?? []
            known.items[plu] = ItemKnowledge.Item(
                name: try row["name"],
                priceCents: try row["price_cents"],
                modifiers: [:]
            )
        }
        let groups = try await modifiers(key, menu.currentVersion, Set(groupsOf.values.flatMap(\.self)))
        for (plu, ids) in groupsOf {
            for modifier in ids.flatMap({ groups[$0] ?? [] }) where known.items[plu]?.modifiers[modifier.plu] == nil {
                known.items[plu]?.modifiers[modifier.plu] = modifier
            }
        }
        return known
    }

    private func addStock(_ key: MenuKey, _ plus: [String], to known: inout ItemKnowledge) async throws {
        let rows = try await pool.query(
            """
            SELECT r.read_at, l.plu, l.quantity
            FROM (SELECT 1) AS one
            LEFT JOIN stock_readings AS r ON r.merchant_id = \(key.merchantID) AND r.location_id = \(key.locationID)
            LEFT JOIN stock_levels AS l
                ON l.merchant_id = \(key.merchantID) AND l.location_id = \(key.locationID)
                    AND l.plu = ANY (\(plus)::text[])
            """
        )
        known.stockAsOf = try rows.first?["read_at", as: Date?.self] ?? nil
        for row in rows {
            if let plu = try row["plu", as: String?.self] { known.stock[plu] = try row["quantity"] }
        }
    }

    private func modifiers(
        _ key: MenuKey,
        _ version: Int,
        _ groups: Set<String>
    ) async throws -> [String: [MenuModifier]] {
        guard !groups.isEmpty else { return [:] }
        let rows = try await pool.query(
            """
            SELECT external_id, content
            FROM (\(MenuContent.version(version, of: key).parts)) AS p
            WHERE kind = 'modifier_group' AND external_id = ANY (\(Array(groups))::text[])
            """
        )
        return try rows.reduce(into: [:]) { groups, row in
            groups[try row["external_id", as: String.self]] =
                try row["content", as: JSON<GroupContent>.self].value.modifiers
        }
    }
}
