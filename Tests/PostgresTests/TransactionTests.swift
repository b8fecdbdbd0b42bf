import Postgres
import TestBed
import Testing

@Suite struct TransactionTests {
    private struct Refusal: Error {}

    private func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        try await Bed().withPool { pool in
            try await pool.execute(
                "CREATE TABLE t (a int CONSTRAINT t_a_unique UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )
            try await body(pool)
        }
    }

    private func count(_ pool: PostgresPool) async throws -> Int {
        try await pool.queryOne("SELECT count(*) AS n FROM t")?["n", as: Int.self] ?? -1
    }

    @Test func aBodyThatReturnsIsCommitted() async throws {
        try await withTable { pool in
            let isolation = try await pool.transaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                return try await tx.queryOne("SELECT current_setting('transaction_isolation') AS i")?[
                    "i",
                    as: String.self
                ]
            }
            #expect(isolation == "read committed")
            #expect(try await count(pool) == 1)
        }
    }

    @Test func aBodyThatThrowsIsRolledBackAndItsErrorIsItsOwn() async throws {
        try await withTable { pool async throws in
            await #expect(throws: Refusal.self) {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    throw Refusal()
                }
            }
            #expect(try await count(pool) == 0)
        }
    }

    @Test func aConstraintThatWaitsForTheCommitRefusesIt() async throws {
        try await withTable { pool in
            do {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1), (1)")
                }
                Issue.record("committed")
            } catch PostgresTransactionError.commit(let error) {
                #expect(error.isConstraintViolation("t_a_unique"))
            }
            #expect(try await count(pool) == 0)
        }
    }

    @Test func aSwallowedErrorIsNoCommit() async throws {
        try await withTable { pool in
            do {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    _ = try? await tx.query("SELECT 1 / 0")
                }
                Issue.record("committed")
            } catch PostgresTransactionError.aborted {}
            #expect(try await count(pool) == 0)
        }
    }

    @Test func aDeadlockIsToldAndNotRepeated() async throws {
        try await withTable { pool in
            try await pool.execute("INSERT INTO t VALUES (1), (2)")
            let both = Meeting(of: 2)
            let bodies = Counter()
            func cross(_ first: Int, _ second: Int) async -> PostgresError? {
                await postgresError {
                    try await pool.transaction { tx in
                        bodies.increment()
                        try await tx.execute("UPDATE t SET a = a WHERE a = \(first)")
                        await both.arrive()
                        try await tx.execute("UPDATE t SET a = a WHERE a = \(second)")
                    }
                }
            }
            async let one = cross(1, 2)
            async let two = cross(2, 1)
            let errors = await [one, two].compactMap(\.self)
            #expect(errors.map(\.kind) == [.server(.deadlockDetected)])
            #expect(errors.first?.isRetryable == true)
            #expect(bodies.value == 2)
        }
    }

    @Test func aCommitThatWasNeverSentIsKnownToHaveFailed() async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            try await bed.withPool({ $0.url = url }) { pool in
                do {
                    try await pool.transaction { tx in
                        proxy.cut()
                        _ = try? await tx.query("SELECT 1")
                    }
                    Issue.record("committed")
                } catch PostgresTransactionError.commit(let error) {
                    #expect(error.kind == .connectionLost)
                    #expect(!error.isOutcomeUnknown)
                }
            }
        }
    }

    @Test func aCommitWithoutAnAnswerIsUnknown() async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            try await bed.withPool({ $0.url = url }) { pool in
                try await pool.execute("CREATE TABLE t (a int)")
                proxy.behave(.loseAnswer(to: "COMMIT\0"))
                do {
                    try await pool.transaction { tx in
                        try await tx.execute("INSERT INTO t VALUES (1)")
                    }
                    Issue.record("answered")
                } catch PostgresTransactionError.commitUnknown(let error) {
                    #expect(error.kind == .connectionLost)
                }
                proxy.behave(.forward)
                #expect(try await eventually { try await count(pool) == 1 })
            }
        }
    }
}
