import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Menus as guests see them: the register's entries with what merchants changed.
struct MenuStore: Sendable {
    let pool: PostgresPool

    // MARK: - Pages

    /// A page of a menu: the current one, or a version of it.
    ///
    /// The rows of a version never change, so the pages of one fit together although imports go on; where a merchant edited
    /// an item meanwhile, or the menu is gone, ``MenuError/menuChanged`` says so. `etag`: what the caller has; where that is
    /// still right the answer holds nothing else.
    func page(
        _ key: MenuKey,
        version: Int? = nil,
        ifNoneMatch etag: String? = nil,
        after cursor: MenuCursor? = nil,
        limit: Int
    ) async throws -> GetMenuResponse {
        if let cursor, let version, version != cursor.mark.version { throw MenuError.malformedCursor }
        guard let menu = try await menu(key, version: cursor?.mark.version ?? version) else {
            throw cursor == nil ? MenuError.noMenu : MenuError.menuChanged
        }
        if let cursor, cursor.mark != menu.mark { throw MenuError.menuChanged }
        guard let head = menu.version else { throw MenuError.unknownVersion }
        guard cursor != nil || etag != menu.mark.etag else {
            return GetMenuResponse(etag: menu.mark.etag, notModified: true, items: [])
        }
        let id = EntryID(key: key, provider: menu.provider)
        let view = cursor == nil ? try await view(menu, head, id) : nil
        var items = try await items(menu, id, after: cursor?.plu, limit: limit + 1)
        var next: String?
        if items.count > limit {
            items.removeLast(items.count - limit)
            next = items.last.map { MenuCursor(mark: menu.mark, plu: $0.plu).text }
        }
        return GetMenuResponse(
            etag: menu.mark.etag,
            notModified: false,
            menu: view,
            items: items,
            nextCursor: next
        )
    }

    /// A menu as one moment shows it.
    struct Menu: Sendable {
        let key: MenuKey
        let provider: String
        let mark: MenuMark
        let currentVersion: Int
        let asOf: Date
        /// `nil` where there is no such version.
        let version: (appliedAt: Date, itemCount: Int)?
    }

    /// A menu as it is now, or a version of it; `nil` where there is no menu.
    func menu(_ key: MenuKey, version: Int? = nil) async throws -> Menu? {
        let row = try await pool.queryOne(
            """
            SELECT m.menu_id, m.provider, m.current_version, m.edits_revision, m.as_of, v.applied_at, v.item_count,
                coalesce(\(version), m.current_version) AS version
            FROM menus AS m
            LEFT JOIN versions AS v
                ON v.merchant_id = m.merchant_id AND v.location_id = m.location_id
                    AND v.version = coalesce(\(version), m.current_version)
            WHERE m.merchant_id = \(key.merchantID) AND m.location_id = \(key.locationID)
            """
        )
        guard let row else { return nil }
        let appliedAt: Date? = try row["applied_at"]
        let itemCount: Int? = try row["item_count"]
        return Menu(
            key: key,
            provider: try row["provider"],
            mark: MenuMark(
                menu: try row["menu_id"],
                version: try row["version"],
                edits: try row["edits_revision"]
            ),
            currentVersion: try row["current_version"],
            asOf: try row["as_of"],
            version: appliedAt.flatMap { at in itemCount.map { (at, $0) } }
        )
    }

    // MARK: - Its head

