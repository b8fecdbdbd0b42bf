import Foundation
import Postgres
import TestBed
import Testing

@Suite struct TypeTests {
    private enum Color: String, PostgresCodable {
        case red, green
    }

    private struct Menu: Codable, Equatable {
        var name: String
        var price: Double
        var since: Date
        var tags: [String?]
    }

    private func roundTrip<Value: PostgresCodable & Equatable & Sendable>(
        _ values: [Value],
        as type: String,
        _ pool: PostgresPool
    ) async throws {
        for value in values {
            let row = try await pool.queryOne(
                "SELECT \(value)::\(unescaped: type) AS value, \(value as Value?)::\(unescaped: type) AS maybe, NULL::\(unescaped: type) AS none"
            )
            let found = try #require(row)
            #expect(try found["value", as: Value.self] == value)
            #expect(try found["maybe", as: Value?.self] == value)
            #expect(try found["none", as: Value?.self] == nil)
        }
    }

    @Test func everyTypeComesBackAsItWasSent() async throws {
        try await Bed().withPool { pool in
            try await roundTrip(["", "a", "é 🍕 'quoted' \"x\" \\ $1", "NULL", "line\nline\ttab"], as: "text", pool)
            try await roundTrip([0, -1, Int.max, Int.min], as: "bigint", pool)
            try await roundTrip([0, -1, Int32.max, Int32.min], as: "integer", pool)
            try await roundTrip([true, false], as: "boolean", pool)
            try await roundTrip(
                [0, -0.1, 1.0 / 3, .infinity, 2.5e-300, 1.7976931348623157e308],
                as: "double precision",
                pool
            )
            try await roundTrip([UUID(), UUID()], as: "uuid", pool)
            try await roundTrip([Data(), Data([0, 255, 92]), Data((0...255).map { UInt8($0) })], as: "bytea", pool)
            try await roundTrip([[UInt8](), [0, 1, 254]], as: "bytea", pool)
            try await roundTrip([[], [1, -2, Int.max]], as: "bigint[]", pool)
            try await roundTrip([[], ["", "NULL", "a,b", "{}", "\"q\" \\ ü"]], as: "text[]", pool)
            try await roundTrip([[UUID(), UUID()]], as: "uuid[]", pool)
            try await roundTrip([[1, nil, 3]], as: "bigint[]", pool)
            try await roundTrip([["a", nil, "NULL"]], as: "text[]", pool)
            try await roundTrip([Color.red, .green], as: "text", pool)
            try await roundTrip([JSONText("[1, {\"a\": null}]")], as: "jsonb", pool)
        }
    }

    @Test(arguments: [
        "2026-11-21 09:26:04.123456+00", "1999-12-31 23:59:59.999999+00", "2000-02-29 00:00:00+00",
        "1970-01-01 00:00:00.000001+00", "0001-01-01 00:00:00+00", "0044-03-15 12:00:00+00 BC",
        "9999-12-31 23:59:59.5+00", "12026-01-01 00:00:00+00", "1900-03-01 00:00:00+00",
    ])
    func anInstantKeepsItsMicroseconds(_ text: String) async throws {
        try await Bed().withPool { pool in
            let date = try #require(try await pool.queryOne("SELECT \(text)::timestamptz AS at"))["at", as: Date.self]
            let row = try await pool.queryOne("SELECT \(date) = \(text)::timestamptz AS is_same, \(date) AS at")
            #expect(try row?["is_same", as: Bool.self] == true)
            #expect(try row?["at", as: Date.self] == date)
        }
    }

    @Test func anInstantMeansTheSameToFoundation() async throws {
        try await Bed().withPool { pool in
            let date = Date(timeIntervalSince1970: 1_700_000_000.25)
            let row = try await pool.queryOne("SELECT extract(epoch FROM \(date))::double precision AS seconds")
            #expect(try row?["seconds", as: Double.self] == 1_700_000_000.25)
        }
    }

    @Test func anInfiniteInstantIsADecodingError() async throws {
        try await Bed().withPool { pool in
            let row = try #require(try await pool.queryOne("SELECT 'infinity'::timestamptz AS at"))
            #expect(throws: PostgresError.self) { try row["at", as: Date.self] }
        }
    }

    @Test(arguments: [Double.nan, .infinity, -1e13])
    func noInstantIsRefusedBeforeItIsSent(_ seconds: Double) async throws {
        try await Bed().withPool { pool in
            let error = await postgresError {
                _ = try await pool.query("SELECT \(Date(timeIntervalSince1970: seconds))")
            }
            #expect(error?.kind == .encoding)
        }
    }

    @Test func jsonKeepsItsShape() async throws {
        try await Bed().withPool { pool in
            let since = Date(timeIntervalSinceReferenceDate: 816_000_000.123456)
            let menu = Menu(name: "Spätzle \"gross\"", price: 12.5, since: since, tags: ["a", nil])
            let row = try await pool.queryOne("SELECT \(JSON(menu)) AS menu, \(JSON(menu))->>'since' AS since")
            #expect(try row?["menu", as: JSON<Menu>.self].value == menu)
            #expect(try row?["since", as: String.self] == "2026-11-10T10:40:00.123456Z")
        }
    }

    @Test func decodingErrorsNameColumnTypeAndFinding() async throws {
        try await Bed().withPool { pool in
            let row = try #require(try await pool.queryOne("SELECT 'x'::text AS size, NULL::bigint AS count"))
            func text(_ body: () throws -> Void) -> String {
                do {
                    try body()
                    return ""
                } catch {
                    return "\(error)"
                }
            }
            #expect(text { _ = try row["size", as: Int.self] } == "Column size should be Int, found text.")
            #expect(text { _ = try row["count", as: Int.self] } == "Column count should be Int, found NULL.")
            #expect(text { _ = try row["color", as: Int.self] } == "There is no column color in the answer.")
            #expect(text { _ = try row["size", as: Color.self] }.contains("none of its cases"))
        }
    }

    @Test func rowsDecodeByPosition() async throws {
        try await Bed().withPool { pool in
            let row = try #require(try await pool.queryOne("SELECT 1::bigint, 'a', NULL::uuid, true"))
            let (number, text, id, flag) = try row.decode(Int.self, String.self, UUID?.self, Bool.self)
            #expect(number == 1 && text == "a" && id == nil && flag)
        }
    }
}
