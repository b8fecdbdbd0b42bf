import Contracts
import Foundation
import Logging
import Postgres
import RPC
import RPCClient
import Secrets
import ServiceLifecycle
import Synchronization
import TestBed

@testable import Scheduler

/// A migrated database of its own for one test, with a clock that the test turns.
struct SchedulerBed: Sendable {
    let url: Secret
    let pool: PostgresPool
    let clock: ManualClock

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body with an empty, migrated database; it is then as late as `start` says.
    static func with<Value: Sendable>(
        at start: String = "2026-11-21T12:00:00Z",
        _ body: (SchedulerBed) async throws -> Value
    ) async throws -> Value {
        let url = try await PrivatePostgres.shared.freshDatabase(template: "scheduler") { url in
            try await withPool(url) { pool in
                _ = try await Migrator(SchedulerSchema.migrations).apply(pool, schema: SchedulerSchema.name)
            }
        }
        return try await withPool(url) { pool in
            try await body(SchedulerBed(url: url, pool: pool, clock: ManualClock(instant(start))))
        }
    }

    static func configuration(_ url: Secret) -> PostgresConfiguration {
        PostgresConfiguration(
            url: url,
            searchPath: SchedulerSchema.name,
            maxConnections: 8,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "scheduler-tests"
        )
    }

    static func withPool<Value: Sendable>(
        _ url: Secret,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let pool = PostgresPool(configuration(url), logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    /// A replica over this bed's pool, with the tasks there are, or those that the test brings.
    func replica(
        _ services: TaskServices = .nobody,
        timing: TaskTiming = .standard,
        pace: Replica.Pace = .quick,
        dice: Dice = .loaded,
        tests: [TaskDefinition]? = nil
    ) -> Replica {
        Replica(
            Self.configuration(url),
            pool: pool,
            timing: timing,
            services: services,
            pace: pace,
            history: (locations: .seconds(2 * 86_400), others: .seconds(30 * 86_400)),
            clock: ScheduleClock(clock),
            dice: dice,
            logger: Self.logger,
            tests: tests.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.name, $0) }) }
        )
    }

    /// Writes down a task, without what it has to do for the deployment as a whole.
    func know(_ task: String) async throws {
        try await pool.execute("INSERT INTO tasks (task) VALUES (\(task))")
    }

    /// All runs of a task, oldest first.
    func runs(_ task: String, _ replica: Replica, at location: LocationKey? = nil) async throws -> [TaskRun] {
        var filter = RunStore.Filter(task: task)
        filter.merchant = location?.merchantID
        filter.location = location?.locationID
        return try await replica.runs.list(filter, after: nil, limit: 100_000).reversed()
    }

    /// When a target is due next.
    func nextDue(_ task: String, _ location: LocationKey? = nil) async throws -> Date? {
        let row = try await pool.queryOne(
            """
            SELECT next_due_at
            FROM targets
            WHERE task = \(task) AND merchant_id = \(location?.merchantID.rawValue ?? "")
                AND location_id = \(location?.locationID.rawValue ?? "")
            """
        )
        return try row?["next_due_at", as: Date?.self]
    }

    /// Returns when every run is through.
    func untilAllDone() async throws {
        try await until("the end of all runs") {
            try await pool.queryOne("SELECT 1 FROM runs WHERE state <> 'done' LIMIT 1") == nil
        }
    }
}

extension Replica {
    /// Runs the body while the runner works, without the planner and the follower: the test plans by itself.
    func running<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await Self.group(services.filter { !($0 is Planner || $0 is ConnectionFollower) }, body)
    }

    /// Runs the body while everything works.
    func runningWhole<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await Self.group(services, body)
    }

    private static func group<Value>(_ services: [any Service], _ body: () async throws -> Value) async throws -> Value
    {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) },
                logger: SchedulerBed.logger
            )
        )
        let running = Task { try await group.run() }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running.value
        return try result.get()
    }

    /// Does every run that waits, one after the other, without a runner.
    func performAll() async throws {
        while true {
            let waiting = try await runs.waiting()
            guard !waiting.isEmpty else { return }
            for (task, lane) in waiting {
                for run in try await runs.claim(task, lane: lane, limit: 100) { try await perform(run) }
            }
        }
    }

    /// Does one run, as the runner does.
    func perform(_ run: ClaimedRun) async throws {
        guard let work = service.definitions[run.key.task]?.work else { return }
        let report: RunReport
        do {
            report = try await work.run(run, .background(timeout: .seconds(120), logger: SchedulerBed.logger))
        } catch {
            report = RunReport(failed: RPCError(mapping: error))
        }
        _ = try await runs.finish(run, report)
    }
}

/// A clock that stands still until it is turned.
final class ManualClock: Sendable {
    private let time: Mutex<Date>

    init(_ start: Date) { time = Mutex(start) }

    var now: Date { time.withLock { $0 } }

    func advance(_ duration: Duration) { time.withLock { $0 += duration.seconds } }

    func set(_ date: Date) { time.withLock { $0 = date } }
}

extension ScheduleClock {
    init(_ clock: ManualClock) {
        self.init { "\(clock.now)" }
    }
}

extension Dice {
    /// Always the middle.
    static let loaded = Dice { ($0.lowerBound + $0.upperBound) / 2 }
}

extension Replica.Pace {
    static let quick = Replica.Pace(
        runLease: .seconds(10),
        plan: .milliseconds(20),
        poll: .milliseconds(20),
        follow: .milliseconds(20),
        grace: .seconds(5)
    )
}

extension TaskTiming {
    static let standard = TaskTiming(
        checks: CheckTiming(
            backoff: Backoff(first: .seconds(60), longest: .seconds(900)),
            longestWithOrders: .seconds(300),
            misconfigured: .seconds(900)
        ),
        checkTimeout: .seconds(5),
        stockInterval: .seconds(300),
        sweepInterval: .seconds(60),
        retention: DailyTime("03:30", zone: "UTC").map(Schedule.daily) ?? .every(.seconds(86_400)),
        retentionTimeout: .seconds(60),
        slots: 8
    )
}

/// An instant out of RFC 3339; what is none is the year 2001, which no test expects.
func instant(_ text: String) -> Date { RFC3339.date(text) ?? Date(timeIntervalSinceReferenceDate: 0) }

/// Work that only notes when it was done, and waits where the test wants it to.
final class RecordedWork: TaskWork, Sendable {
    private struct State {
        var begun: [UUID] = []
        var ended: [UUID] = []
    }

    private let state = Mutex(State())
    private let body: @Sendable (ClaimedRun) async throws -> RunReport

    init(_ body: @escaping @Sendable (ClaimedRun) async throws -> RunReport = { _ in .succeeded() }) {
        self.body = body
    }

    /// Runs by id, once for each time they were begun.
    var begun: [UUID] { state.withLock(\.begun) }
    /// Runs by id, once for each time their work came to its end.
    var ended: [UUID] { state.withLock(\.ended) }

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        state.withLock { $0.begun.append(run.id) }
        let report = try await body(run)
        state.withLock { $0.ended.append(run.id) }
        return report
    }
}

extension TaskDefinition {
    /// A task for a test.
    init(
        _ name: String,
        every interval: Duration,
        slots: Int = 4,
        timeout: Duration = .seconds(30),
        _ work: any TaskWork
    ) {
        self.init(name, "A test's.", schedule: .every(interval), slots: slots, timeout: timeout, work: work)
    }
}
