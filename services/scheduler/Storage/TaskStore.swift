import Contracts
import Foundation
import Postgres
import RPC

/// Keeps the tasks: which there are, and which a person paused.
struct TaskStore: Sendable {
    let pool: PostgresPool
    let clock: ScheduleClock
    let definitions: [String: TaskDefinition]
    var dice = Dice.fair

    /// Writes down the tasks of this program, and when each is due for the deployment as a whole.
    ///
    /// A due time stands as long as its schedule does.
    func register() async throws {
        try await pool.transaction { transaction in
            let now = try await clock.now(transaction)
            for definition in definitions.values.sorted(by: { $0.name < $1.name }) {
                try await transaction.execute(
                    "INSERT INTO tasks (task) VALUES (\(definition.name)) ON CONFLICT (task) DO NOTHING"
                )
                let first = definition.schedule?.first(after: now, dice: dice)
                try await transaction.execute(
                    """
                    INSERT INTO targets AS t (task, merchant_id, location_id, schedule, next_due_at)
                    VALUES (\(definition.name), '', '', \(definition.schedule?.words ?? ""), \(first))
                    ON CONFLICT (task, merchant_id, location_id) DO UPDATE
                    SET schedule = excluded.schedule, next_due_at = excluded.next_due_at
                    WHERE t.schedule <> excluded.schedule
                    """
                )
            }
        }
    }

    /// Keeps a task from running by itself; a pause that is there already stands.
    func pause(_ task: String, actor: String, reason: String) async throws {
        try await pool.execute(
            """
            UPDATE tasks
            SET paused_by = \(actor), paused_reason = \(reason), paused_at = \(clock.sql())
            WHERE task = \(task) AND paused_at IS NULL
            """
        )
    }

    /// Ends a pause.
    ///
    /// - Returns: Whether there was one.
    func resume(_ task: String) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE tasks
            SET paused_by = NULL, paused_reason = NULL, paused_at = NULL
            WHERE task = \(task) AND paused_at IS NOT NULL
            """
        ) > 0
    }

    /// All tasks as callers see them, or one.
    func views(of task: String? = nil) async throws -> [ScheduledTask] {
        let names = task.map { [$0] } ?? Array(definitions.keys)
        let rows = try await pool.query(
            """
            SELECT k.task, k.paused_by, k.paused_reason, k.paused_at, t.next_due_at, t.locations, o.waiting, o.running,
                l.run_id AS last_run_id
            FROM tasks k
            CROSS JOIN LATERAL (
                SELECT min(next_due_at) AS next_due_at,
                    count(*) FILTER (WHERE location_id <> '' AND next_due_at IS NOT NULL) AS locations
                FROM targets
                WHERE task = k.task
            ) t
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE state = 'due') AS waiting,
                    count(*) FILTER (WHERE state = 'running') AS running
                FROM runs
                WHERE task = k.task AND state <> 'done'
            ) o
            LEFT JOIN LATERAL (
                SELECT run_id
                FROM runs
                WHERE task = k.task AND state = 'done'
                ORDER BY due_at DESC, run_id DESC
                LIMIT 1
            ) l ON true
            WHERE k.task = ANY(\(names))
            ORDER BY k.task
            """
        )
        let last = try await lastRuns(rows)
        return try rows.compactMap { row in
            let name = try row["task", as: String.self]
            guard let definition = definitions[name] else { return nil }
            let pausedAt = try row["paused_at", as: Date?.self]
            return ScheduledTask(
                name: name,
                summary: definition.summary,
                schedule: definition.words,
                paused: try pausedAt.map {
                    TaskPause(
                        actor: try row["paused_by", as: String.self],
                        reason: try row["paused_reason", as: String.self],
                        since: $0
                    )
                },
                nextDueAt: pausedAt == nil ? try row["next_due_at", as: Date?.self] : nil,
                locations: try row["locations", as: Int.self],
                waitingRuns: try row["waiting", as: Int.self],
                runningRuns: try row["running", as: Int.self],
                lastRun: try row["last_run_id", as: UUID?.self].flatMap { last[$0] }
            )
        }
    }

    private func lastRuns(_ rows: [Row]) async throws -> [UUID: TaskRun] {
        let ids = try rows.compactMap { try $0["last_run_id", as: UUID?.self] }
        let runs = try await pool.query("SELECT * FROM runs WHERE run_id = ANY(\(ids))").map { try TaskRun(row: $0) }
        return Dictionary(uniqueKeysWithValues: runs.map { ($0.runId, $0) })
    }
}
