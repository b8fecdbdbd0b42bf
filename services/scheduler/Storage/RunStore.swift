import Contracts
import Foundation
import Postgres
import RPC

/// Moves runs from due over running to done.
///
/// A run in hand carries its runner's lease, counted by the database alone, and a generation. Every change is one guarded
/// statement: a runner that slept past its lease, or was taken for dead, changes nothing any more.
struct RunStore: Sendable {
    let pool: PostgresPool
    let clock: ScheduleClock
    /// This process.
    let runner: UUID
    /// How long a run stays its runner's without a sign of life.
    let lease: Duration
    /// How often a run is begun before it is given up: one that kills its runners must end.
    var maxAttempts = 5

    /// The tasks and lanes in which runs wait.
    func waiting() async throws -> [(task: String, lane: Int)] {
        try await pool.query("SELECT DISTINCT task, lane FROM runs WHERE state = 'due'").map {
            (try $0["task", as: String.self], try $0["lane", as: Int.self])
        }
    }

    /// Takes runs that wait, the longest due first; of a paused task only those that a person asked for.
    func claim(_ task: String, lane: Int, limit: Int) async throws -> [ClaimedRun] {
        try await pool.query(
            """
            WITH next AS (
                SELECT r.run_id
                FROM runs r
                JOIN tasks k USING (task)
                WHERE r.state = 'due' AND r.task = \(task) AND r.lane = \(lane)
                    AND (k.paused_at IS NULL OR r.trigger = 'person')
                ORDER BY r.due_at, r.run_id
                LIMIT \(limit)
                FOR UPDATE OF r SKIP LOCKED
            ), claimed AS (
                UPDATE runs r
                SET state = 'running', runner = \(runner), generation = r.generation + 1, attempts = r.attempts + 1,
                    lease_until = now() + \(lease.interval)::interval,
                    started_at = COALESCE(r.started_at, \(clock.sql()))
                FROM next
                WHERE r.run_id = next.run_id AND r.state = 'due'
                RETURNING r.*
            )
            SELECT c.*, t.schedule, t.level, t.has_waiting, n.gateway, n.status
            FROM claimed c
            LEFT JOIN targets t USING (task, merchant_id, location_id)
            LEFT JOIN connections n
                ON n.merchant_id = c.merchant_id AND n.location_id = c.location_id AND NOT n.is_deleted
            ORDER BY c.due_at, c.run_id
            """
        ).map { try ClaimedRun(row: $0) }
    }

    /// Keeps runs that are in hand.
    ///
    /// - Returns: Those that still are ours.
    func renew(_ runs: [UUID: Int]) async throws -> Set<UUID> {
        let ids = Array(runs.keys)
        let rows = try await pool.query(
            """
            UPDATE runs r
            SET lease_until = now() + \(lease.interval)::interval
            FROM unnest(\(ids), \(ids.map { runs[$0] ?? 0 })) AS w (run_id, generation)
            WHERE r.run_id = w.run_id AND r.generation = w.generation AND r.state = 'running' AND r.runner = \(runner)
            RETURNING r.run_id
            """
        )
        return Set(try rows.map { try $0["run_id", as: UUID.self] })
    }

    /// Ends a run, and gives its location its next turn, unless the feed has given it one meanwhile.
    ///
    /// - Returns: False where the run is no longer ours; then nothing has changed.
    func finish(_ run: ClaimedRun, _ report: RunReport) async throws -> Bool {
        let (moves, next, level): (Bool, Query, Int) =
            switch report.turn {
            case .asPlanned: (false, "NULL::timestamptz", 0)
            case .never: (true, "NULL::timestamptz", 0)
            case .after(let seconds, let level):
                (true, "\(clock.sql())::timestamptz + make_interval(secs => \(seconds))", level)
            }
        let row = try await pool.queryOne(
            """
            WITH done AS (
                UPDATE runs
                SET state = 'done', outcome = \(report.outcome), reason = \(report.reason),
                    explanation = \(report.explanation), next_action = \(report.nextAction?.rawValue),
                    items = \(JSON(report.items)), ended_at = \(clock.sql()), lease_until = NULL
                WHERE run_id = \(run.id) AND generation = \(run.generation) AND state = 'running' AND runner = \(runner)
                RETURNING task, merchant_id, location_id
            ), moved AS (
                UPDATE targets t
                SET next_due_at = CASE WHEN t.next_due_at IS NULL THEN NULL ELSE \(next) END, level = \(level)
                FROM done d
                WHERE t.task = d.task AND t.merchant_id = d.merchant_id AND t.location_id = d.location_id
                    AND t.schedule = \(run.schedule) AND \(moves)
            )
            SELECT count(*) AS n FROM done
            """
        )
        return try row?["n", as: Int.self] == 1
    }

