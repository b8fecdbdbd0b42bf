import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// One replica of the scheduler but its front door, put together; tests run several in one process.
struct Replica {
    /// How often this and that is done.
    struct Pace: Sendable {
        var runLease: Duration = .seconds(30)
        var plan: Duration = .milliseconds(500)
        var poll: Duration = .milliseconds(500)
        var follow: Duration = .milliseconds(500)
        var grace: Duration = .seconds(10)
    }

    let tasks: TaskStore
    let plans: PlanStore
    let runs: RunStore
    let connections: ConnectionStore
    let service: SchedulerService
    let planner: Planner
    let seat: LeaderSeat
    /// In the order in which they start.
    let services: [any Service]

    /// `tests` stands in for the tasks there are.
    init(
        _ postgres: PostgresConfiguration,
        pool: PostgresPool,
        timing: TaskTiming,
        services: TaskServices,
        pace: Pace = Pace(),
        history: (locations: Duration, others: Duration),
        clock: ScheduleClock = .database,
        dice: Dice = .fair,
        logger: Logger,
        tests: [String: TaskDefinition]? = nil
    ) {
        let instance = UUID()
        let runs = RunStore(pool: pool, clock: clock, runner: instance, lease: pace.runLease)
        let connections = ConnectionStore(pool: pool, clock: clock, checks: timing.checks, dice: dice)
        let erasure = HistoryErasure(runs: runs, locations: history.locations, others: history.others)
        let definitions =
            tests
            ?? TaskCatalog.all(timing, services, connections: connections, runs: runs, history: erasure)
        let board = RunBoard()
        let liveness = InstanceLock(postgres, namespace: Runner.namespace, instance: instance, logger: logger)
        let follower = ConnectionFollower(
            gateways: services.gateways,
            connections: connections,
            interval: pace.follow,
            logger: logger
        )
        self.runs = runs
        self.connections = connections
        tasks = TaskStore(pool: pool, clock: clock, definitions: definitions, dice: dice)
        plans = PlanStore(pool: pool, clock: clock, definitions: definitions, dice: dice)
        seat = LeaderSeat(postgres, logger: logger)
        planner = Planner(seat: seat, plans: plans, board: board, interval: pace.plan, logger: logger)
        let runner = Runner(
            runs: runs,
            definitions: definitions,
            board: board,
            liveness: liveness,
            pollInterval: pace.poll,
            grace: pace.grace,
            logger: logger
        )
        service = SchedulerService(
            definitions: definitions,
            tasks: tasks,
            runs: runs,
            connections: connections,
            follower: follower,
            board: board,
            history: erasure
        )
        // At the end the planner goes first, and the seat with it; then the runner hands back what it has.
        self.services = [liveness, follower, runner, seat.lock, planner]
    }
}
