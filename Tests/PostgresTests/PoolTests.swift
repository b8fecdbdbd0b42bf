import Foundation
import Postgres
import TestBed
import Testing

@Suite struct PoolTests {
    private actor Order {
        private(set) var numbers: [Int] = []

        func append(_ number: Int) {
            numbers.append(number)
        }
    }

    @Test func exhaustionIsToldInTimeAndPasses() async throws {
        try await Bed().withPool({
            $0.maxConnections = 1
            // Long enough for the first connection on a busy machine.
            $0.acquireTimeout = .seconds(3)
        }) { pool in
            try await pool.withConnection { _ in
                let start = ContinuousClock.now
                let error = try #require(await postgresError { try await pool.query("SELECT 1") })
                let elapsed = ContinuousClock.now - start
                #expect(error.kind == .poolExhausted)
                #expect(error.description.contains("All 1 database connections are in use"))
                #expect(elapsed >= .seconds(3) && elapsed < .seconds(60))
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func oneWaiterTooManyIsRefusedAtOnce() async throws {
        try await Bed().withPool({
            $0.maxConnections = 1
            $0.maxWaiters = 0
        }) { pool in
            try await pool.withConnection { _ in
                let error = await postgresError { try await pool.query("SELECT 1") }
                #expect(error?.kind == .poolExhausted)
                #expect(error?.isRetryable == true)
            }
        }
    }

    @Test func manyTasksShareFewConnections() async throws {
        let bed = try await Bed()
        // How long the last of two hundred waits is the machine's business.
        try await bed.withPool({ $0.acquireTimeout = .seconds(60) }) { pool in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...200 {
                    group.addTask {
                        try await pool.queryOne("SELECT \(number) AS n, pg_sleep(0.002)")?["n", as: Int.self] ?? 0
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 20_100)
            #expect(try await bed.sessions() <= 4)
        }
    }

    @Test func waitersAreServedInOrder() async throws {
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            let order = Order()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await pool.withConnection { _ in
                    for number in 0..<10 {
                        group.addTask {
                            try await pool.withConnection { _ in await order.append(number) }
                        }
                        // Each one must be in the line before the next one comes.
                        while pool.waitingCallers <= number { await Task.yield() }
                    }
                }
                try await group.waitForAll()
            }
            #expect(await order.numbers == Array(0..<10))
        }
    }

    @Test func aCancelledWaiterFreesItsPlace() async throws {
        try await Bed().withPool({
            $0.maxConnections = 1
            $0.maxWaiters = 1
        }) { pool in
            try await pool.withConnection { _ in
                let waiter = Task { try await pool.query("SELECT 1") }
                while pool.waitingCallers == 0 { await Task.yield() }
                waiter.cancel()
                await #expect(throws: CancellationError.self) { try await waiter.value }
                #expect(pool.waitingCallers == 0)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func waitingForTheDatabaseDoesNotStopSwift() async throws {
        let bed = try await Bed()
        let width = max(4, ProcessInfo.processInfo.activeProcessorCount * 2)
        func locks(granted: Bool) async throws -> Int {
            try await bed.withPool({ $0.applicationName = "observer" }) { observer in
                try await observer.queryOne(
                    "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND granted = \(granted) AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )?["n", as: Int.self] ?? 0
            }
        }
        try await bed.withPool({
            $0.maxConnections = width
            $0.lockTimeout = .seconds(240)
            $0.statementTimeout = .seconds(240)
        }) { pool in
            try await bed.withPool({ $0.idleInTransactionTimeout = .seconds(240) }) { holder in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await holder.transaction { transaction async throws in
                        try await transaction.query("SELECT pg_advisory_xact_lock(7)")
                        for _ in 0..<width {
                            group.addTask { try await pool.query("SELECT pg_advisory_xact_lock_shared(7)") }
                        }
                        // More of them wait than Swift has threads. Were these threads what waits, nothing here went on.
                        let doAllWait = try await eventually { try await locks(granted: false) == width }
                        #expect(doAllWait)
                        for _ in 0..<100 { await Task { await Task.yield() }.value }
                        let granted = try await locks(granted: true)
                        #expect(granted == 1)
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func aLentConnectionIsUselessAfterwardsAndLeavesNoLocks() async throws {
        let bed = try await Bed()
        try await bed.withPool({ $0.maxConnections = 1 }) { pool in
            let escaped = try await pool.withConnection { connection in
                try await connection.execute("SET statement_timeout = 1234")
                try await connection.query("SELECT pg_advisory_lock(1)")
                return connection
            }
            let error = await postgresError { try await escaped.query("SELECT 1") }
            #expect(error?.kind == .closed)
            let row = try await pool.queryOne(
                "SELECT current_setting('statement_timeout') AS timeout, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks"
            )
            #expect(try row?["timeout", as: String.self] == "10s")
            #expect(try row?["locks", as: Int.self] == 0)
        }
    }

    @Test func aSessionLeftInATransactionIsNotReused() async throws {
        try await Bed().withPool({ $0.maxConnections = 1 }) { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            try await pool.execute("BEGIN")
            try await pool.execute("INSERT INTO t VALUES (1)")
            try await pool.withConnection { connection in
                try await connection.execute("BEGIN")
                try await connection.execute("INSERT INTO t VALUES (2)")
            }
            #expect(try await pool.query("SELECT a FROM t").count == 1)
        }
    }

    @Test func afterShutdownEveryCallerIsRefused() async throws {
        let bed = try await Bed()
        try await bed.withPool { pool in
            try await pool.query("SELECT 1")
            await pool.shutdown()
            let error = await postgresError { try await pool.query("SELECT 1") }
            #expect(error?.kind == .closed)
            #expect(try await eventually { try await bed.sessions() == 0 })
        }
    }

    @Test func sessionsHaveTheirLimits() async throws {
        try await Bed().withPool({ $0.searchPath = "\"odd schema\", public" }) { pool in
            let row = try await pool.queryOne(
                "SELECT current_setting('statement_timeout') AS a, current_setting('lock_timeout') AS b, current_setting('idle_in_transaction_session_timeout') AS c, current_setting('search_path') AS d, current_setting('application_name') AS e, current_setting('jit') AS f"
            )
            let found = try #require(row)
                .decode(String.self, String.self, String.self, String.self, String.self, String.self)
            #expect(found == ("10s", "5s", "10s", "\"odd schema\", public", "test", "off"))
        }
    }
}
