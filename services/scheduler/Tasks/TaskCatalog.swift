import Contracts
import RPC
import RPCClient

/// The names of tasks, as they stand in tables, calls and on the command line.
enum TaskNames {
    static let autoSync = "in-house:auto-sync"
    static let check = "kassanet:check-and-requeue"
    static let stock = "stock-polling"
    static let sweep = "lease-sweep"
    static let retention = "retention"
}

/// When tasks run, and how many of their runs at once.
struct TaskTiming: Sendable {
    var checks: CheckTiming
    /// How long one test of a connection may take.
    var checkTimeout: Duration
    var stockInterval: Duration
    var sweepInterval: Duration
    var retention: Schedule
    var retentionTimeout: Duration
    /// How many runs of locations a process has at once, per task and lane.
    var slots: Int
}

/// The services that tasks call.
struct TaskServices: Sendable {
    var gateways: [String: RPCClient]
    var orderRouter: RPCClient
    var menuSync: RPCClient
    var allocator: RPCClient

    /// Everybody who keeps something for a while, and serves `Retention`.
    ///
    /// table-allocator is not among them: what it keeps goes with its leases, in ``LeaseSweep``.
    var keepers: [String: RPCClient] {
        var keepers = ["order-router": orderRouter, "menu-sync": menuSync]
        for (name, client) in gateways { keepers["\(name)-gateway"] = client }
        return keepers
    }
}

/// All tasks there are.
enum TaskCatalog {
    static func all(
        _ timing: TaskTiming,
        _ services: TaskServices,
        connections: ConnectionStore,
        runs: RunStore,
        history: HistoryErasure
    ) -> [String: TaskDefinition] {
        let tasks = [
            TaskDefinition(
                TaskNames.autoSync,
                "Imports each location's menu at its daily time, in its own zone.",
                schedule: nil,
                hasLocations: true,
                words: "daily, at each location's own time",
                slots: timing.slots,
                timeout: .seconds(120),
                work: AutoSync(menuSync: services.menuSync, runs: runs)
            ),
            TaskDefinition(
                TaskNames.check,
                "Tests registers that cannot be used, and those for which orders wait, so that these go out by themselves.",
                schedule: .every(.seconds(60)),
                locationSchedule: .spaced(timing.checks.backoff.first),
                hasLocations: true,
                words:
                    "every 1 min; each location after \(timing.checks.backoff.first.words) at first, up to \(timing.checks.backoff.longest.words) while its register stays away",
                slots: timing.slots,
                timeout: timing.checkTimeout + .seconds(30),
                work: ConnectionCheck(
                    gateways: services.gateways,
                    orderRouter: services.orderRouter,
                    connections: connections,
                    runs: runs,
                    timing: timing.checks,
                    timeout: timing.checkTimeout,
                    dice: connections.dice
                )
            ),
            TaskDefinition(
                TaskNames.stock,
                "Asks registers that count articles what is left of them.",
                schedule: .every(timing.stockInterval),
                locationSchedule: .spaced(timing.stockInterval),
                hasLocations: true,
                words: Schedule.spaced(timing.stockInterval).words,
                slots: timing.slots,
                timeout: .seconds(120),
                work: StockPolling(
                    menuSync: services.menuSync,
                    connections: connections,
                    runs: runs,
                    interval: timing.stockInterval
                )
            ),
            TaskDefinition(
                TaskNames.sweep,
                "Clears away table leases and waiters whose time is over.",
                schedule: .every(timing.sweepInterval),
                slots: 1,
                timeout: .seconds(120),
                work: LeaseSweep(allocator: services.allocator)
            ),
            TaskDefinition(
                TaskNames.retention,
                "Has every service erase what has been kept long enough, guests' data above all.",
                schedule: timing.retention,
                slots: 1,
                timeout: timing.retentionTimeout,
                work: Retention(keepers: services.keepers, history: history)
            ),
        ]
        return Dictionary(uniqueKeysWithValues: tasks.map { ($0.name, $0) })
    }
}

extension RPCClient {
    /// Calls a procedure for a run: with what is left of its time, at most so long.
    func call<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        _ message: Message,
        _ context: CallContext,
        within limit: Duration
    ) async throws(RPCError) -> Answer {
        try await call(method, message, context: context.limited(to: limit))
    }
}
