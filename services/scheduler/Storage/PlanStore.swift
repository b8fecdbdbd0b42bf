import Contracts
import Foundation
import Postgres
import RPC

/// Makes runs of what is due.
struct PlanStore: Sendable {
    let pool: PostgresPool
    let clock: ScheduleClock
    let definitions: [String: TaskDefinition]
    var dice = Dice.fair

    /// How many targets one transaction plans.
    static let batch = 500

    struct Planned: Hashable, Sendable {
        /// How many targets were due.
        var looked = 0
        /// How many runs that made.
        var created = 0
    }

    /// Makes a run of each target that is due, and moves it to its next due time; the oldest first, a batch at a time.
    ///
    /// What another planner has in hand is passed over. A target whose last run is not through has none: a run never
    /// overlaps itself, and what comes due meanwhile is caught up with once.
    func planDue() async throws -> Planned {
        try await pool.transaction { transaction in
            let now = try await clock.now(transaction)
            let rows = try await transaction.query(dueQuery(at: now))
            var wanted = Wanted()
            for row in rows { wanted.add(try Target(row: row), definitions, now: now, dice: dice) }
            for key in wanted.unreadable { try await clear(key, transaction) }
            guard !wanted.ids.isEmpty else { return Planned(looked: rows.count) }
            return Planned(looked: rows.count, created: try await create(wanted, transaction))
        }
    }

    /// Targets that are due and have no open run, locked.
    ///
    /// The open run is looked for by its key, target by target: there is one at most. As `NOT EXISTS` it becomes a join that is
    /// planned for the few open runs of most moments, and takes seconds in the one at which all locations have theirs.
    func dueQuery(at now: Date) -> Query {
        """
        SELECT t.task, t.merchant_id, t.location_id, t.schedule, t.next_due_at, t.level
        FROM targets t
        JOIN tasks k USING (task)
        WHERE t.next_due_at <= \(now) AND k.paused_at IS NULL AND t.task = ANY(\(Array(definitions.keys)))
            AND (
                SELECT r.run_id
                FROM runs r
                WHERE r.task = t.task AND r.merchant_id = t.merchant_id AND r.location_id = t.location_id
                    AND r.state <> 'done'
            ) IS NULL
        ORDER BY t.next_due_at
        LIMIT \(Self.batch)
        FOR UPDATE OF t SKIP LOCKED
        """
    }

    /// Takes its turn from a target that has no schedule any more; it has none until its schedule is set again.
    private func clear(_ key: TargetKey, _ transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE targets
            SET schedule = '', next_due_at = NULL
            WHERE task = \(key.task) AND merchant_id = \(key.merchantText) AND location_id = \(key.locationText)
            """
        )
    }

    private func create(_ wanted: Wanted, _ transaction: PostgresTransaction) async throws -> Int {
        try await transaction.execute(
            """
            UPDATE targets t
            SET next_due_at = w.next_due_at, last_due_at = w.due_at
            FROM unnest(
                \(wanted.tasks), \(wanted.merchants), \(wanted.locations), \(wanted.due), \(wanted.next)
            ) AS w (task, merchant_id, location_id, due_at, next_due_at)
            WHERE t.task = w.task AND t.merchant_id = w.merchant_id AND t.location_id = w.location_id
            """
        )
        return try await transaction.execute(
            """
            INSERT INTO runs (run_id, task, merchant_id, location_id, due_at, missed, lane, trigger, state)
            SELECT run_id, task, merchant_id, location_id, due_at, missed, lane, 'schedule', 'due'
            FROM unnest(
                \(wanted.ids), \(wanted.tasks), \(wanted.merchants), \(wanted.locations), \(wanted.due),
                \(wanted.missed), \(wanted.lanes)
            ) AS w (run_id, task, merchant_id, location_id, due_at, missed, lane)
            ON CONFLICT DO NOTHING
            """
        )
    }

    /// A target that is due.
    private struct Target {
        var key: TargetKey
        var schedule: String
        var planned: Date
        var level: Int

        init(row: Row) throws {
            key = try TargetKey(row: row)
            schedule = try row["schedule", as: String.self]
            planned = try row["next_due_at", as: Date.self]
            level = try row["level", as: Int.self]
        }
    }

    /// Rows to be made, column by column.
    private struct Wanted {
        var ids: [UUID] = []
        var tasks: [String] = []
        var merchants: [String] = []
        var locations: [String] = []
        var due: [Date] = []
        var next: [Date] = []
        var missed: [Int] = []
        var lanes: [Int] = []
        /// Targets of whose time nothing is left; left due, they would stand before all others.
        var unreadable: [TargetKey] = []

        mutating func add(_ target: Target, _ definitions: [String: TaskDefinition], now: Date, dice: Dice) {
            guard let definition = definitions[target.key.task] else { return }
            let schedule =
                target.key.location == nil
                ? definition.schedule : definition.locationSchedule ?? DailySchedule.read(target.schedule)
            guard let schedule else { return unreadable.append(target.key) }
            let turn = schedule.turn(planned: target.planned, now: now, dice: dice)
            ids.append(UUIDv7.next(at: now))
            tasks.append(target.key.task)
            merchants.append(target.key.merchantText)
            locations.append(target.key.locationText)
            due.append(turn.due)
            next.append(turn.next)
            missed.append(turn.missed)
            lanes.append(RunLane.of(level: target.level))
        }
    }
}

/// Keeps runs that will probably take long from those that probably will not.
enum RunLane {
    static let all = [0, 1]

    /// The lane of a location that failed so often in a row: registers that are dead for long have their own.
    static func of(level: Int) -> Int { level < 3 ? 0 : 1 }
}

/// A location's daily time as it stands in a table: `05:00 Europe/Brussels`.
enum DailySchedule {
    static func text(_ time: DailyTime) -> String { "\(time) \(time.zone.identifier)" }

    static func read(_ text: String) -> Schedule? {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return DailyTime(String(parts[0]), zone: String(parts[1])).map(Schedule.daily)
    }
}
