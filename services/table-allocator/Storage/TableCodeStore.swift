package import Foundation
package import Postgres
package import RPC

/// A table, and what the QR code on it says.
package struct CodedTable: Sendable, Hashable {
    package let merchant: MerchantID
    package let location: LocationID
    package let number: Int
    /// Its own name, or section, label and index.
    package let name: String
    /// The name of its section.
    package let section: String
    package let code: UUID

    package init(
        merchant: MerchantID,
        location: LocationID,
        number: Int,
        name: String,
        section: String,
        code: UUID
    ) {
        self.merchant = merchant
        self.location = location
        self.number = number
        self.name = name
        self.section = section
        self.code = code
    }
}

/// What came of asking for a new code.
package enum CodeRenewal: Sendable, Hashable {
    /// The old one resolves to nothing from now on.
    case renewed(CodedTable)
    /// The code was replaced before; the table is as it is now.
    case already(CodedTable)
    /// There is no such table, or it never had that code.
    case unknown
}

/// The QR codes of tables, in PostgreSQL.
///
/// A code is made with its table, stays as long as the table does, and is unique among all merchants.
package struct TableCodeStore: Sendable {
    package let postgres: PostgresPool

    package init(postgres: PostgresPool) {
        self.postgres = postgres
    }

    /// A table of a location; `nil` where no section has it.
    package func table(
        _ number: Int,
        of merchant: MerchantID,
        at location: LocationID
    ) async throws -> CodedTable? {
        try await tables(
            "t.merchant_id = \(merchant.rawValue) AND t.location_id = \(location.rawValue) AND t.table_number = \(number)"
        ).first
    }

    /// The tables of a location by section and place; `section`: only those of that one.
    package func tables(
        of merchant: MerchantID,
        at location: LocationID,
        inSection section: String?
    ) async throws -> [CodedTable] {
        try await tables(
            """
            t.merchant_id = \(merchant.rawValue) AND t.location_id = \(location.rawValue) \
            AND t.section_name = coalesce(\(section), t.section_name)
            """
        )
    }

    /// The table that has the code now, among these merchants.
    package func table(withCode code: UUID, visibleTo merchants: Allowance<MerchantID>) async throws -> CodedTable? {
        switch merchants {
        case .all:
            return try await tables("t.qr_code = \(code)").first
        case .only(let some):
            let names = some.map(\.rawValue)
            return try await tables("t.qr_code = \(code) AND t.merchant_id = ANY (\(names))").first
        }
    }

    /// Replaces a table's code, where it is the one given, and keeps who did it.
    package func renew(
        _ code: UUID,
        ofTable number: Int,
        of merchant: MerchantID,
        at location: LocationID,
        actor: String
    ) async throws -> CodeRenewal {
        let renewed = try await postgres.queryOne(
            """
            WITH renewed AS (
                UPDATE section_tables
                SET qr_code = gen_random_uuid()
                WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
                    AND table_number = \(number) AND qr_code = \(code)
                RETURNING merchant_id, location_id, table_number
            )
            INSERT INTO renewed_codes (merchant_id, location_id, table_number, qr_code, renewed_at, actor)
            SELECT merchant_id, location_id, table_number, \(code)::uuid, now(), \(actor)::text
            FROM renewed
            RETURNING table_number
            """
        )
        // Of two calls at once the second waits for the first, finds another code, and sees here what became of its own.
        guard let table = try await table(number, of: merchant, at: location) else { return .unknown }
        if renewed != nil { return .renewed(table) }
        let before = try await postgres.queryOne(
            """
            SELECT renewed_at
            FROM renewed_codes
            WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
                AND table_number = \(number) AND qr_code = \(code)
            """
        )
        return before == nil ? .unknown : .already(table)
    }

    private func tables(_ condition: Query) async throws -> [CodedTable] {
        try await postgres.query(
            """
            SELECT t.merchant_id, t.location_id, t.table_number, t.section_name, t.qr_code,
                coalesce(t.custom_name, s.name || ' ' || s.label || ' ' || t.position) AS shown_name
            FROM section_tables AS t
            JOIN sections AS s
                ON s.merchant_id = t.merchant_id AND s.location_id = t.location_id AND s.name = t.section_name
            WHERE \(condition)
            ORDER BY t.section_name, t.position, t.table_number
            """
        )
        .map { row in
            CodedTable(
                merchant: MerchantID(unchecked: try row["merchant_id"]),
                location: LocationID(unchecked: try row["location_id"]),
                number: try row["table_number"],
                name: try row["shown_name"],
                section: try row["section_name"],
                code: try row["qr_code"]
            )
        }
    }
}
