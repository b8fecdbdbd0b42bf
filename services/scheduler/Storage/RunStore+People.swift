import Contracts
import Foundation
import Postgres
import RPC

// What people ask for and look at.

extension RunStore {
    /// Makes a run now, or finds the one that is open.
    ///
    /// One that the schedule made and that waits becomes the person's, so that it runs although its task is paused.
    func begin(_ key: TargetKey, actor: String) async throws -> (run: TaskRun, joined: Bool) {
        let target = try await pool.queryOne(
            """
            INSERT INTO targets AS t (task, merchant_id, location_id)
            VALUES (\(key.task), \(key.merchantText), \(key.locationText))
            ON CONFLICT (task, merchant_id, location_id) DO UPDATE SET task = t.task
            RETURNING level
            """
        )
        let lane = RunLane.of(level: try target?["level", as: Int.self] ?? 0)
        // No lock is held from one statement to the next. That there is one open run, the index decides: whoever does not
        // make it finds it, unless it has just ended.
        for _ in 0..<10 {
            if let open = try await join(key, actor: actor) { return (open, true) }
            if let made = try await make(key, actor: actor, lane: lane) { return (made, false) }
        }
        throw MissingRow()
    }

    private func join(_ key: TargetKey, actor: String) async throws -> TaskRun? {
        try await pool.queryOne(
            """
            UPDATE runs
            SET trigger = CASE WHEN state = 'due' THEN 'person' ELSE trigger END,
                actor = CASE WHEN state = 'due' THEN COALESCE(actor, \(actor)) ELSE actor END
            WHERE task = \(key.task) AND merchant_id = \(key.merchantText) AND location_id = \(key.locationText)
                AND state <> 'done'
            RETURNING *
            """
        ).map { try TaskRun(row: $0) }
    }

    private func make(_ key: TargetKey, actor: String, lane: Int) async throws -> TaskRun? {
        try await pool.queryOne(
            """
            INSERT INTO runs (run_id, task, merchant_id, location_id, due_at, lane, trigger, actor, state)
            VALUES (
                \(UUIDv7.next()), \(key.task), \(key.merchantText), \(key.locationText), \(clock.sql()), \(lane),
                'person', \(actor), 'due'
            )
            ON CONFLICT DO NOTHING
            RETURNING *
            """
        ).map { try TaskRun(row: $0) }
    }

    /// Makes a run for each location that the task has, as parts of one that a person asked for.
    ///
    /// Locations with an open run keep that one. Repeating it for the same run makes none twice.
    ///
    /// - Returns: How many runs it has made in all.
    func fanOut(_ parent: ClaimedRun) async throws -> Int {
        try await pool.execute(
            """
            INSERT INTO runs (
                run_id, task, merchant_id, location_id, due_at, lane, trigger, actor, parent_run_id, state
            )
            SELECT gen_random_uuid(), t.task, t.merchant_id, t.location_id, \(parent.dueAt),
                CASE WHEN t.level < 3 THEN 0 ELSE 1 END, 'person', \(parent.actor), \(parent.id), 'due'
            FROM targets t
            WHERE t.task = \(parent.key.task) AND t.location_id <> '' AND t.next_due_at IS NOT NULL
            ON CONFLICT DO NOTHING
            """
        )
        let row = try await pool.queryOne("SELECT count(*) AS n FROM runs WHERE parent_run_id = \(parent.id)")
        return try row?["n", as: Int.self] ?? 0
    }

    func find(_ run: UUID) async throws -> TaskRun? {
        try await pool.queryOne("SELECT * FROM runs WHERE run_id = \(run)").map { try TaskRun(row: $0) }
    }

    /// What of the history is asked for.
    struct Filter: Sendable {
        var task: String?
        var merchant: MerchantID?
        var location: LocationID?
        var parent: UUID?
        var outcomes: [TaskRunOutcome] = []
    }

    /// Runs by due time, newest first.
    func list(_ filter: Filter, after cursor: RunCursor?, limit: Int) async throws -> [TaskRun] {
        var conditions: Query = "true"
        func and(_ condition: Query) { conditions = conditions + " AND " + condition }
        if let task = filter.task { and("task = \(task)") }
        if let merchant = filter.merchant { and("merchant_id = \(merchant)") }
        if let location = filter.location { and("location_id = \(location)") }
        if let parent = filter.parent { and("parent_run_id = \(parent)") }
        if !filter.outcomes.isEmpty { and("outcome = ANY(\(filter.outcomes.map(\.rawValue)))") }
        if let cursor { and("(due_at, run_id) < (\(cursor.dueAt), \(cursor.runID))") }
        return try await pool.query(
            """
            SELECT *
            FROM runs
            WHERE \(conditions)
            ORDER BY due_at DESC, run_id DESC
            LIMIT \(limit)
            """
        ).map { try TaskRun(row: $0) }
    }
}

/// Where a page of runs ended.
struct RunCursor: Hashable, Sendable {
    var dueAt: Date
    var runID: UUID

    var text: String {
        let microseconds = Int((dueAt.timeIntervalSince1970 * 1_000_000).rounded())
        return Data("\(microseconds):\(runID.uuidString)".utf8).base64EncodedString()
    }

    init(dueAt: Date, runID: UUID) {
        self.dueAt = dueAt
        self.runID = runID
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count == 2, let microseconds = Int(parts[0]), Self.range.contains(microseconds),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(dueAt: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), runID: id)
    }

    /// From 1970 to the year 5138: nothing was ever due beyond.
    private static let range = 0...100_000_000_000_000_000
}
