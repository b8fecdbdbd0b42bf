import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import Scheduler

/// Making runs of what is due.
@Suite(.timeLimit(.minutes(5))) struct PlanTests {
    @Test("After a day without a scheduler the minute's task runs once, for the newest due time; then the future")
    func catchUp() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let work = RecordedWork()
            let replica = bed.replica(tests: [TaskDefinition("tick", every: .seconds(60), work)])
            try await replica.tasks.register()
            #expect(try await replica.plans.planDue().created == 0)
            bed.clock.set(instant("2026-11-22T12:00:30Z"))
            #expect(try await replica.plans.planDue().created == 1)
            try await replica.performAll()
            #expect(try await replica.plans.planDue().created == 0)
            bed.clock.advance(.seconds(60))
            #expect(try await replica.plans.planDue().created == 1)
            try await replica.performAll()
            let runs = try await bed.runs("tick", replica)
            #expect(runs.map(\.dueAt) == [instant("2026-11-22T12:00:00Z"), instant("2026-11-22T12:01:00Z")])
            #expect(runs.map(\.missedRuns) == [1439, 0])
            #expect(work.ended.count == 2)
        }
    }

    @Test("Sixteen planners at once make each run once")
    func manyPlanners() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let names = (0..<20).map { "tick-\($0)" }
            let replicas = (0..<16).map { _ in
                bed.replica(tests: names.map { TaskDefinition($0, every: .seconds(60), RecordedWork()) })
            }
            try await replicas[0].tasks.register()
            var created = 0
            for _ in 0..<5 {
                bed.clock.advance(.seconds(60))
                created += try await withThrowingTaskGroup(of: Int.self) { group in
                    for replica in replicas { group.addTask { try await replica.plans.planDue().created } }
                    return try await group.reduce(0, +)
                }
                try await replicas[0].performAll()
            }
            #expect(created == 100)
            let row = try await bed.pool.queryOne("SELECT count(*) AS n, count(DISTINCT run_id) AS ids FROM runs")
            #expect(try row?["n", as: Int.self] == 100)
            #expect(try row?["ids", as: Int.self] == 100)
        }
    }

    @Test("A planner that thinks a run was never made finds it there: the unique row decides")
    func uniqueRow() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let replica = bed.replica(tests: [TaskDefinition("tick", every: .seconds(60), RecordedWork())])
            try await replica.tasks.register()
            bed.clock.advance(.seconds(60))
            #expect(try await replica.plans.planDue().created == 1)
            try await replica.performAll()
            try await bed.pool.execute("UPDATE targets SET next_due_at = last_due_at")
            #expect(try await replica.plans.planDue() == PlanStore.Planned(looked: 1, created: 0))
            #expect(try await bed.runs("tick", replica).count == 1)
            #expect(try await bed.nextDue("tick") == instant("2026-11-21T12:02:00Z"))
        }
    }

    @Test("A run never overlaps the one before; what came due meanwhile is caught up with once")
    func noOverlap() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let replica = bed.replica(tests: [TaskDefinition("tick", every: .seconds(60), RecordedWork())])
            try await replica.tasks.register()
            bed.clock.advance(.seconds(60))
            _ = try await replica.plans.planDue()
            let slow = try #require(try await replica.runs.claim("tick", lane: 0, limit: 1).first)
            for _ in 0..<3 {
                bed.clock.advance(.seconds(60))
                #expect(try await replica.plans.planDue().created == 0)
            }
            #expect(try await replica.runs.finish(slow, .succeeded()))
            #expect(try await replica.plans.planDue().created == 1)
            let last = try await bed.runs("tick", replica).last
            #expect(last?.dueAt == instant("2026-11-21T12:04:00Z"))
            #expect(last?.missedRuns == 2)
        }
    }

    @Test("When all locations have an open run at once, looking for what is due still looks at each target once")
    func crowdedMoment() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let replica = bed.replica()
            try await replica.tasks.register()
            // The statistics are of a moment without open runs, as they nearly always are.
            try await bed.pool.execute(
                """
                INSERT INTO runs (
                    run_id, task, merchant_id, location_id, due_at, trigger, state, outcome, ended_at
                )
                SELECT gen_random_uuid(), 'stock-polling', 'm', 'l-' || n % 1000,
                    \(bed.clock.now)::timestamptz - n * interval '1 hour', 'schedule', 'done', 'succeeded', now()
                FROM generate_series(1, 20000) AS n
                """
            )
            try await bed.pool.execute("ANALYZE runs")
            try await bed.pool.execute(
                """
                INSERT INTO targets (task, merchant_id, location_id, next_due_at)
                SELECT 'stock-polling', 'm', 'l-' || n, \(bed.clock.now - 60)
                FROM generate_series(1, 1000) AS n
                """
            )
            try await bed.pool.execute("ANALYZE targets")
            try await bed.pool.execute(
                """
                INSERT INTO runs (run_id, task, merchant_id, location_id, due_at, trigger, state)
                SELECT gen_random_uuid(), task, merchant_id, location_id, \(bed.clock.now - 120), 'schedule', 'due'
                FROM targets
                WHERE location_id <> ''
                """
            )
            let query = replica.plans.dueQuery(at: bed.clock.now)
            let plan = try await bed.pool.query("EXPLAIN (ANALYZE, SUMMARY OFF, TIMING OFF) \(query)")
                .map { try $0["QUERY PLAN", as: String.self] }
            // A filter of the join would compare each target with each open run.
            #expect(!plan.contains { $0.contains("Join Filter") && $0.contains("location_id") })
            #expect(plan.contains { $0.contains("Index Cond") && $0.contains("location_id = t.location_id") })
            #expect(try await replica.plans.planDue().looked == 0)
        }
    }

    @Test("Times that cannot be read, however many, keep nothing else from its turn; they count as cleared")
    func unreadableTimes() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let replica = bed.replica()
            try await bed.pool.execute(
                """
                INSERT INTO targets (task, merchant_id, location_id, schedule, next_due_at)
                SELECT 'in-house:auto-sync', 'm', 'bad-' || n, '05:00 Atlantis/Port', \(bed.clock.now - 100)
                FROM generate_series(1, \(PlanStore.batch)) AS n
                """
            )
            try await bed.pool.execute(
                """
                INSERT INTO targets (task, merchant_id, location_id, schedule, next_due_at)
                VALUES ('in-house:auto-sync', 'm', 'good', '13:00 Europe/Brussels', \(bed.clock.now - 30))
                """
            )
            try await replica.tasks.register()
            _ = try await replica.plans.planDue()
            #expect(try await replica.plans.planDue().created == 1)
            let row = try await bed.pool.queryOne("SELECT location_id FROM runs WHERE task = 'in-house:auto-sync'")
            #expect(try row?["location_id", as: String.self] == "good")
            let left = try await bed.pool.queryOne("SELECT 1 FROM targets WHERE schedule LIKE '%Atlantis%'")
            #expect(left == nil)
        }
    }

    @Test("A paused task makes no runs and begins none; resumed, it catches up once; by hand it runs all the same")
    func pause() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let replica = bed.replica(tests: [
                TaskDefinition("tick", every: .seconds(60), RecordedWork()),
                TaskDefinition("tock", every: .seconds(60), RecordedWork()),
            ])
            try await replica.tasks.register()
            bed.clock.advance(.seconds(60))
            _ = try await replica.plans.planDue()
            try await replica.tasks.pause("tick", actor: "anna", reason: "a move")
            try await replica.tasks.pause("tick", actor: "bert", reason: "another")
            #expect(try await replica.tasks.views(of: "tick").first?.paused?.actor == "anna")
            #expect(try await replica.tasks.views(of: "tick").first?.nextDueAt == nil)
            // What was made before the pause waits too; the other task goes on.
            #expect(try await replica.runs.claim("tick", lane: 0, limit: 1).isEmpty)
            #expect(try await replica.runs.claim("tock", lane: 0, limit: 1).count == 1)
            let (byHand, joined) = try await replica.runs.begin(TargetKey(task: "tick"), actor: "anna")
            #expect(joined)
            #expect(byHand.trigger.knownValue == .person)
            try await replica.perform(try #require(try await replica.runs.claim("tick", lane: 0, limit: 1).first))
            bed.clock.advance(.seconds(600))
            #expect(try await replica.plans.planDue().created == 0)
            #expect(try await replica.tasks.resume("tick"))
            #expect(try await !replica.tasks.resume("tick"))
            #expect(try await replica.plans.planDue().created == 1)
            #expect(try await bed.runs("tick", replica).map(\.missedRuns) == [0, 9])
        }
    }

    @Test("A changed interval counts from now; an unchanged one leaves the due time alone at every start")
    func registering() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let minute = bed.replica(tests: [TaskDefinition("tick", every: .seconds(60), RecordedWork())])
            try await minute.tasks.register()
            bed.clock.advance(.seconds(3000))
            try await minute.tasks.register()
            #expect(try await bed.nextDue("tick") == instant("2026-11-21T12:01:00Z"))
            let hour = bed.replica(tests: [TaskDefinition("tick", every: .seconds(3600), RecordedWork())])
            try await hour.tasks.register()
            #expect(try await bed.nextDue("tick") == instant("2026-11-21T13:00:00Z"))
        }
    }
}
