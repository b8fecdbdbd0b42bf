import Contracts
import Foundation
import Postgres
import RPC

extension TaskRun {
    /// A run as callers see it, out of all columns of its row.
    init(row: Row) throws {
        let key = try TargetKey(row: row)
        let startedAt = try row["started_at", as: Date?.self]
        let endedAt = try row["ended_at", as: Date?.self]
        self.init(
            runId: try row["run_id", as: UUID.self],
            task: key.task,
            merchantId: key.location?.merchantID,
            locationId: key.location?.locationID,
            dueAt: try row["due_at", as: Date.self],
            missedRuns: try row["missed", as: Int.self],
            trigger: try row["trigger", as: TaskRunTrigger.self],
            actor: try row["actor", as: String?.self],
            parentRunId: try row["parent_run_id", as: UUID?.self],
            state: try row["state", as: TaskRunState.self],
            attempts: try row["attempts", as: Int.self],
            startedAt: startedAt,
            endedAt: endedAt,
            durationMs: startedAt.flatMap { start in
                endedAt.map { Int(($0.timeIntervalSince(start) * 1000).rounded()) }
            },
            outcome: try row["outcome", as: TaskRunOutcome?.self],
            reason: try row["reason", as: String?.self],
            explanation: try row["explanation", as: String?.self],
            nextAction: try row["next_action", as: String?.self],
            items: try row["items", as: JSON<[TaskRunItem]>.self].value
        )
    }
}

/// A run that is ours to do.
struct ClaimedRun: Sendable {
    var id: UUID
    var key: TargetKey
    var dueAt: Date
    var trigger: TaskRunTrigger
    var actor: String?
    var attempt: Int
    var generation: Int
    var lane: Int
    /// How long after its due time it began, in seconds; of the first attempt.
    var lateness: Double
    /// What the target was planned by; it has changed where the feed told something new meanwhile.
    var schedule: String
    /// Failures in a row before this run.
    var level: Int
    var hasWaiting: Bool
    /// How the location's register stands, as its gateway last said; `nil` for the deployment, and where it is gone.
    var connection: Standing?

    struct Standing: Hashable, Sendable {
        var gateway: String
        var status: ConnectionStatus
    }

    init(row: Row) throws {
        id = try row["run_id", as: UUID.self]
        key = try TargetKey(row: row)
        dueAt = try row["due_at", as: Date.self]
        trigger = try row["trigger", as: TaskRunTrigger.self]
        actor = try row["actor", as: String?.self]
        attempt = try row["attempts", as: Int.self]
        generation = try row["generation", as: Int.self]
        lane = try row["lane", as: Int.self]
        lateness = try row["started_at", as: Date.self].timeIntervalSince(dueAt)
        schedule = try row["schedule", as: String?.self] ?? ""
        level = try row["level", as: Int?.self] ?? 0
        hasWaiting = try row["has_waiting", as: Bool?.self] ?? false
        if let gateway = try row["gateway", as: String?.self] {
            connection = Standing(gateway: gateway, status: try row["status", as: ConnectionStatus.self])
        }
    }
}
