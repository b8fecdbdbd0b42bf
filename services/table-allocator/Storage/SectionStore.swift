package import Contracts
import Foundation
package import Postgres
package import RPC

/// The sections of each location and their tables, in PostgreSQL.
package struct SectionStore: Sendable {
    package let postgres: PostgresPool

    package init(postgres: PostgresPool) {
        self.postgres = postgres
    }

    /// Replaces the tables of a section, under the location's lock.
    ///
    /// A number belongs to one section: one that another section of the location had moves here. Tables that are no
    /// longer listed are not chosen any more; a lease of one lasts until it is released.
    package func put(_ section: Section) async throws -> SectionChange {
        try await change(
            """
            SELECT outcome, other_section, other_table
            FROM put_section(
                \(section.merchant.rawValue), \(section.location.rawValue), \(section.name), \(section.provider),
                \(section.label), \(section.tables.map(\.tableNumber)), \(section.tables.map(\.name))
            )
            """
        )
    }

    /// Deletes a section with its tables, their codes and their use (rule K5); leases of its tables last until they are
    /// released.
    ///
    /// `provider`: the integration that asks; `nil` for a person.
    package func delete(
        _ name: String,
        of merchant: MerchantID,
        at location: LocationID,
        by provider: String?
    ) async throws -> SectionChange {
        try await change(
            """
            SELECT outcome, NULL::text AS other_section, NULL::bigint AS other_table
            FROM delete_section(\(merchant.rawValue), \(location.rawValue), \(name), \(provider))
            """
        )
    }

    /// The sections of a location by name, with their tables and how these were used this month.
    ///
    /// `name`: only that one.
    package func sections(
        of merchant: MerchantID,
        at location: LocationID,
        named name: String? = nil,
        timeZone: String
    ) async throws -> [SectionView] {
        let rows = try await postgres.query(
            """
            SELECT s.name, s.provider, s.label, t.table_number, t.position, t.custom_name, t.qr_code,
                coalesce(
                    (
                        SELECT sum(u.uses)
                        FROM table_usage AS u
                        WHERE u.merchant_id = t.merchant_id AND u.location_id = t.location_id
                            AND u.table_number = t.table_number AND u.month = local_month(now(), \(timeZone))
                    ), 0
                )::bigint AS uses,
                (
                    SELECT max(u.last_used_at)
                    FROM table_usage AS u
                    WHERE u.merchant_id = t.merchant_id AND u.location_id = t.location_id
                        AND u.table_number = t.table_number
                ) AS last_used_at
            FROM sections AS s
            LEFT JOIN section_tables AS t
                ON t.merchant_id = s.merchant_id AND t.location_id = s.location_id AND t.section_name = s.name
            WHERE s.merchant_id = \(merchant.rawValue) AND s.location_id = \(location.rawValue)
                AND s.name = coalesce(\(name), s.name)
            ORDER BY s.name, t.position, t.table_number
            """
        )
        var sections: [SectionView] = []
        for row in rows {
            let name: String = try row["name"]
            if sections.last?.name != name {
                sections.append(
                    SectionView(name: name, provider: try row["provider"], label: try row["label"], tables: [])
                )
            }
            let place = sections.count - 1
            if let table = try table(row, of: sections[place]) { sections[place].tables.append(table) }
        }
        return sections
    }

    private func table(_ row: Row, of section: SectionView) throws -> SectionTableView? {
        guard let number = try row["table_number", as: Int?.self] else { return nil }
        let custom: String? = try row["custom_name"]
        let position: Int = try row["position"]
        return SectionTableView(
            tableNumber: number,
            name: custom ?? "\(section.name) \(section.label) \(position)",
            isCustomName: custom != nil,
            qrCode: try row["qr_code"],
            usesThisMonth: try row["uses"],
            lastUsedAt: try row["last_used_at"]
        )
    }

    private func change(_ query: Query) async throws -> SectionChange {
        guard let row = try await postgres.queryOne(query) else { throw UnreadableRow(found: "no answer") }
        switch try row["outcome", as: String.self] {
        case "done": return .done
        case "absent": return .absent
        case "name_taken": return .nameTaken(by: try row["other_section"])
        case "of_integration": return .ofIntegration
        case "table_of_integration":
            return .tableOfIntegration(try row["other_table"], section: try row["other_section"])
        case let outcome: throw UnreadableRow(found: outcome)
        }
    }
}