    private func view(_ menu: Menu, _ head: (appliedAt: Date, itemCount: Int), _ id: EntryID) async throws -> MenuView {
        let content = MenuContent.version(menu.mark.version, of: menu.key)
        let rows = try await pool.query(
            """
            SELECT p.kind, p.external_id, p.name, p.content
            FROM menus AS m
            JOIN versions AS v
                ON v.merchant_id = m.merchant_id AND v.location_id = m.location_id AND v.version = \(menu.mark.version)
            LEFT JOIN (\(content.parts)) AS p ON true
            WHERE m.merchant_id = \(menu.key.merchantID) AND m.location_id = \(menu.key.locationID)
                AND m.menu_id = \(menu.mark.menu) AND m.edits_revision = \(menu.mark.edits)
            ORDER BY p.kind, (p.content->>'sortOrder')::bigint NULLS LAST, p.name, p.external_id
            """
        )
        guard !rows.isEmpty else { throw MenuError.menuChanged }
        var view = MenuView(
            menuId: menu.mark.menu,
            version: menu.mark.version,
            provider: menu.provider,
            importedAt: head.appliedAt,
            itemCount: head.itemCount,
            categories: [],
            modifierGroups: [],
            displayGroups: []
        )
        for row in rows {
            guard let kind = try row["kind", as: String?.self].flatMap(MenuEntryKind.init(rawValue:)) else { continue }
            let external: String = try row["external_id"]
            let name: String = try row["name"]
            let externalIDs = [menu.provider: external]
            switch kind {
            case .category:
                let content = try row["content", as: JSON<CategoryContent>.self].value
                view.categories.append(
                    MenuCategory(
                        categoryId: id(.category, external),
                        externalIds: externalIDs,
                        name: name,
                        parentId: content.parentId.map { id(.category, $0) },
                        sortOrder: content.sortOrder
                    )
                )
            case .modifierGroup:
                let content = try row["content", as: JSON<GroupContent>.self].value
                view.modifierGroups.append(
                    MenuModifierGroup(
                        modifierGroupId: id(.modifierGroup, external),
                        externalIds: externalIDs,
                        name: name,
                        minimum: content.minimum,
                        maximum: content.maximum,
                        modifiers: content.modifiers
                    )
                )
            case .displayGroup:
                let content = try row["content", as: JSON<DisplayGroupContent>.self].value
                view.displayGroups.append(
                    MenuDisplayGroup(
                        displayGroupId: id(.displayGroup, external),
                        externalIds: externalIDs,
                        name: name,
                        sortOrder: content.sortOrder,
                        itemIds: content.plus.map { id(.item, $0) }
                    )
                )
            case .item: continue
            }
        }
        return view
    }

    struct CategoryContent: Codable, Sendable {
        var parentId: String?
        var sortOrder: Int?
    }

    struct GroupContent: Codable, Sendable {
        var minimum: Int
        var maximum: Int?
        var modifiers: [MenuModifier]
    }

    struct DisplayGroupContent: Codable, Sendable {
        var sortOrder: Int?
        var plus: [String]
    }

    // MARK: - Its items

    /// Items of a version by PLU, as merchants edited them.
    ///
    /// The same statement looks whether the menu is still as the first page had it, and whether the version still has all of
    /// its rows.
    private func items(_ menu: Menu, _ id: EntryID, after plu: String?, limit: Int) async throws -> [MenuItem] {
        let content = MenuContent.version(menu.mark.version, of: menu.key)
        let rows = try await pool.query(
            """
            SELECT i.*
            FROM menus AS m
            JOIN versions AS v
                ON v.merchant_id = m.merchant_id AND v.location_id = m.location_id AND v.version = \(menu.mark.version)
            LEFT JOIN LATERAL (
                SELECT \(unescaped: Self.itemColumns)
                FROM (\(content.items)) AS i
                LEFT JOIN item_edits AS e
                    ON e.merchant_id = \(menu.key.merchantID) AND e.location_id = \(menu.key.locationID)
                        AND e.plu = i.plu
                WHERE i.plu > \(plu ?? "")
                ORDER BY i.plu
                LIMIT \(limit)
            ) AS i ON true
            WHERE m.merchant_id = \(menu.key.merchantID) AND m.location_id = \(menu.key.locationID)
                AND m.menu_id = \(menu.mark.menu) AND m.edits_revision = \(menu.mark.edits)
            ORDER BY i.plu
            """
        )
        guard !rows.isEmpty else { throw MenuError.menuChanged }
        return try rows.compactMap { row in
            try row["plu", as: String?.self] == nil ? nil : try MenuItem(row, id)
        }
    }

    static let itemColumns = """
        i.plu, i.price_cents, i.tax_basis_points, i.name, i.kitchen_name, i.category_id, i.group_ids, i.sort_order,
        e.name AS edited_name, e.description, e.image_url, e.sort_order AS edited_sort_order
        """
}

extension MenuItem {
    /// Reads ``MenuStore/itemColumns``.
    init(_ row: Row, _ id: EntryID) throws {
        let plu: String = try row["plu"]
        let registerName: String = try row["name"]
        let editedName: String? = try row["edited_name"]
        let registerOrder: Int? = try row["sort_order"]
        let editedOrder: Int? = try row["edited_sort_order"]
        let groups = try row["group_ids", as: [String]?.self] ?? []
        self.init(
            itemId: id(.item, plu),
            externalIds: [id.provider: plu],
            plu: plu,
            name: editedName ?? registerName,
            registerName: editedName.flatMap { $0 == registerName ? nil : registerName },
            kitchenName: try row["kitchen_name"],
            priceCents: try row["price_cents"],
            taxBasisPoints: try row["tax_basis_points"],
            categoryId: try row["category_id", as: String?.self].map { id(.category, $0) },
            sortOrder: editedOrder ?? registerOrder,
            description: try row["description"],
            imageUrl: try row["image_url"],
            modifierGroupIds: groups.map { id(.modifierGroup, $0) }
        )
    }
}