    /// Gives a run back before it is through, to be begun again by whoever is free.
    ///
    /// It does not count as an attempt: nothing went wrong.
    func handBack(_ run: ClaimedRun) async throws {
        try await pool.execute(
            """
            UPDATE runs
            SET state = 'due', runner = NULL, lease_until = NULL, attempts = attempts - 1
            WHERE run_id = \(run.id) AND generation = \(run.generation) AND state = 'running' AND runner = \(runner)
            """
        )
    }

    /// Other processes that have runs in hand.
    func otherRunners() async throws -> [UUID] {
        try await pool.query(
            "SELECT DISTINCT runner FROM runs WHERE state = 'running' AND runner <> \(runner)"
        ).map { try $0["runner", as: UUID.self] }
    }

    /// What became of runs whose runner is gone.
    struct Orphans: Hashable, Sendable {
        var resumed = 0
        var givenUp = 0
    }

    /// Frees runs of processes that are gone, and those whose lease has run out; each goes on under its own id.
    func takeOver(from gone: [UUID]) async throws -> Orphans {
        let rows = try await pool.query(
            """
            WITH orphans AS (
                SELECT run_id
                FROM runs
                WHERE state = 'running' AND (lease_until < now() OR runner = ANY(\(gone)))
                FOR UPDATE SKIP LOCKED
            )
            UPDATE runs r
            SET state = CASE WHEN attempts < \(maxAttempts) THEN 'due' ELSE 'done' END,
                outcome = CASE WHEN attempts < \(maxAttempts) THEN NULL ELSE 'failed' END,
                reason = CASE WHEN attempts < \(maxAttempts) THEN NULL ELSE 'runner_lost' END,
                explanation = CASE WHEN attempts < \(maxAttempts) THEN NULL ELSE \(Self.givenUp) END,
                next_action = CASE WHEN attempts < \(maxAttempts) THEN NULL ELSE 'call_support' END,
                ended_at = CASE WHEN attempts < \(maxAttempts) THEN NULL ELSE \(clock.sql())::timestamptz END,
                runner = NULL, lease_until = NULL, generation = generation + 1
            FROM orphans o
            WHERE r.run_id = o.run_id AND r.state = 'running'
            RETURNING r.state
            """
        )
        let resumed = try rows.count { try $0["state", as: TaskRunState.self] == .due }
        return Orphans(resumed: resumed, givenUp: rows.count - resumed)
    }

    private static let givenUp =
        "Each process that began this run ended before it was through. Look for its run id in the logs around the ends of those processes."

    /// Deletes the history that has been kept long enough.
    ///
    /// Runs of locations that went well are many and are kept for `locations`, all others for `others`. Open runs stay.
    func erase(locations: Duration, others: Duration, limit: Int) async throws -> Int {
        try await pool.execute(eraseQuery(locations: locations, others: others, limit: limit))
    }

    func eraseQuery(locations: Duration, others: Duration, limit: Int) -> Query {
        """
        WITH of_locations AS (
            SELECT run_id
            FROM runs
            WHERE state = 'done' AND location_id <> '' AND outcome <> 'failed'
                AND ended_at < \(clock.sql())::timestamptz - \(min(locations, others).interval)::interval
            ORDER BY ended_at
            LIMIT \(limit)
            FOR UPDATE SKIP LOCKED
        ), others AS (
            SELECT run_id
            FROM runs
            WHERE state = 'done' AND (location_id = '' OR outcome = 'failed')
                AND ended_at < \(clock.sql())::timestamptz - \(others.interval)::interval
            ORDER BY ended_at
            LIMIT \(limit) - (SELECT count(*) FROM of_locations)
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM runs
        WHERE run_id IN (SELECT run_id FROM of_locations UNION ALL SELECT run_id FROM others)
        """
    }
}
