import Foundation
import Postgres
import TestBed
import Testing

@Suite struct CopyBufferTests {
    @Test("A buffer's rows come in as they were, whatever characters they hold, NULL and empty texts included")
    func rowsComeInAsTheyWere() async throws {
        let texts: [String?] = [nil, "", "\\N", "tab\tline\nreturn\rback\\slash", "é✓🍰 \u{1}\u{7f}", "\\.", "NULL"]
        let numbers: [Int?] = [nil, 0, 7, -10, .max, .min, 1_234_567_890]
        let ids = texts.map { $0 == nil ? nil : UUID() }
        try await Bed().withPool { pool in
            try await pool.execute("CREATE TABLE kept (name text, place int, number bigint, id uuid, list text[])")
            var buffer = CopyBuffer()
            for round in 0..<2 {
                buffer.removeAll()
                for index in texts.indices {
                    try buffer.append(texts[index])
                    buffer.append(index + round * texts.count)
                    buffer.append(numbers[index])
                    buffer.append(ids[index])
                    try buffer.append(value: texts.compactMap(\.self))
                    buffer.endRow()
                }
                #expect(buffer.rows == texts.count)
                let full = buffer
                let columns = ["name", "place", "number", "id", "list"]
                let count = try await pool.transaction { try await $0.copyIn("kept", columns: columns, full) }
                #expect(count == texts.count)
            }
            let rows = try await pool.query("SELECT * FROM kept ORDER BY place")
            #expect(rows.count == 2 * texts.count)
            for (index, row) in rows.enumerated() {
                let at = index % texts.count
                #expect(try row["name"] == texts[at])
                #expect(try row["number"] == numbers[at])
                #expect(try row["id"] == ids[at])
                #expect(try row["list"] == texts.compactMap(\.self))
            }
        }
    }

    @Test("A row with a zero character is refused and dropped, and the others stay whole")
    func aZeroCharacterDropsItsRow() async throws {
        try await Bed().withPool { pool in
            try await pool.execute("CREATE TABLE kept (name text, place int)")
            var buffer = CopyBuffer()
            for (place, name) in ["one", "ze\0ro", "", "three"].enumerated() {
                do throws(PostgresError) {
                    try buffer.append(name)
                    buffer.append(place)
                    buffer.endRow()
                } catch {
                    #expect(error.kind == .zeroCharacter)
                    buffer.dropRow()
                }
            }
            // A row that was begun and is not ended is not sent.
            try buffer.append("half")
            let full = buffer
            try await pool.withConnection { connection in
                let copied = try await connection.copyIn("kept", columns: ["name", "place"], full)
                #expect(copied == 3)
                let none = try await connection.copyIn("kept", columns: ["name", "place"], CopyBuffer())
                #expect(none == 0)
            }
            let rows = try await pool.query("SELECT name FROM kept ORDER BY place")
            #expect(try rows.map { try $0["name", as: String.self] } == ["one", "", "three"])
        }
    }

    @Test("A transaction's own limit holds for its statements, at the server and here, and for no other")
    func aTransactionHasItsOwnLimit() async throws {
        try await Bed().withPool({
            $0.statementTimeout = .seconds(1)
            $0.maxConnections = 1
        }) { pool in
            try await pool.transaction(limit: .seconds(60)) { transaction in
                _ = try await transaction.query("SELECT pg_sleep(3.5)")
            }
            let error = await postgresError { _ = try await pool.query("SELECT pg_sleep(60)") }
            #expect(error?.sqlState == .queryCanceled)
        }
    }
}
