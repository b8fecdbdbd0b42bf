import Contracts
import Foundation
import Postgres
import RPC
import Secrets
import TestBed
import Testing

@testable import Scheduler

/// Three processes on one database, one of them killed every second.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProcessTests {
    @Test("Three processes, one killed each second: the sweep runs exactly as often as it is due, each run once")
    func killedProcesses() async throws {
        let stubs = StubServices()
        try await stubs.serve { _, port in
            let database = try await PrivatePostgres.shared.freshDatabase()
            try await SchedulerBed.withPool(database) { pool in
                var processes: [ChildProcess] = []
                for _ in 0..<3 { processes.append(try Self.start(database, services: port)) }
                for process in processes { _ = try await process.waitForLine(matching: "Service started") }
                let end = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < end {
                    try await Task.sleep(for: .seconds(1))
                    let victim = processes.removeFirst()
                    victim.kill()
                    _ = await victim.waitForExit()
                    processes.append(try Self.start(database, services: port))
                }
                try await Self.untilQuiet(pool)
                for process in processes { _ = await process.stop() }
                try await Self.expectOnce(pool)
            }
        }
        #expect(stubs.notes.sweeps > 3)
    }

    /// Pauses the sweep and waits for what is under way.
    private static func untilQuiet(_ pool: PostgresPool) async throws {
        try await pool.execute("UPDATE tasks SET paused_by = 'test', paused_reason = 'end', paused_at = now()")
        let end = ContinuousClock.now + .seconds(60)
        while try await pool.queryOne(
            "SELECT 1 FROM runs WHERE task = 'lease-sweep' AND state = 'running' LIMIT 1"
        ) != nil {
            guard ContinuousClock.now < end else { throw TestBedError("A run never came to its end.") }
            try await Task.sleep(for: .milliseconds(50))
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

    private static func start(_ database: Secret, services port: Int) throws -> ChildProcess {
        let inherited = ProcessInfo.processInfo.environment
        var environment = inherited.filter { ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].contains($0.key) }
        let token = StubServices.token.reveal()
        environment["HTTP_PORT"] = "0"
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
        return try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "scheduler"),
            environment: environment
        )
    }
}
