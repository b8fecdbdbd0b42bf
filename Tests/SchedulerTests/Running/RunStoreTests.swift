import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import Scheduler

/// Runs and their leases.
@Suite(.timeLimit(.minutes(5))) struct RunStoreTests {
    /// A bed with one run that waits.
    private func withRun(_ body: (SchedulerBed, Replica, Replica) async throws -> Void) async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let tasks = [TaskDefinition("tick", every: .seconds(60), RecordedWork())]
            let (one, other) = (bed.replica(tests: tasks), bed.replica(tests: tasks))
            try await one.tasks.register()
            bed.clock.advance(.seconds(60))
            _ = try await one.plans.planDue()
            try await body(bed, one, other)
        }
    }

    @Test("Of many that want a run, one gets it")
    func claims() async throws {
        try await withRun { bed, _, _ in
            let replicas = (0..<12).map { _ in
                bed.replica(tests: [TaskDefinition("tick", every: .seconds(60), RecordedWork())])
            }
            let claimed = try await withThrowingTaskGroup(of: Int.self) { group in
                for replica in replicas {
                    group.addTask { try await replica.runs.claim("tick", lane: 0, limit: 5).count }
                }
                return try await group.reduce(0, +)
            }
            #expect(claimed == 1)
        }
    }

    @Test("A run whose lease has run out goes on under its own id; the one who had it changes nothing any more")
    func takenOver() async throws {
        try await withRun { bed, one, other in
            let first = try #require(try await one.runs.claim("tick", lane: 0, limit: 1).first)
            // While the lease holds, nobody takes it.
            #expect(try await other.runs.takeOver(from: []) == RunStore.Orphans())
            #expect(try await one.runs.renew([first.id: first.generation]) == [first.id])
            try await bed.pool.execute("UPDATE runs SET lease_until = now() - interval '1 second'")
            #expect(try await other.runs.takeOver(from: []).resumed == 1)
            let again = try #require(try await other.runs.claim("tick", lane: 0, limit: 1).first)
            #expect(again.id == first.id)
            #expect(again.dueAt == first.dueAt)
            #expect(again.attempt == 2)
            // The sleeper wakes up.
            #expect(try await one.runs.renew([first.id: first.generation]) == [])
            #expect(try await !one.runs.finish(first, .succeeded("stale")))
            try await one.runs.handBack(first)
            #expect(try await one.runs.find(first.id)?.state.knownValue == .running)
            #expect(try await other.runs.finish(again, .succeeded("good")))
            let run = try #require(try await one.runs.find(first.id))
            #expect(run.reason == "good")
            #expect(run.attempts == 2)
            #expect(try await bed.runs("tick", one).count == 1)
        }
    }

    @Test("A run that ends every process that begins it is given up after five, and says so")
    func givenUp() async throws {
        try await withRun { _, one, other in
            var id: UUID?
            for attempt in 1...5 {
                let run = try #require(try await one.runs.claim("tick", lane: 0, limit: 1).first)
                #expect(run.attempt == attempt)
                id = run.id
                let orphans = try await other.runs.takeOver(from: [one.runs.runner])
                #expect(orphans == RunStore.Orphans(resumed: attempt < 5 ? 1 : 0, givenUp: attempt < 5 ? 0 : 1))
            }
            #expect(try await one.runs.claim("tick", lane: 0, limit: 1).isEmpty)
            let last = try #require(id)
            let run = try #require(try await one.runs.find(last))
            #expect(run.outcome?.knownValue == .failed)
            #expect(run.reason == "runner_lost")
            #expect(run.nextAction == "call_support")
            #expect(run.endedAt != nil)
        }
    }

    @Test("A run that is handed back is begun again under its own id, and counts no attempt")
    func handedBack() async throws {
        try await withRun { _, one, other in
            let first = try #require(try await one.runs.claim("tick", lane: 0, limit: 1).first)
            try await one.runs.handBack(first)
            let again = try #require(try await other.runs.claim("tick", lane: 0, limit: 1).first)
            #expect(again.id == first.id)
            #expect(again.attempt == 1)
            #expect(again.generation > first.generation)
        }
    }

    @Test("The history goes when it has been kept long enough: what went well at a location first, what is open never")
    func erasing() async throws {
        try await SchedulerBed.with { bed in
            let replica = bed.replica()
            for (number, days) in [1, 3, 40].enumerated() {
                for (location, outcome) in [("a", "succeeded"), ("a", "failed"), ("", "succeeded")] {
                    try await bed.pool.execute(
                        """
                        INSERT INTO runs (
                            run_id, task, merchant_id, location_id, due_at, trigger, state, outcome, ended_at
                        )
                        VALUES (
                            gen_random_uuid(), \("t-\(location)-\(outcome)"), \(location), \(location),
                            \(bed.clock.now - Double(days * 86_400)), 'schedule', 'done', \(outcome),
                            \(bed.clock.now - Double(days * 86_400))
                        )
                        """
                    )
                    #expect(number < 3)
                }
            }
            try await bed.pool.execute(
                """
                INSERT INTO runs (run_id, task, merchant_id, location_id, due_at, trigger, state)
                VALUES (gen_random_uuid(), 'open', '', '', \(bed.clock.now - 86_400 * 100), 'schedule', 'due')
                """
            )
            let history = replica.service.history
            let first = try await history.erase(limit: 3)
            #expect(first.erased == [ErasedRows(what: "runs", rows: 3)])
            #expect(first.isMore)
            let second = try await history.erase(limit: 3)
            #expect(second.erased.first?.rows == 1)
            #expect(!second.isMore)
            let left = try await bed.pool.query("SELECT task FROM runs ORDER BY task")
                .map { try $0["task", as: String.self] }
            #expect(
                left == ["open", "t--succeeded", "t--succeeded", "t-a-failed", "t-a-failed", "t-a-succeeded"]
            )
        }
    }

    @Test("To find what goes, what is kept for longer is not read: each kind has an index of its own")
    func erasingIsBounded() async throws {
        try await SchedulerBed.with { bed in
            let replica = bed.replica()
            // A month of registers that are off, and behind them one run that went well three days ago.
            try await bed.pool.execute(
                """
                INSERT INTO runs (run_id, task, merchant_id, location_id, due_at, trigger, state, outcome, ended_at)
                SELECT gen_random_uuid(), 't', 'm', 'l', \(bed.clock.now)::timestamptz - n * interval '1 minute',
                    'schedule', 'done', CASE n WHEN 4320 THEN 'succeeded' ELSE 'failed' END,
                    \(bed.clock.now)::timestamptz - n * interval '1 minute'
                FROM generate_series(4320, 24320) AS n
                """
            )
            try await bed.pool.execute("ANALYZE runs")
            let erasing = replica.runs.eraseQuery(
                locations: .seconds(2 * 86_400),
                others: .seconds(30 * 86_400),
                limit: 100
            )
            let plan = try await bed.pool.query("EXPLAIN (ANALYZE, BUFFERS, SUMMARY OFF, TIMING OFF) \(erasing)")
                .map { try $0["QUERY PLAN", as: String.self] }
            #expect(!plan.contains { $0.contains("Seq Scan") || $0.contains("Rows Removed") })
            let row = try await bed.pool.queryOne("SELECT count(*) AS n FROM runs WHERE outcome = 'succeeded'")
            #expect(try row?["n", as: Int.self] == 0)
        }
    }
}
