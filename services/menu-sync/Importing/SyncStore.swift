import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Keeps imports, and moves them under leases.
///
/// Each location has at most one that is live. Every step of a worker is one guarded statement that carries its
/// generation: a worker that slept past its lease, or whose location was deleted, changes nothing and learns so by
/// ``ImportLost``.
struct SyncStore: Sendable {
    let pool: PostgresPool
    /// This process.
    let owner: UUID
    let timing: ImportTiming

    /// What is asked for.
    struct Wish: Sendable {
        var actor: String
        var trigger: SyncTrigger
        var planOnly = false
        /// Where given, only this provider's register is meant.
        var provider: String?
    }

    // MARK: - Beginning

    /// Begins an import, or joins the one that is under way.
    func start(_ key: MenuKey, _ wish: Wish) async throws -> (record: ImportRecord, joined: Bool) {
        try await pool.transaction { transaction in
            guard let location = try await LocationStore.lock(key, in: transaction), !location.isDeleted else {
                throw SyncError.unknownLocation
            }
            if let provider = wish.provider, provider != location.provider {
                throw SyncError.otherProvider(location.provider)
            }
            return try await Self.begin(location, wish, in: transaction)
        }
    }

    /// The same, in the transaction of a caller that has locked the location.
    ///
    /// A plan that waits for a person gives way to what the register says now.
    static func begin(
        _ location: Location,
        _ wish: Wish,
        in transaction: PostgresTransaction
    ) async throws -> (record: ImportRecord, joined: Bool) {
        let key = location.key
        let live = try await transaction.queryOne(
            """
            SELECT \(unescaped: ImportRecord.columns)
            FROM syncs
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND state IN ('pending', 'in_progress')
            FOR UPDATE
            """
        ).map(ImportRecord.init)
        if var live {
            // Whoever wants the menu imported gets it imported, also by an import that was only to be looked at.
            if live.planOnly, !wish.planOnly {
                let row = try await transaction.queryOne(
                    """
                    UPDATE syncs SET plan_only = false, revision = revision + 1
                    WHERE sync_id = \(live.id)
                    RETURNING \(unescaped: ImportRecord.columns)
                    """
                )
                if let row { live = try ImportRecord(row) }
            }
            return (live, true)
        }
        try await transaction.execute(
            """
            UPDATE syncs
            SET state = 'discarded', reason = 'superseded', message = \(SyncWords.superseded), ended_at = now(),
                tell_at = now(), revision = revision + 1
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND state IN ('held', 'planned')
            """
        )
        let row = try await transaction.queryOne(
            """
            INSERT INTO syncs (
                sync_id, merchant_id, location_id, gateway, provider, state, trigger, actor, plan_only, step, run_at,
                stages, findings, message, tell_at, requested_at
            )
            VALUES (
                \(UUIDv7.next()), \(key.merchantID), \(key.locationID), \(location.gateway), \(location.provider),
                'pending', \(wish.trigger.rawValue), \(wish.actor), \(wish.planOnly), 'read', now(),
                \(JSON(ImportRecord.freshStages)), \(JSON(ImportFindings())), \(SyncWords.pending), now(),
                clock_timestamp()
            )
            RETURNING \(unescaped: ImportRecord.columns)
            """
        )
        guard let row else { throw ImportLost() }
        return (try ImportRecord(row), false)
    }

    // MARK: - Working

    /// Takes an import that is due and nobody's, if there is one.
    ///
    /// Those of locations where a deleted integration is still being cleared away wait for that.
    func claim() async throws -> ImportRecord? {
        let row = try await pool.queryOne(
            """
            UPDATE syncs s
            SET owner = \(owner), generation = s.generation + 1, lease_until = now() + \(text(timing.lease))::interval,
                takeovers = s.takeovers + CASE WHEN s.owner IS NULL THEN 0 ELSE 1 END,
                tell_at = CASE WHEN s.state = 'pending' THEN now() ELSE s.tell_at END,
                message = CASE WHEN s.state = 'pending' THEN \(SyncWords.begun) ELSE s.message END,
                state = 'in_progress', started_at = coalesce(s.started_at, now()), revision = s.revision + 1
            FROM (
                SELECT d.sync_id
                FROM syncs d
                WHERE d.state IN ('pending', 'in_progress') AND d.run_at <= now()
                    AND (d.lease_until IS NULL OR d.lease_until < now())
                    AND NOT EXISTS (
                        SELECT FROM removals r
                        WHERE r.merchant_id = d.merchant_id AND r.location_id = d.location_id
                    )
                ORDER BY d.run_at
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) due
            WHERE s.sync_id = due.sync_id
            RETURNING \(unescaped: Self.qualified)
            """
        )
        return try row.map(ImportRecord.init)
    }

    private static let qualified = ImportRecord.columns.split(separator: ",")
        .map { "s." + $0.trimmingCharacters(in: .whitespacesAndNewlines) }.joined(separator: ", ")

