import Foundation
import Postgres
import RPC

/// What a deleted integration imported, on its way out.
struct Removal: Sendable {
    var key: MenuKey
    var provider: String
    /// Tells one deletion of the location's provider from the next.
    var askedAt: Date
    var failures: Int
}

/// The removals that are still to be done.
struct RemovalStore: Sendable {
    let pool: PostgresPool

    /// Takes a removal for two minutes; whoever vanishes meanwhile is replaced then.
    func claim() async throws -> Removal? {
        try await pool.queryOne(
            """
            UPDATE removals r SET run_at = now() + interval '2 minutes', failures = r.failures + 1
            FROM (
                SELECT merchant_id, location_id, provider FROM removals
                WHERE run_at <= now()
                ORDER BY run_at
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) due
            WHERE r.merchant_id = due.merchant_id AND r.location_id = due.location_id AND r.provider = due.provider
            RETURNING r.merchant_id, r.location_id, r.provider, r.asked_at, r.failures
            """
        ).map { row in
            Removal(
                key: MenuKey(merchantID: try row["merchant_id"], locationID: try row["location_id"]),
                provider: try row["provider"],
                askedAt: try row["asked_at"],
                failures: try row["failures"]
            )
        }
    }

    /// Everything is gone; where a worker may still bring something, it is looked at again when none can.
    ///
    /// - Returns: False where it is looked at again.
    func finish(_ gone: Removal) async throws -> Bool {
        let again = try await pool.execute(
            """
            UPDATE removals SET run_at = again_at, again_at = NULL, failures = 0
            WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                AND provider = \(gone.provider) AND asked_at = \(gone.askedAt) AND again_at > now()
            """
        )
        guard again == 0 else { return false }
        try await pool.execute(
            """
            DELETE FROM removals
            WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                AND provider = \(gone.provider) AND asked_at = \(gone.askedAt)
            """
        )
        return true
    }

    /// Tries again later, at most a minute later.
    func putOff(_ gone: Removal) async throws {
        let seconds = min(60, 1 << min(gone.failures, 6))
        try await pool.execute(
            """
            UPDATE removals SET run_at = now() + \(Duration.seconds(seconds).interval)::interval
            WHERE merchant_id = \(gone.key.merchantID) AND location_id = \(gone.key.locationID)
                AND provider = \(gone.provider) AND asked_at = \(gone.askedAt)
            """
        )
    }
}
