import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// What a merchant changes in an item; a field that is absent stays.
struct ItemEdit: Sendable, Equatable {
    var name: String?
    var description: String?
    var imageURL: String?
    var sortOrder: Int?
    /// Fields that follow the register again, or are empty where it has none.
    var giveBack: Set<EditableField> = []
}

extension MenuStore {
    /// Changes what is the merchant's in an item (rule K25).
    ///
    /// Nothing is written where the item was like that already. The menu's own row is locked first, so edits of one menu take
    /// turns and each moves its `edits_revision`.
    func edit(_ key: MenuKey, item: UUID, _ edit: ItemEdit, actor: String) async throws -> EditItemResponse {
        guard let menu = try await menu(key) else { throw MenuError.noMenu }
        guard let plu = try await plu(of: item, in: menu) else { throw MenuError.unknownItem }
        return try await pool.transaction { transaction in
            let menu = try await transaction.queryOne(
                """
                SELECT provider, current_version
                FROM menus
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                FOR UPDATE
                """
            )
            guard let menu else { throw MenuError.noMenu }
            let id = EntryID(key: key, provider: try menu["provider"])
            let version: Int = try menu["current_version"]
            // The menu may be another one by now.
            guard id(.item, plu) == item, let found = try await find(key, plu, version, in: transaction) else {
                throw MenuError.unknownItem
            }
            let before = try MenuItem(found, id)
            let changed = try await write(edit, of: key, plu: plu, actor: actor, in: transaction)
            guard changed, let now = try await find(key, plu, version, in: transaction) else {
                return EditItemResponse(item: before, changed: false)
            }
            try await MenuNews.reload(key, version: version, .edit, in: transaction)
            return EditItemResponse(item: try MenuItem(now, id), changed: true)
        }
    }

    /// The PLU behind our own id of an item: ids are computed and stand in no index, so this looks at every item.
    ///
    /// It is why nothing is locked yet.
    private func plu(of item: UUID, in menu: Menu) async throws -> String? {
        let key = menu.key
        return try await pool.queryOne(
            """
            SELECT i.plu
            FROM (\(MenuContent.version(menu.currentVersion, of: key).items)) AS i
            WHERE entry_id(\(key.merchantID), \(key.locationID), \(menu.provider), 'item', i.plu) = \(item)
            """
        )?["plu"]
    }

    private func find(
        _ key: MenuKey,
        _ plu: String,
        _ version: Int,
        in transaction: PostgresTransaction
    ) async throws -> Row? {
        try await transaction.queryOne(
            """
            SELECT \(unescaped: Self.itemColumns)
            FROM (\(MenuContent.version(version, of: key).items)) AS i
            LEFT JOIN item_edits AS e
                ON e.merchant_id = \(key.merchantID) AND e.location_id = \(key.locationID) AND e.plu = i.plu
            WHERE i.plu = \(plu)
            """
        )
    }

    /// Whether anything changed.
    private func write(
        _ edit: ItemEdit,
        of key: MenuKey,
        plu: String,
        actor: String,
        in transaction: PostgresTransaction
    ) async throws -> Bool {
        var fields: [(column: String, value: Query, isGivenBack: Bool)] = []
        func add(_ column: String, _ field: EditableField, _ value: Query?, _ type: Query) {
            if edit.giveBack.contains(field) {
                fields.append((column, "NULL::\(type)", true))
            } else if let value {
                fields.append((column, "\(value)::\(type)", false))
            }
        }
        add("name", .name, edit.name.map { "\($0)" }, "text")
        add("description", .description, edit.description.map { "\($0)" }, "text")
        add("image_url", .imageUrl, edit.imageURL.map { "\($0)" }, "text")
        add("sort_order", .sortOrder, edit.sortOrder.map { "\($0)" }, "bigint")
        guard !fields.isEmpty else { return false }

        try await transaction.execute(
            """
            INSERT INTO item_edits (merchant_id, location_id, plu)
            VALUES (\(key.merchantID), \(key.locationID), \(plu))
            ON CONFLICT ON CONSTRAINT item_edits_pkey DO NOTHING
            """
        )
        var changed = 0
        for field in fields {
            let who: Query = field.isGivenBack ? "NULL" : "\(actor)"
            let when: Query = field.isGivenBack ? "NULL" : "now()"
            changed += try await transaction.execute(
                """
                UPDATE item_edits
                SET \(identifier: field.column) = \(field.value), \(identifier: "\(field.column)_by") = \(who),
                    \(identifier: "\(field.column)_at") = \(when)
                WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND plu = \(plu)
                    AND \(identifier: field.column) IS DISTINCT FROM \(field.value)
                """
            )
        }
        // What has no edit has no row.
        try await transaction.execute(
            """
            DELETE FROM item_edits
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND plu = \(plu)
                AND name IS NULL AND description IS NULL AND image_url IS NULL AND sort_order IS NULL
            """
        )
        guard changed > 0 else { return false }
        try await transaction.execute(
            """
            UPDATE menus
            SET edits_revision = edits_revision + 1
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        return true
    }
}
