import Contracts
import Foundation
import RPC
import RPCClient

/// Has every service erase what has been kept long enough: `retention`.
///
/// Each erases a bounded number of rows a call and is asked until nothing is left. How long it keeps what is its own
/// setting. A service that fails is a failed part of the run, and keeps none of the others from theirs.
struct Retention: TaskWork {
    let keepers: [String: RPCClient]
    let history: HistoryErasure
    var batch = 1000
    /// A moment for everybody else, between two calls.
    var pause: Duration = .milliseconds(20)

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        let items = try await withThrowingTaskGroup(of: TaskRunItem.self) { group in
            for (name, client) in keepers {
                group.addTask {
                    try await erase(name, context) {
                        try await client.call(
                            RetentionV1.eraseExpired,
                            EraseExpiredRequest(limit: batch),
                            context,
                            // So that what it had erased is told, should it take all the time there is.
                            within: min(.seconds(30), context.deadline.remaining - .seconds(1))
                        )
                    }
                }
            }
            group.addTask { try await erase("scheduler", context) { try await history.erase(limit: batch) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return RunReport(items.sorted { $0.name < $1.name })
    }

    /// Asks one service until it has nothing left, or no time is.
    private func erase(
        _ name: String,
        _ context: CallContext,
        _ ask: @Sendable () async throws -> EraseExpiredResponse
    ) async throws -> TaskRunItem {
        var rows = 0
        do {
            while true {
                let answer = try await ask()
                rows += answer.erased.reduce(0) { $0 + $1.rows }
                guard answer.isMore else { return TaskRunItem(name: name, outcome: .succeeded, count: rows) }
                guard context.deadline.remaining > .seconds(2) else { throw Self.outOfTime }
                try await Task.sleep(for: pause)
            }
        } catch {
            // Cancelled from outside: the run is handed back as a whole.
            try Task.checkCancellation()
            return TaskRunItem(name, failed: RPCError(mapping: error), count: rows)
        }
    }

    private static let outOfTime = RPCError(
        .deadlineExceeded,
        "There was more to erase than there was time for; the next run goes on. Raise RETENTION_TIMEOUT where this comes again.",
        reason: "run_timed_out",
        nextAction: .wait
    )
}

/// What the scheduler itself erases: the history of its runs.
struct HistoryErasure: Sendable {
    let runs: RunStore
    /// How long runs of locations that went well are kept.
    let locations: Duration
    /// How long all others are kept.
    let others: Duration

    func erase(limit: Int) async throws -> EraseExpiredResponse {
        let rows = try await runs.erase(locations: locations, others: others, limit: limit)
        return EraseExpiredResponse(erased: [ErasedRows(what: "runs", rows: rows)], isMore: rows == limit)
    }
}
