import Foundation
import Postgres
import Synchronization
import TestBed
import Testing

@Suite struct CopyTests {
    private static let table = "CREATE TABLE articles (id int PRIMARY KEY, name text, price bigint)"

    /// Rows made one by one as they are asked for; counts how many were.
    private struct Rows: AsyncSequence, Sendable {
        let count: Int
        let made = Counter()
        var failsAt: Int?
        var name: @Sendable (Int) -> String? = { "Article \($0)" }

        struct Broken: Error {}

        struct AsyncIterator: AsyncIteratorProtocol {
            let rows: Rows
            var next = 0

            mutating func next() async throws -> CopyRow? {
                guard next < rows.count else { return nil }
                if next == rows.failsAt { throw Broken() }
                defer { next += 1 }
                rows.made.increment()
                return try CopyRow(next, rows.name(next), 100 * next)
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rows: self) }
    }

    private static let columns = ["id", "name", "price"]

    @Test("COPY brings rows in as they were, whatever characters they hold")
    func rowsComeInAsTheyWere() async throws {
        let names: [String?] = [nil, "", "\\N", "tab\tline\nreturn\rback\\slash", "é✓🍰 \u{1}\u{7f}", "\\.", "NULL"]
        try await Bed().withPool { pool in
            try await pool.execute("\(unescaped: Self.table)")
            let count = try await pool.withConnection { connection in
                try await connection.copyIn(
                    "articles",
                    columns: Self.columns,
                    rows: Rows(count: names.count, name: { names[$0] })
                )
            }
            #expect(count == names.count)
            let stored = try await pool.query("SELECT name FROM articles ORDER BY id")
            #expect(try stored.map { try $0["name", as: String?.self] } == names)
        }
    }

    @Test("A copy of many rows is one change: all of it, or nothing when its source or the server says no")
    func aCopyIsWholeOrNotAtAll() async throws {
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.execute("\(unescaped: Self.table)")
            try await pool.withConnection { connection in
                await #expect(throws: Rows.Broken.self) {
                    try await connection.copyIn(
                        "articles",
                        columns: Self.columns,
                        rows: Rows(count: 20_000, failsAt: 15_000)
                    )
                }
                // The session is as good as before.
                let duplicate = Rows(count: 20_000, name: { _ in "x" })
                let count = try await connection.copyIn("articles", columns: Self.columns, rows: duplicate)
                #expect(count == 20_000)
                let again = await postgresError {
                    _ = try await connection.copyIn("articles", columns: Self.columns, rows: duplicate)
                }
                #expect(again?.isConstraintViolation("articles_pkey") == true)
                let nowhere = await postgresError {
                    _ = try await connection.copyIn("nowhere", columns: ["a"], rows: Rows(count: 1))
                }
                #expect(nowhere?.sqlState == .undefinedTable)
                let stored = try await connection.queryOne("SELECT count(*) AS n FROM articles")?["n", as: Int.self]
                #expect(stored == 20_000)
            }
        }
    }

    @Test("A copy in a transaction that is rolled back leaves nothing")
    func aCopySharesItsTransactionsFate() async throws {
        struct Never: Error {}
        try await Bed().withPool { pool in
            try await pool.execute("\(unescaped: Self.table)")
            await #expect(throws: Never.self) {
                try await pool.transaction { transaction in
                    let count = try await transaction.copyIn("articles", columns: Self.columns, rows: Rows(count: 100))
                    #expect(count == 100)
                    throw Never()
                }
            }
            #expect(try await pool.query("SELECT 1 FROM articles").isEmpty)
        }
    }

    @Test("A server that does not take rows holds their source back")
    func aSlowServerHoldsTheSourceBack() async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            try await bed.withPool({
                $0.url = url
                $0.statementTimeout = .seconds(2)
            }) { pool in
                try await pool.execute("\(unescaped: Self.table)")
                let filling = String(repeating: "x", count: 1_000)
                let rows = Rows(count: 1_000_000, name: { _ in filling })
                let error = await postgresError {
                    try await pool.withConnection { connection in
                        proxy.behave(.blackHole)
                        _ = try await connection.copyIn("articles", columns: Self.columns, rows: rows)
                    }
                }
                #expect(error?.kind == .timedOut)
                // A gigabyte was to be had; what kernel and proxy hold is some megabytes.
                #expect(rows.made.value < 100_000)
                proxy.behave(.forward)
                #expect(try await pool.query("SELECT 1 FROM articles").isEmpty)
            }
        }
    }

    @Test("COPY gives rows out in whole lines, a piece at a time, and a reader that stops closes the session only")
    func rowsComeOutInPieces() async throws {
        struct Enough: Error {}
        let query = "SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n ORDER BY n"
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.withConnection { connection in
                var lines = 0
                var pieces = 0
                try await connection.copyOut(query) { piece in
                    #expect(piece.hasSuffix("\n"))
                    lines += piece.utf8.count { $0 == UInt8(ascii: "\n") }
                    pieces += 1
                }
                #expect(lines == 20_000)
                #expect(pieces > 10)
                #expect(try await connection.query("SELECT 1").count == 1)
                await #expect(throws: Enough.self) { try await connection.copyOut(query) { _ in throw Enough() } }
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }
}
