import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// What a menu consists of, as two relations that can be compared and written: a version of it, or what is in staging.
///
/// Items have a `place` in the table, others none.
struct MenuContent: Sendable {
    let items: Query
    /// Categories, modifier groups and display groups.
    let parts: Query
    /// The items' PLUs alone, which an index has in order.
    let plus: Query

    /// A version of a menu; nothing where it is 0.
    static func version(_ version: Int, of key: MenuKey) -> MenuContent {
        let condition: Query = """
            merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND from_version <= \(version) AND (to_version IS NULL OR to_version > \(version))
            """
        return MenuContent(
            items: "SELECT ctid AS place, \(unescaped: itemColumns) FROM items WHERE \(condition)",
            parts: "SELECT ctid AS place, kind, external_id, name, content FROM parts WHERE \(condition)",
            plus: "SELECT plu FROM items WHERE \(condition)"
        )
    }

    /// A catalogue whose stages are through.
    static func staged(_ sync: UUID) -> MenuContent {
        MenuContent(
            items: """
                SELECT NULL::tid AS place, \(unescaped: itemColumns) FROM arranged_items WHERE sync_id = \(sync)
                """,
            parts: """
                SELECT NULL::tid AS place, kind, external_id, name, content
                FROM arranged_parts
                WHERE sync_id = \(sync) AND kind <> 'placeholder'
                """,
            plus: "SELECT plu FROM staged_products WHERE sync_id = \(sync)"
        )
    }

    /// The ids of its entries of a kind, as `id`.
    func ids(_ entry: MenuEntryKind) -> Query {
        entry == .item
            ? "SELECT plu AS id FROM (\(plus)) AS i"
            : "SELECT external_id AS id FROM (\(parts)) AS p WHERE kind = \(entry.rawValue)"
    }

    /// Its entries of a kind with ids after one, through another or to the end; of other kinds it is what it was.
    func within(_ entry: MenuEntryKind, after: String, through: String?) -> MenuContent {
        func stretch(_ side: Query, _ id: Query) -> Query {
            let from: Query = "SELECT * FROM (\(side)) AS side WHERE \(id) > \(after)"
            return through.map { "\(from) AND \(id) <= \($0)" } ?? from
        }
        guard entry != .item else { return MenuContent(items: stretch(items, "plu"), parts: parts, plus: plus) }
        let ofKind: Query = "\(stretch(parts, "external_id")) AND kind = \(entry.rawValue)"
        return MenuContent(items: items, parts: ofKind, plus: plus)
    }

    static let itemColumns = "plu, \(itemFields.joined(separator: ", "))"

    /// What an import can change in an item.
    static let itemFields = [
        "price_cents", "tax_basis_points", "sort_order", "name", "kitchen_name", "category_id", "group_ids",
    ]
}

/// What turns one content into another.
struct MenuDifference: Sendable {
    let target: MenuContent
    let current: MenuContent
    var selection: PlanSelection = .whole

    /// One row per item of either, with `change` and the target's values; `change` is NULL where nothing changes.
    var items: Query {
        let comparedTarget = list("t", MenuContent.itemFields, price: price)
        let comparedCurrent = list("c", MenuContent.itemFields)
        let others = list("t", Array(MenuContent.itemFields.dropFirst()))
        return """
            SELECT c.place, coalesce(t.plu, c.plu) AS plu, \(unescaped: price) AS price_cents, \(unescaped: others),
                CASE
                    WHEN c.plu IS NULL THEN 'added'
                    WHEN t.plu IS NULL THEN 'removed'
                    WHEN (\(unescaped: comparedTarget)) IS DISTINCT FROM (\(unescaped: comparedCurrent)) THEN 'changed'
                END AS change,
                c.plu IS NOT NULL AS is_current,
                coalesce(t.price_cents <> c.price_cents, false) AS is_repriced
            FROM (\(target.items)) AS t
            FULL JOIN (\(current.items)) AS c ON c.plu = t.plu
            """
    }

    /// As ``items``, for everything else.
    var parts: Query {
        """
        SELECT c.place, coalesce(t.kind, c.kind) AS kind, coalesce(t.external_id, c.external_id) AS external_id,
            t.name, t.content,
            CASE
                WHEN c.kind IS NULL THEN 'added'
                WHEN t.kind IS NULL THEN 'removed'
                WHEN t.name <> c.name OR t.content <> c.content THEN 'changed'
            END AS change
        FROM (\(target.parts)) AS t
        FULL JOIN (\(current.parts)) AS c ON c.kind = t.kind AND c.external_id = t.external_id
        """
    }

    /// Both sides, of a kind of entries, from an id to another.
    func within(_ entry: MenuEntryKind, after: String, through: String?) -> MenuDifference {
        MenuDifference(
            target: target.within(entry, after: after, through: through),
            current: current.within(entry, after: after, through: through),
            selection: selection
        )
    }

    /// The items that really change, by what was selected.
    var selectedItems: Query {
        var query: Query = "SELECT * FROM (\(items)) AS d WHERE change IS NOT NULL"
        if !selection.removals { query = "\(query) AND change <> 'removed'" }
        if !selection.exceptPlus.isEmpty {
            query = "\(query) AND NOT plu = ANY (\(selection.exceptPlus.sorted())::text[])"
        }
        return query
    }

    /// The price an item gets: the one it has, where changed prices are not taken.
    private var price: String {
        selection.priceChanges ? "t.price_cents" : "coalesce(c.price_cents, t.price_cents)"
    }

    private func list(_ table: String, _ columns: [String], price: String? = nil) -> String {
        columns.map { $0 == "price_cents" ? price ?? "\(table).\($0)" : "\(table).\($0)" }.joined(separator: ", ")
    }
}
