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
                let found = try await transaction.query(
                    Self.page(difference, entry, wanted, after: after, limit: limit - changes.count)
                )
                guard !found.isEmpty else { continue }
                let kinds = try found.reduce(into: [:]) { kinds, row in
                    kinds[try row["id", as: String.self]] = PlanChangeKind(rawValue: try row["change"])
                }
                let fields = try await transaction.query(Self.fields(difference, entry, Array(kinds.keys)))
                for row in fields {
                    guard let kind = kinds[try row["id", as: String.self]] else { continue }
                    changes.append(try PlanChange(row, entry, kind))
                }
            }
            return changes
        }
    }

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

    /// Which entries of a kind change, after the cursor: one comparison of both sides.
    private static func page(
        _ difference: MenuDifference,
        _ entry: MenuEntryKind,
        _ kinds: [String],
        after: String?,
        limit: Int
    ) -> Query {
        let id: Query = entry == .item ? "plu" : "external_id"
        let kind: Query = entry == .item ? "" : " AND kind = \(entry.rawValue)"
        return """
            SELECT \(id) AS id, change
            FROM (\(entry == .item ? difference.items : difference.parts)) AS d
            WHERE change = ANY (\(kinds)::text[]) AND \(id) > \(after ?? "")\(kind)
            ORDER BY \(id)
            LIMIT \(limit)
            """
    }

    /// What changes in these entries, field by field.
    private static func fields(_ difference: MenuDifference, _ entry: MenuEntryKind, _ ids: [String]) -> Query {
        let id: Query = entry == .item ? "plu" : "external_id"
        let kind: Query = entry == .item ? "" : " AND kind = \(entry.rawValue)"
        let values = entry == .item ? itemValues : partValues
        func side(_ content: Query) -> Query {
            "SELECT \(id) AS id, name, \(values) AS content FROM (\(content)) AS side WHERE \(id) = ANY (\(ids)::text[])\(kind)"
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
        guard parts.count == 2, let entry = MenuEntryKind(rawValue: String(parts[0])) else { return nil }
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
