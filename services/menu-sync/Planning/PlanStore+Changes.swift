import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

extension PlanStore {
    /// A page of what a plan would change, or has changed once it is applied: categories, groups, items, display groups.
    ///
    /// `kinds`: only those; all where it is empty. Nothing is kept for it: staging is compared with the version the plan
    /// starts from, and later that version with the next, so a page costs what lies between its ends.
    func changes(
        _ sync: UUID,
        _ key: MenuKey,
        kinds: [PlanChangeKind] = [],
        after cursor: PlanCursor? = nil,
        limit: Int
    ) async throws -> [PlanChange] {
        guard let difference = try await difference(sync, key) else { return [] }
        let wanted = Set(kinds.isEmpty ? PlanChangeKind.allCases : kinds)
        let order = PlanCursor.order
        let start = cursor.flatMap { order.firstIndex(of: $0.entry) } ?? 0
        var changes: [PlanChange] = []
        for entry in order[start...] where changes.count < limit {
            let after = cursor.flatMap { $0.entry == entry ? $0.externalID : nil }
            let query = Self.page(difference, entry, wanted, after: after, limit: limit - changes.count)
            for row in try await pool.query(query) {
                changes.append(try PlanChange(row, entry))
            }
        }
        return changes
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

    /// Both sides walk their index from the cursor on, and stop at the page's end.
    private static func page(
        _ difference: MenuDifference,
        _ entry: MenuEntryKind,
        _ kinds: Set<PlanChangeKind>,
        after: String?,
        limit: Int
    ) -> Query {
        let target = entry == .item ? difference.target.items : difference.target.parts
        let current = entry == .item ? difference.current.items : difference.current.parts
        let id: Query = entry == .item ? "plu" : "external_id"
        let kind: Query = entry == .item ? "" : " AND kind = \(entry.rawValue)"
        let values = entry == .item ? itemValues : partValues
        func side(_ content: Query) -> Query {
            "SELECT \(id) AS id, name, \(values) AS content FROM (\(content)) AS side WHERE \(id) > \(after ?? "")\(kind)"
        }
        return """
            SELECT id, name, change, field_changes(old, new) AS fields
            FROM (
                (
                    SELECT t.id, t.name, CASE WHEN c.id IS NULL THEN 'added' ELSE 'changed' END AS change,
                        c.content AS old, t.content AS new
                    FROM (\(side(target))) AS t
                    LEFT JOIN (\(side(current))) AS c ON c.id = t.id
                    WHERE (c.id IS NULL OR c.content <> t.content)
                        AND CASE WHEN c.id IS NULL THEN 'added' ELSE 'changed' END = ANY (\(kinds.map(\.rawValue))::text[])
                    ORDER BY t.id
                    LIMIT \(limit)
                )
                UNION ALL
                (
                    SELECT c.id, c.name, 'removed', c.content, NULL
                    FROM (\(side(current))) AS c
                    WHERE \(kinds.contains(.removed))
                        AND NOT EXISTS (SELECT FROM (\(target)) AS t WHERE t.\(id) = c.id\(kind))
                    ORDER BY c.id
                    LIMIT \(limit)
                )
            ) AS change
            ORDER BY id COLLATE "C"
            LIMIT \(limit)
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
    fileprivate init(_ row: Row, _ entry: MenuEntryKind) throws {
        let change: String = try row["change"]
        self.init(
            change: PlanChangeKind(rawValue: change) ?? .changed,
            entry: entry,
            externalId: try row["id"],
            name: try row["name"],
            fields: try row["fields", as: JSON<[FieldChange]>.self].value
        )
    }
}
