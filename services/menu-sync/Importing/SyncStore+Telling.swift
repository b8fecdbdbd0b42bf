import Foundation
import Postgres
import RPC

extension SyncStore {
    /// An import whose gateway does not know its state yet.
    struct Untold: Sendable {
        var record: ImportRecord
        /// A later import of the location exists: its status is the one to be shown.
        var isOvertaken: Bool
        var lastSuccess: Date?
    }

    /// Takes an import that has to be told, for half a minute; the oldest first.
    func claimUntold() async throws -> Untold? {
        let row = try await pool.queryOne(
            """
            UPDATE syncs s SET tell_at = now() + interval '30 seconds'
            FROM (
                SELECT sync_id FROM syncs
                WHERE told_state IS DISTINCT FROM state AND NOT plan_only AND tell_at <= now()
                ORDER BY requested_at
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) due
            WHERE s.sync_id = due.sync_id
            RETURNING s.*, EXISTS (
                SELECT FROM syncs later
                WHERE later.merchant_id = s.merchant_id AND later.location_id = s.location_id
                    AND NOT later.plan_only AND later.requested_at > s.requested_at
            ) AS is_overtaken
            """
        )
        guard let row else { return nil }
        let record = try ImportRecord(row)
        return Untold(
            record: record,
            isOvertaken: try row["is_overtaken"],
            lastSuccess: try await lastSuccess(record.key)
        )
    }

    /// The gateway knows; where the state has changed meanwhile, that is told next.
    func told(_ news: Untold) async throws {
        try await pool.execute(
            """
            UPDATE syncs SET told_state = \(news.record.state), tell_failures = 0, tell_at = now()
            WHERE sync_id = \(news.record.id)
            """
        )
    }

    /// Tries again later, at most ten minutes later.
    func putOff(_ news: Untold) async throws {
        try await pool.execute(
            """
            UPDATE syncs
            SET tell_failures = tell_failures + 1,
                tell_at = now() + least(600, 2 ^ least(tell_failures, 10)) * interval '1 second'
            WHERE sync_id = \(news.record.id)
            """
        )
    }
}
