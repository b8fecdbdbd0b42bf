import Postgres
import TestBed
import Testing

@Suite struct QueryTests {
    @Test func valuesBecomeNumberedParameters() {
        let inner: Query = "b = \("x") OR c = \(true)"
        let query: Query = "SELECT \(1) WHERE a = \(2) AND (\(inner)) LIMIT \(3)"
        #expect(query.sql == "SELECT $1 WHERE a = $2 AND (b = $3 OR c = $4) LIMIT $5")
    }

    @Test func onlyUnescapedTextIsSpliced() {
        let query: Query = "SELECT \(unescaped: "now()"), \("now()") FROM \(identifier: "odd\"name")"
        #expect(query.sql == "SELECT now(), $1 FROM \"odd\"\"name\"")
    }

    @Test func bindingsNeverSplice() async throws {
        try await Bed().withPool { pool in
            try await pool.execute("CREATE TABLE notes (note text NOT NULL)")
            for text in ["'; DROP TABLE notes; --", "$1", "\\'; --", "%s"] {
                let count = try await pool.execute("INSERT INTO notes (note) VALUES (\(text))")
                #expect(count == 1)
                #expect(try await pool.query("SELECT note FROM notes WHERE note = \(text)").isEmpty == false)
            }
            #expect(try await pool.query("SELECT note FROM notes").count == 4)
        }
    }

    @Test func aZeroCharacterIsRefusedAndNotCutOff() async throws {
        try await Bed().withPool { pool in
            let error = await postgresError { _ = try await pool.query("SELECT \("a\0b")") }
            #expect(error?.kind == .zeroCharacter)
        }
    }

    @Test func textBindsToEnumsAndCasts() async throws {
        try await Bed().withPool { pool in
            try await pool.executeScript(
                "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE days (mood mood, n int)"
            )
            try await pool.execute("INSERT INTO days (mood, n) VALUES (\("good"), \(7))")
            let row = try await pool.queryOne("SELECT mood, n FROM days WHERE mood = \("good") AND n = \(7)")
            #expect(try row?["mood", as: String.self] == "good")
            #expect(try row?["n", as: Int.self] == 7)
        }
    }

    @Test func moreThanOneRowIsAnErrorWhereOneIsExpected() async throws {
        try await Bed().withPool { pool async throws in
            let error = await postgresError { _ = try await pool.queryOne("SELECT generate_series(1, 2)") }
            #expect(error?.kind == .unexpectedRows)
            #expect(try await pool.query("SELECT 1 WHERE false").isEmpty)
        }
    }

    @Test func aChangedTableIsPreparedAgain() async throws {
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.executeScript("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
            #expect(try await pool.query("SELECT * FROM t").isEmpty == false)
            try await pool.execute("ALTER TABLE t ADD COLUMN b text DEFAULT 'new'")
            #expect(try await pool.queryOne("SELECT * FROM t")?["b", as: String.self] == "new")
            try await pool.execute("DEALLOCATE ALL")
            #expect(try await pool.queryOne("SELECT * FROM t")?["b", as: String.self] == "new")
        }
    }

    @Test func preparedStatementsAreBounded() async throws {
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            for number in 0..<300 {
                _ = try await pool.query("SELECT \(number) AS column_\(unescaped: String(number))")
            }
            let row = try await pool.queryOne("SELECT count(*) AS n FROM pg_prepared_statements")
            #expect(try row?["n", as: Int.self] ?? 0 <= 256)
        }
    }
}
