import Contracts
import Foundation
import Postgres
import RPC
import Secrets
import TestBed
import Testing

@testable import Scheduler

/// Three processes on one database, one of them killed every other second.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProcessTests {
    @Test("Three processes, one killed every other second: the sweep runs exactly as often as it is due, each run once")
    func killedProcesses() async throws {
        let stubs = StubServices()
        stubs.change { $0.sweepTakes = .milliseconds(200) }
        try await stubs.serve { _, port in
            let database = try await PrivatePostgres.shared.freshDatabase()
            try await SchedulerBed.withPool(database) { pool in
                var processes: [ChildProcess] = []
                for _ in 0..<3 { processes.append(try Self.start(database, services: port)) }
                for process in processes { _ = try await process.waitForLine(matching: "Service started") }
                // Twelve times, and on until there is something to be looked at; the suite's time limit ends it otherwise.
                var kills = 0
                while true {
                    if kills >= 12, try await Self.sweeps(pool) > 4 { break }
                    try await Task.sleep(for: .seconds(2))
                    let victim = processes.removeFirst()
                    victim.kill()
                    _ = await victim.waitForExit()
                    let next = try Self.start(database, services: port)
                    processes.append(next)
                    // On a busy machine a start takes seconds: three that only ever start would do nothing.
                    _ = try await next.waitForLine(matching: "Service started")
                    kills += 1
                }
                try await Self.untilQuiet(pool)
                for process in processes { _ = await process.stop() }
                try await Self.expectOnce(pool)
            }
        }
        #expect(stubs.notes.sweeps > 3)
    }

    @Test("A leader that is stopped, and so keeps its connections, is replaced; when it goes on, nothing runs twice")
    func stoppedLeader() async throws {
        let stubs = StubServices()
        try await stubs.serve { _, port in
            let database = try await PrivatePostgres.shared.freshDatabase()
            try await SchedulerBed.withPool(database) { pool in
                let leader = try Self.start(database, services: port)
                _ = try await leader.waitForLine(matching: "This replica plans now")
                let other = try Self.start(database, services: port)
                _ = try await other.waitForLine(matching: "Service started")
                try await Self.untilMore(pool, than: 0)
                leader.pause()
                _ = try await other.waitForLine(matching: "This replica plans now", timeout: .seconds(120))
                try await Self.untilMore(pool, than: try await Self.sweeps(pool))
                leader.resume()
                _ = try await leader.waitForLine(matching: "This replica no longer plans")
                try await Self.untilMore(pool, than: try await Self.sweeps(pool) + 1)
                try await Self.untilQuiet(pool)
                for process in [leader, other] { _ = await process.stop() }
                try await Self.expectOnce(pool)
            }
        }
    }

    /// How many sweeps came to their end.
    private static func sweeps(_ pool: PostgresPool) async throws -> Int {
        let row = try await pool.queryOne(
            "SELECT count(*) AS n FROM runs WHERE task = 'lease-sweep' AND state = 'done'"
        )
        return try row?["n", as: Int.self] ?? 0
    }

    private static func untilMore(_ pool: PostgresPool, than known: Int) async throws {
        try await until("another sweep") { try await sweeps(pool) > known }
    }

    /// Pauses the sweep and waits for what is under way.
    private static func untilQuiet(_ pool: PostgresPool) async throws {
        try await pool.execute("UPDATE tasks SET paused_by = 'test', paused_reason = 'end', paused_at = now()")
        try await until("the end of every run") {
            try await pool.queryOne("SELECT 1 FROM runs WHERE task = 'lease-sweep' AND state = 'running' LIMIT 1")
                == nil
        }
    }

    private static func expectOnce(_ pool: PostgresPool) async throws {
        let runs = try await pool.query(
            "SELECT * FROM runs WHERE task = 'lease-sweep' AND state = 'done' ORDER BY due_at"
        ).map { try TaskRun(row: $0) }
        #expect(runs.count > 3)
        #expect(runs.allSatisfy { $0.outcome?.knownValue == .succeeded })
        let first = try #require(runs.first?.dueAt)
        // Each run, with the due times it stands for, begins where the one before ended: none is left out, none twice.
        var next = first
        for run in runs {
            #expect(run.dueAt == next + Double(run.missedRuns) * 3)
            next = run.dueAt + 3
        }
        print(
            "\(runs.count) runs, \(runs.count { $0.attempts > 1 }) resumed, \(runs.count { $0.missedRuns > 0 }) caught up"
        )
    }

    @Test("From the command line a task is run and followed; how it ended is the exit status")
    func commandLine() async throws {
        let stubs = StubServices()
        stubs.change { $0.erasureFails = true }
        try await stubs.serve { _, port in
            let database = try await PrivatePostgres.shared.freshDatabase()
            let own = try TestBed.freePort()
            let service = try Self.start(database, services: port, port: own)
            _ = try await service.waitForLine(matching: "Service started")
            func run(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, text: String) {
                let command = try ChildProcess.start(
                    TestBed.productsDirectory.appending(path: "scheduler"),
                    ["run"] + arguments + ["--actor", "anna", "--url", "http://127.0.0.1:\(own)"],
                    environment: Self.environment(database, services: port, port: own)
                )
                let exit = await command.waitForExit()
                return (exit, command.lines().joined(separator: "\n"))
            }
            let good = try await run("lease-sweep")
            #expect(good.exit == .status(0))
            #expect(good.text.contains("lease-sweep: succeeded"))
            #expect(good.text.contains("expired leases: succeeded 1"))
            let bad = try await run("retention")
            #expect(bad.exit == .status(1))
            #expect(bad.text.contains("order-router: failed"))
            #expect(bad.text.contains("The disk is full."))
            let wrong = try await run("nothing")
            #expect(wrong.exit != .status(0))
            #expect(wrong.text.contains("There is no task nothing. There are: in-house:auto-sync"))
            _ = await service.stop()
        }
    }

    private static func start(_ database: Secret, services: Int, port: Int = 0) throws -> ChildProcess {
        try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "scheduler"),
            environment: environment(database, services: services, port: port)
        )
    }

    private static func environment(_ database: Secret, services port: Int, port own: Int) -> [String: String] {
        let inherited = ProcessInfo.processInfo.environment
        var environment = inherited.filter { ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].contains($0.key) }
        let token = StubServices.token.reveal()
        environment["HTTP_PORT"] = String(own)
        environment["DATABASE_URL"] = database.reveal()
        environment["CALLERS"] = #"[{"name":"tests","tokens":["\#(token)"],"services":["*"],"merchants":["*"]}]"#
        environment["CALLER_TOKEN"] = token
        environment["GATEWAYS"] = "kassanet=http://127.0.0.1:\(port)"
        for name in ["ORDER_ROUTER_URL", "MENU_SYNC_URL", "ALLOCATOR_URL"] {
            environment[name] = "http://127.0.0.1:\(port)"
        }
        environment["SWEEP_INTERVAL"] = "3s"
        environment["PLAN_INTERVAL"] = "50ms"
        environment["POLL_INTERVAL"] = "50ms"
        return environment
    }
}
