import Contracts
import Foundation
import Logging
import Postgres
import RPC
import ServiceLifecycle
import Synchronization
import TestBed
import Testing

@testable import Scheduler

/// Several replicas on one database, which die.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplicaTests {
    @Test("Three replicas, one killed again and again: every due run comes to its end once, under one id")
    func killed() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let isStuck = Mutex(false)
            let work = RecordedWork { _ in
                try await Task.sleep(for: isStuck.withLock { $0 } ? .seconds(600) : .milliseconds(120))
                return .succeeded()
            }
            let tasks = ["tick", "tock", "tack"].map { TaskDefinition($0, every: .seconds(60), work) }
            let crowd = Crowd(bed, tasks)
            try await bed.replica(tests: tasks).tasks.register()
            for _ in 0..<3 { crowd.start() }
            var resumed = 0
            for tick in 1...10 {
                // Once all three die while they work; what comes then must be resumed.
                isStuck.withLock { $0 = tick == 5 }
                let begun = work.begun.count
                bed.clock.advance(.seconds(60))
                if tick == 5 {
                    try await until("the work") { work.begun.count >= begun + tasks.count }
                    isStuck.withLock { $0 = false }
                    for _ in 0..<2 {
                        await crowd.killOne()
                        crowd.start()
                    }
                } else {
                    // At any moment: before the run is planned, while it waits, while it is done, when it is through.
                    try await Task.sleep(for: .milliseconds(tick * 25))
                }
                await crowd.killOne()
                crowd.start()
                try await until("the end of tick \(tick)") {
                    let row = try await bed.pool.queryOne("SELECT count(*) AS n FROM runs WHERE state = 'done'")
                    return try row?["n", as: Int.self] == tick * tasks.count
                }
            }
            await crowd.stopAll()
            let replica = bed.replica(tests: tasks)
            for task in tasks {
                let runs = try await bed.runs(task.name, replica)
                let expected = (0..<10).map { instant("2026-11-21T12:01:00Z") + Double($0) * 60 }
                #expect(runs.map(\.dueAt) == expected)
                #expect(runs.allSatisfy { $0.outcome?.knownValue == .succeeded && $0.missedRuns == 0 })
                #expect(Set(runs.map(\.runId)).count == 10)
                resumed += runs.count { $0.attempts > 1 }
                for run in runs {
                    // To its end once, or again where its runner died between the end and writing it down.
                    let ends = work.ended.count { $0 == run.runId }
                    #expect(ends == 1 || (ends <= run.attempts && run.attempts > 1))
                    #expect(work.begun.count { $0 == run.runId } >= 1)
                }
            }
            // A test in which nobody died while it worked would show nothing.
            #expect(resumed > 0)
        }
    }

    @Test("A leader that dies is replaced within seconds")
    func leader() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let tasks = [TaskDefinition("tick", every: .seconds(60), RecordedWork())]
            try await bed.replica(tests: tasks).tasks.register()
            let crowd = Crowd(bed, tasks)
            for _ in 0..<3 { crowd.start() }
            try await until("a leader") { crowd.leaders == 1 }
            var times: [Duration] = []
            for round in 1...3 {
                let began = ContinuousClock.now
                await crowd.killLeader()
                crowd.start()
                bed.clock.advance(.seconds(60))
                try await until("the next leader's run") { try await bed.runs("tick", crowd.any).count == round }
                times.append(ContinuousClock.now - began)
                try await until("its end") {
                    try await bed.pool.queryOne("SELECT 1 FROM runs WHERE state <> 'done'") == nil
                }
                #expect(crowd.leaders <= 1)
            }
            // A machine that is busy with other tests may hold up one of them, not all.
            #expect(times.contains { $0 < .seconds(5) }, "\(times)")
            await crowd.stopAll()
        }
    }

    @Test("A replica that stops in an orderly way hands back what it has in hand, and it goes on under its id")
    func gracefulStop() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let slow = RecordedWork { run in
                if run.generation == 1 { for await _ in gate {} }
                try Task.checkCancellation()
                return .succeeded()
            }
            let tasks = [TaskDefinition("tick", every: .seconds(60), slow)]
            var pace = Replica.Pace.quick
            pace.grace = .milliseconds(50)
            let one = bed.replica(pace: pace, tests: tasks)
            try await one.tasks.register()
            bed.clock.advance(.seconds(60))
            try await one.running {
                _ = try await one.plans.planDue()
                try await until("its begin") { slow.begun.count == 1 }
            }
            open.finish()
            let run = try #require(try await bed.runs("tick", one).first)
            #expect(run.state.knownValue == .due)
            #expect(run.attempts == 0)
            let other = bed.replica(tests: tasks)
            try await other.running { try await bed.untilAllDone() }
            let done = try #require(try await other.runs.find(run.runId))
            #expect(done.outcome?.knownValue == .succeeded)
            #expect(done.attempts == 1)
        }
    }

    @Test("A run that takes too long is ended with that as its cause, and its task goes on")
    func tooLong() async throws {
        try await SchedulerBed.with(at: "2026-11-21T12:00:30Z") { bed in
            let stuck = RecordedWork { _ in
                try await Task.sleep(for: .seconds(600))
                return .succeeded()
            }
            let replica = bed.replica(tests: [
                TaskDefinition("stuck", every: .seconds(60), timeout: .milliseconds(200), stuck)
            ])
            try await replica.tasks.register()
            try await replica.running {
                for _ in 0..<2 {
                    bed.clock.advance(.seconds(60))
                    _ = try await replica.plans.planDue()
                    try await bed.untilAllDone()
                }
            }
            let runs = try await bed.runs("stuck", replica)
            #expect(runs.map { $0.outcome?.knownValue } == [.failed, .failed])
            #expect(runs.allSatisfy { $0.reason == "run_timed_out" && $0.nextAction == "wait" && $0.attempts == 1 })
        }
    }
}