    /// Keeps an import this worker's.
    ///
    /// - Returns: False where it no longer is.
    func renew(_ record: ImportRecord) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE syncs SET lease_until = now() + \(text(timing.lease))::interval
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            """
        ) == 1
    }

    /// Stores what the worker made of an import: step, stages, findings and message.
    func save(_ record: ImportRecord) async throws -> ImportRecord {
        try await Self.save(record, in: pool)
    }

    /// The same as part of a transaction.
    static func save(_ record: ImportRecord, in statements: some PostgresStatements) async throws -> ImportRecord {
        let row = try await statements.queryOne(
            """
            UPDATE syncs
            SET step = \(record.step), stages = \(JSON(record.stages)), findings = \(JSON(record.findings)),
                failures = \(record.failures), takeovers = \(record.takeovers), plan = \(record.plan.map { JSON($0) }),
                base_version = \(record.baseVersion), approval = \(record.approval.map { JSON($0) }),
                reason = \(record.reason), message = \(record.message), menu_version = \(record.menuVersion), is_staged = true,
                revision = revision + 1
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            RETURNING \(unescaped: ImportRecord.columns)
            """
        )
        guard let row else { throw ImportLost() }
        return try ImportRecord(row)
    }

    /// Locks an import for a change that only its worker may make, such as applying its plan.
    ///
    /// The first statement of that change's transaction.
    static func lock(_ record: ImportRecord, in transaction: PostgresTransaction) async throws {
        let row = try await transaction.queryOne(
            """
            SELECT sync_id FROM syncs
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            FOR UPDATE
            """
        )
        if row == nil { throw ImportLost() }
    }

    /// Writes how far a stage is; nothing else of the import.
    func note(_ record: ImportRecord) async throws {
        let count = try await pool.execute(
            """
            UPDATE syncs SET stages = \(JSON(record.stages)), revision = revision + 1
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            """
        )
        if count == 0 { throw ImportLost() }
    }

    /// Gives an import back, to be tried again after a while; at once without `after`.
    func giveBack(_ record: ImportRecord, after pause: Duration = .zero) async throws -> ImportRecord {
        let row = try await pool.queryOne(
            """
            UPDATE syncs
            SET owner = NULL, lease_until = NULL, run_at = now() + \(text(pause))::interval, failures = \(record.failures),
                stages = \(JSON(record.stages)), reason = \(record.reason), message = \(record.message),
                revision = revision + 1
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            RETURNING \(unescaped: ImportRecord.columns)
            """
        )
        guard let row else { throw ImportLost() }
        return try ImportRecord(row)
    }

    /// Ends an import, or leaves it to a person, who may decide otherwise than `state`: it is `planned` where only the
    /// plan was asked for, whatever is to be said of the plan.
    func end(_ record: ImportRecord, in state: SyncState) async throws -> ImportRecord {
        try await Self.end(record, in: state, pool)
    }

    /// The same as part of a transaction.
    static func end(
        _ record: ImportRecord,
        in state: SyncState,
        _ statements: some PostgresStatements
    ) async throws -> ImportRecord {
        let row = try await statements.queryOne(
            """
            UPDATE syncs
            SET state = \(state), step = \(record.step), stages = \(JSON(record.stages)),
                findings = \(JSON(record.findings)), plan = \(record.plan.map { JSON($0) }),
                base_version = \(record.baseVersion), reason = \(record.reason), message = \(record.message),
                menu_version = \(record.menuVersion), failures = \(record.failures), owner = NULL, lease_until = NULL,
                ended_at = CASE WHEN \(state.isFinal) THEN now() END, tell_at = now(), revision = revision + 1
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
                AND (\(state != .planned) OR plan_only)
            RETURNING \(unescaped: ImportRecord.columns)
            """
        )
        guard let row else { throw ImportLost() }
        return try ImportRecord(row)
    }

    /// An import as it is now, still this worker's.
    func reread(_ record: ImportRecord) async throws -> ImportRecord {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: ImportRecord.columns)
            FROM syncs
            WHERE sync_id = \(record.id) AND generation = \(record.generation) AND state = 'in_progress'
            """
        )
        guard let row else { throw ImportLost() }
        return try ImportRecord(row)
    }

    // MARK: - Clearing away

    /// Imports that have ended and may have something in staging.
    func toClear(limit: Int) async throws -> [UUID] {
        try await pool.query(
            """
            SELECT sync_id FROM syncs WHERE is_staged AND ended_at IS NOT NULL ORDER BY ended_at LIMIT \(limit)
            """
        ).map { try $0["sync_id", as: UUID.self] }
    }

    /// Nothing of an ended import is in staging any more.
    func cleared(_ sync: UUID) async throws {
        try await pool.execute("UPDATE syncs SET is_staged = false WHERE sync_id = \(sync) AND ended_at IS NOT NULL")
    }

    private func text(_ duration: Duration) -> String { "\(duration.milliseconds) milliseconds" }
}
