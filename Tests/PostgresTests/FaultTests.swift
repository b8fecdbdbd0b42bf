import Foundation
import Postgres
import Secrets
import TestBed
import Testing

@Suite struct FaultTests {
    /// The first statement that runs after the fault, as its backend.
    private func backend(_ pool: PostgresPool) async throws -> Int {
        try #require(try await pool.queryOne("SELECT pg_backend_pid() AS pid"))["pid", as: Int.self]
    }

    @Test(arguments: [false, true])
    func anIdlePoolDoesNotNoticeARestart(_ immediate: Bool) async throws {
        let postgres = try await PrivatePostgres.start()
        let bed = try await Bed(postgres)
        try await bed.withPool { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await pool.query("SELECT pg_sleep(0.05)") } }
                try await group.waitForAll()
            }
            try await postgres.restart(immediate: immediate)
            for _ in 0..<8 {
                #expect(try await pool.query("SELECT 1").count == 1)
            }
        }
        await postgres.stop()
    }

    @Test func aRunningStatementLosesItsConnectionInARestart() async throws {
        let postgres = try await PrivatePostgres.start()
        let bed = try await Bed(postgres)
        try await bed.withPool({
            $0.statementTimeout = .seconds(300)
            $0.acquireTimeout = .seconds(60)
        }) { pool in
            try await pool.query("SELECT 1")
            async let error = postgresError { try await pool.query("SELECT pg_sleep(290)") }
            #expect(try await eventually { try await running("pg_sleep(290)", bed) == 1 })
            await postgres.halt()
            #expect(await error?.kind == .connectionLost)
            #expect(await error?.sqlState == .adminShutdown)
            // A caller who comes while the server is away waits for it.
            async let later = backend(pool)
            try await postgres.resume()
            #expect(try await later > 0)
        }
        await postgres.stop()
    }

    private func running(_ text: String, _ bed: Bed) async throws -> Int {
        try await bed.withPool({ $0.applicationName = "observer" }) { observer in
            try await observer.queryOne(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'test' AND state = 'active' AND datname = current_database() AND query LIKE \("%\(text)%")"
            )?["n", as: Int.self] ?? 0
        }
    }

    @Test func aServerThatIsAwayIsToldInTime() async throws {
        let bed = try await Bed()
        let url = bed.postgres.url(of: "x").reveal().replacing("port=5432", with: "port=1")
        try await bed.withPool({
            $0.url = .init(url)
            $0.acquireTimeout = .seconds(2)
        }) { pool in
            let start = ContinuousClock.now
            let error = await postgresError { try await pool.query("SELECT 1") }
            #expect(error?.kind == .connectionFailed)
            #expect(error?.isRetryable == true)
            #expect(ContinuousClock.now - start < .seconds(60))
        }
    }

    @Test func whoeverWaitsWhileTheServerIsAwayIsToldThat() async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            proxy.behave(.refuse)
            try await bed.withPool({
                $0.url = url
                $0.maxConnections = 1
                $0.acquireTimeout = .seconds(2)
            }) { pool in
                let kinds = await withTaskGroup(of: PostgresError.Kind?.self) { group in
                    for _ in 0..<5 { group.addTask { await postgresError { try await pool.query("SELECT 1") }?.kind } }
                    return await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(kinds.contains(.connectionFailed))
                let again = await postgresError { try await pool.query("SELECT 1") }
                #expect(again?.kind == .connectionFailed)
            }
        }
    }

    @Test func aTerminatedIdleBackendIsReplaced() async throws {
        let bed = try await Bed()
        try await bed.withPool({ $0.maxConnections = 1 }) { pool in
            let pid = try await backend(pool)
            try await bed.withPool({ $0.applicationName = "observer" }) { observer in
                try await observer.query("SELECT pg_terminate_backend(\(Int32(pid)))")
            }
            #expect(try await eventually { try await bed.sessions() == 0 })
            #expect(try await backend(pool) != pid)
        }
    }

    @Test func aTerminatedTransactionFailsAndLeavesNothing() async throws {
        let bed = try await Bed()
        try await bed.withPool { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let error = await postgresError {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    let row = try #require(try await tx.queryOne("SELECT pg_backend_pid() AS pid"))
                    let pid = try row["pid", as: Int32.self]
                    try await pool.query("SELECT pg_terminate_backend(\(pid), 5000)")
                    try await tx.execute("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.kind == .connectionLost)
            #expect(try await pool.query("SELECT a FROM t").isEmpty)
        }
    }

    @Test func aBlackHoleIsGivenUpInBoundedTime() async throws {
        let bed = try await Bed()
        try await bed.withProxy { proxy, url in
            try await bed.withPool({
                $0.url = url
                $0.maxConnections = 1
                $0.statementTimeout = .seconds(2)
                $0.connectTimeout = .seconds(4)
                $0.acquireTimeout = .seconds(6)
            }) { pool in
                try await pool.query("SELECT 1")
                proxy.behave(.blackHole)
                let start = ContinuousClock.now
                let sent = await postgresError { try await pool.query("SELECT 1") }
                #expect(sent?.kind == .timedOut)
                #expect(sent?.isOutcomeUnknown == true)
                #expect(ContinuousClock.now - start < .seconds(60))
                let connecting = await postgresError { try await pool.query("SELECT 1") }
                #expect(connecting?.kind == .connectionFailed)
                #expect(ContinuousClock.now - start < .seconds(120))
                proxy.behave(.forward)
                #expect(try await pool.query("SELECT 1").count == 1)
            }
        }
    }

    @Test func backendsTerminatedAtRandomCostErrorsAndNothingElse() async throws {
        let bed = try await Bed()
        try await bed.withPool { pool in
            try await pool.execute("CREATE TABLE t (a bigint PRIMARY KEY)")
            let killer = Task {
                try await bed.withPool({ $0.applicationName = "observer" }) { observer in
                    while !Task.isCancelled {
                        try await observer.query(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database() ORDER BY random() LIMIT 1"
                        )
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            let acknowledged = await withTaskGroup(of: [Int].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        var done: [Int] = []
                        for number in 0..<100 {
                            let key = worker * 1000 + number
                            let error = await postgresError { try await pool.execute("INSERT INTO t VALUES (\(key))") }
                            if error == nil { done.append(key) }
                        }
                        return done
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            killer.cancel()
            _ = await killer.result
            // Another pool reads: a signal may still be on its way to one of this pool's backends.
            let stored = try await bed.withPool({ $0.applicationName = "observer" }) { observer in
                Set(try await observer.query("SELECT a FROM t").map { try $0["a", as: Int.self] })
            }
            #expect(acknowledged.count > 100)
            #expect(stored.isSuperset(of: acknowledged))
            #expect(try await eventually { try await bed.sessions() <= 4 })
        }
    }
}