/// Replicas that can be killed: their sessions end at once and nothing of theirs is written any more.
private final class Crowd: Sendable {
    private struct Member {
        var replica: Replica
        var pool: PostgresPool
        var running: Task<Void, Never>
    }

    private let bed: SchedulerBed
    private let tasks: [TaskDefinition]
    private let members = Mutex<[Member]>([])
    let any: Replica

    init(_ bed: SchedulerBed, _ tasks: [TaskDefinition]) {
        self.bed = bed
        self.tasks = tasks
        any = bed.replica(tests: tasks)
    }

    func start() {
        let pool = PostgresPool(SchedulerBed.configuration(bed.url), logger: SchedulerBed.logger)
        let replica = SchedulerBed(url: bed.url, pool: pool, clock: bed.clock).replica(tests: tasks)
        let running = Task {
            await withTaskGroup(of: Void.self) { group in
                for service in replica.services { group.addTask { try? await service.run() } }
            }
        }
        members.withLock { $0.append(Member(replica: replica, pool: pool, running: running)) }
    }

    var leaders: Int { members.withLock { $0.count { $0.replica.seat.isOurs } } }

    /// The oldest dies.
    func killOne() async {
        await kill(members.withLock { $0.isEmpty ? nil : $0.removeFirst() })
    }

    func killLeader() async {
        await kill(
            members.withLock { members in
                members.firstIndex { $0.replica.seat.isOurs }.map { members.remove(at: $0) }
            }
        )
    }

    func stopAll() async {
        while let member = members.withLock({ $0.popLast() }) { await kill(member) }
    }

    private func kill(_ member: Member?) async {
        guard let member else { return }
        // First the pool, so that nothing can be handed back.
        let closing = Task { await member.pool.shutdown() }
        member.running.cancel()
        await member.running.value
        await closing.value
    }
}
