import Postgres
import Secrets
import TestBed
import Testing

@Suite struct ErrorTests {
    @Test func aUniqueViolationCarriesItsConstraint() async throws {
        try await Bed().withPool { pool in
            try await pool.execute("CREATE TABLE orders (key text CONSTRAINT orders_key_unique UNIQUE)")
            try await pool.execute("INSERT INTO orders (key) VALUES (\("secret-value"))")
            let error = try #require(
                await postgresError { try await pool.execute("INSERT INTO orders (key) VALUES (\("secret-value"))") }
            )
            #expect(error.kind == .server(.uniqueViolation))
            #expect(error.isConstraintViolation("orders_key_unique"))
            #expect(!error.isConstraintViolation("orders_pkey"))
            #expect(error.table == "orders")
            #expect(!error.isRetryable)
            #expect("\(error)" == "The database refused the statement. (SQLSTATE 23505, constraint orders_key_unique)")
            #expect(error.debugDescription.contains("secret-value"))
            #expect(error.debugDescription.contains("INSERT INTO orders (key) VALUES ($1)"))
        }
    }

    @Test func aStatementThatTakesTooLongIsCanceledByTheServer() async throws {
        try await Bed().withPool({ $0.statementTimeout = .seconds(2) }) { pool async throws in
            let error = await postgresError { _ = try await pool.query("SELECT pg_sleep(300)") }
            #expect(error?.kind == .server(.queryCanceled))
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func aLockThatIsNotFreeInTimeIsRetryable() async throws {
        try await Bed().withPool({ $0.lockTimeout = .milliseconds(100) }) { pool in
            try await pool.withConnection { holder in
                try await holder.query("SELECT pg_advisory_lock(7)")
                let error = await postgresError { _ = try await pool.query("SELECT pg_advisory_xact_lock(7)") }
                #expect(error?.kind == .server(.lockNotAvailable))
                #expect(error?.isRetryable == true)
            }
        }
    }

    @Test func aWrongDatabaseFailsAtOnceAndNamesItsState() async throws {
        let bed = try await Bed()
        let url = bed.postgres.url(of: "no_such_database")
        try await bed.withPool({
            $0.url = url
            // Far more than the test allows: trying again until then would be seen.
            $0.acquireTimeout = .seconds(300)
        }) { pool in
            let start = ContinuousClock.now
            let error = await postgresError { _ = try await pool.query("SELECT 1") }
            #expect(error?.kind == .connectionFailed)
            #expect(error?.sqlState == .unknownDatabase)
            #expect(error?.isRetryable == false)
            #expect(ContinuousClock.now - start < .seconds(100))
        }
    }

    @Test func textThatIsNoURLIsNotRepeated() async throws {
        try await Bed().withPool({ $0.url = .init("postgres:/user:canary@host/db") }) { pool in
            let error = await postgresError { _ = try await pool.query("SELECT 1") }
            #expect(error?.kind == .configuration)
            #expect(error?.debugDescription.contains("canary") == false)
        }
    }
}
