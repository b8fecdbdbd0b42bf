import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

extension PlanStore {
    /// A page of what a plan would change, or has changed once it is applied: categories, groups, items, display groups.
    ///
    /// `kinds`: only those; all where it is empty. Nothing is kept for it: staging is compared with the version the plan
    /// starts from, and later that version with the next.
    func changes(
        _ sync: UUID,
        _ key: MenuKey,
        kinds: [PlanChangeKind] = [],
        after cursor: PlanCursor? = nil,
        limit: Int
    ) async throws -> [PlanChange] {
        guard let difference = try await difference(sync, key) else { return [] }
        let wanted = Set(kinds.isEmpty ? PlanChangeKind.allCases : kinds).map(\.rawValue)
        let order = PlanCursor.order
        let start = cursor.flatMap { order.firstIndex(of: $0.entry) } ?? 0
        return try await pool.transaction(limit: StagingStore.limit) { transaction in
            try await transaction.preferWholeTables()
            var changes: [PlanChange] = []
            for entry in order[start...] where changes.count < limit {
                let after = cursor.flatMap { $0.entry == entry ? $0.externalID : nil }
                changes += try await Self.changes(
                    difference,
                    entry,
                    wanted,
                    after: after ?? "",
                    limit: limit - changes.count,
                    in: transaction
                )
            }
            return changes
        }
    }

    /// The next changes of entries of a kind.
    ///
    /// Both sides are compared a stretch of ids at a time, so that a page costs what it shows where much changes. Where
    /// little does the stretches grow, so that there are few of them.
    private static func changes(
        _ difference: MenuDifference,
        _ entry: MenuEntryKind,
        _ wanted: [String],
        after start: String,
        limit: Int,
        in transaction: PostgresTransaction
    ) async throws -> [PlanChange] {
        var changes: [PlanChange] = []
        var after = start
        var size = max(Self.stretch, 2 * limit)
        while changes.count < limit {
            let end = try await transaction.queryOne(Self.end(difference, entry, after: after, size: size))
            let through: String? = try end?["id"]
            let compared = difference.within(entry, after: after, through: through)
            let found = try await transaction.query(
                Self.page(compared, entry, wanted, limit: limit - changes.count)
            )
            if !found.isEmpty {
                let kinds = try found.reduce(into: [:]) { kinds, row in
                    kinds[try row["id", as: String.self]] = PlanChangeKind(rawValue: try row["change"])
                }
                for row in try await transaction.query(Self.fields(compared, entry, Array(kinds.keys))) {
                    guard let kind = kinds[try row["id", as: String.self]] else { continue }
                    changes.append(try PlanChange(row, entry, kind))
                }
            }
            guard let through else { break }
            after = through
            size *= 4
        }
        return changes
    }

    /// How many entries of either side are compared at first.
    static let stretch = 2_000

    private func difference(_ sync: UUID, _ key: MenuKey) async throws -> MenuDifference? {
        let row = try await pool.queryOne(
            """
            SELECT v.version, s.plan_base
            FROM (SELECT 1) AS one
            LEFT JOIN versions AS v
                ON v.sync_id = \(sync) AND v.merchant_id = \(key.merchantID) AND v.location_id = \(key.locationID)
            LEFT JOIN stagings AS s
                ON s.sync_id = \(sync) AND s.merchant_id = \(key.merchantID) AND s.location_id = \(key.locationID)
            """
        )
        guard let row else { return nil }
        if let version = try row["version", as: Int?.self] {
            return MenuDifference(target: .version(version, of: key), current: .version(version - 1, of: key))
        }
        guard let base = try row["plan_base", as: Int?.self] else { return nil }
        return MenuDifference(target: .staged(sync), current: .version(base, of: key))
    }

    /// The id up to which neither side has more than so many entries; NULL where that is all of them.
    private static func end(_ difference: MenuDifference, _ entry: MenuEntryKind, after: String, size: Int) -> Query {
        func last(_ content: MenuContent) -> Query {
            "(SELECT id FROM (\(content.ids(entry))) AS side WHERE id > \(after) ORDER BY id OFFSET \(size - 1) LIMIT 1)"
        }
        return "SELECT least(\(last(difference.target)), \(last(difference.current))) AS id"
    }

    /// Which entries of a kind change: one comparison of both sides.
    private static func page(
        _ difference: MenuDifference,
        _ entry: MenuEntryKind,
        _ kinds: [String],
        limit: Int
    ) -> Query {
        let id: Query = entry == .item ? "plu" : "external_id"
        return """
            SELECT \(id) AS id, change
            FROM (\(entry == .item ? difference.items : difference.parts)) AS d
            WHERE change = ANY (\(kinds)::text[])
            ORDER BY \(id)
            LIMIT \(limit)
            """
    }

    /// What changes in these entries, field by field.
    private static func fields(_ difference: MenuDifference, _ entry: MenuEntryKind, _ ids: [String]) -> Query {
        let id: Query = entry == .item ? "plu" : "external_id"
        let values = entry == .item ? itemValues : partValues
        func side(_ content: Query) -> Query {
            "SELECT \(id) AS id, name, \(values) AS content FROM (\(content)) AS side WHERE \(id) = ANY (\(ids)::text[])"
        }
        let target = entry == .item ? difference.target.items : difference.target.parts
        let current = entry == .item ? difference.current.items : difference.current.parts
        return """
            SELECT coalesce(t.id, c.id) AS id, coalesce(t.name, c.name) AS name,
                field_changes(c.content, t.content) AS fields
            FROM (\(side(target))) AS t
            FULL JOIN (\(side(current))) AS c ON c.id = t.id
            ORDER BY coalesce(t.id, c.id)
            """
    }

    private static let itemValues: Query = """
        jsonb_strip_nulls(
            jsonb_build_object(
                'name', name, 'kitchenName', kitchen_name, 'priceCents', price_cents, 'taxBasisPoints', tax_basis_points,
                'categoryId', category_id, 'sortOrder', sort_order, 'modifierGroupIds', group_ids
            )
        )
        """

    private static let partValues: Query = "content || jsonb_build_object('name', name)"
}

extension PlanCursor {
    /// The order in which changes are listed.
    static let order: [MenuEntryKind] = [.category, .modifierGroup, .item, .displayGroup]

    /// After this change.
    init?(after change: PlanChange) {
        guard let entry = change.entry.knownValue else { return nil }
        self.init(entry: entry, externalID: change.externalId)
    }

    var text: String {
        Data("\(entry.rawValue):\(externalID)".utf8).base64EncodedString()
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let entry = MenuEntryKind(rawValue: String(parts[0])), !parts[1].contains("\0") else {
            return nil
        }
        self.init(entry: entry, externalID: String(parts[1]))
    }
}

extension PlanChange {
    fileprivate init(_ row: Row, _ entry: MenuEntryKind, _ kind: PlanChangeKind) throws {
        self.init(
            change: kind,
            entry: entry,
            externalId: try row["id"],
            name: try row["name"],
            fields: try row["fields", as: JSON<[FieldChange]>.self].value
        )
    }
}
