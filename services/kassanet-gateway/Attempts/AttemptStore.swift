import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Keeps every write towards a register: before it is sent, and how it ended.
struct AttemptStore: Sendable {
    let pool: PostgresPool
    /// This process, so that a dead one's attempts are told from those under way.
    let instance: UUID

    /// Commits the intent of a write.
    ///
    /// - Returns: `nil` when it is new and ours to send, else the attempt as it already is.
    /// - Throws: ``GatewayError/unknownAttempt`` when the id belongs to another location.
    func begin(_ intent: Intent) async throws -> Attempt? {
        let inserted = try await pool.execute(
            """
            INSERT INTO attempts (
                attempt_id, merchant_id, location_id, operation, table_number, register, request, state, instance,
                not_after
            )
            VALUES (
                \(intent.attemptID), \(intent.merchantID), \(intent.locationID), \(intent.operation),
                \(intent.tableNumber), \(intent.register), \(intent.request), 'sending', \(instance),
                \(intent.notAfter)
            )
            ON CONFLICT (attempt_id) DO NOTHING
            """
        )
        guard inserted == 0 else { return nil }
        guard let known = try await find(intent.merchantID, intent.locationID, intent.attemptID) else {
            throw GatewayError.unknownAttempt
        }
        return known
    }

    /// Records how a write ended, and says it in the location's activity log, in one commit.
    ///
    /// An attempt that is already finished stays as it is.
    func finish(_ attemptID: UUID, _ result: AttemptResult) async throws {
        try await pool.execute(
            """
            WITH finished AS (
                UPDATE attempts
                SET request = COALESCE(request, \(result.request)),
                    state = \(result.outcome),
                    reason = \(result.reason),
                    explanation = \(result.explanation),
                    register_message = \(result.registerMessage),
                    request_id = \(result.requestID),
                    sends = \(result.sends),
                    http_status = \(result.httpStatus),
                    duration_ms = \(result.durationMs),
                    answer = \(result.answer),
                    finished_at = now()
                WHERE attempt_id = \(attemptID) AND state = 'sending'
                RETURNING merchant_id, location_id
            )
            SELECT record_activity(merchant_id, location_id, \(result.activity.type), \(result.activity.message))
            FROM finished
            """
        )
    }

    /// The attempt, or a new record that it never arrived, after which it never will be sent.
    func findOrRule(out attemptID: UUID, _ merchant: MerchantID, _ location: LocationID) async throws -> Attempt? {
        let row = try await pool.queryOne(
            """
            INSERT INTO attempts AS a (
                attempt_id, merchant_id, location_id, operation, state, instance, not_after, reason, explanation,
                finished_at
            )
            VALUES (
                \(attemptID), \(merchant), \(location), 'unknown', 'not_sent', \(instance), now(), 'never_received',
                'The gateway never received this write; it will not be sent.', now()
            )
            ON CONFLICT (attempt_id) DO UPDATE SET attempt_id = a.attempt_id
            RETURNING \(unescaped: Self.columns)
            """
        )
        return try row.map(Self.attempt).flatMap { $0.belongs(to: merchant, location) ? $0 : nil }
    }

    /// Ends an attempt whose sender is gone: it may have been sent, and no answer will be recorded any more.
    ///
    /// - Returns: The attempt as it stands now. Where its outcome was recorded in the meantime, that is what counts.
    func recordSenderGone(_ attemptID: UUID) async throws -> Attempt {
        let row = try await pool.queryOne(
            """
            UPDATE attempts
            SET state = CASE WHEN state = 'sending' THEN 'no_answer' ELSE state END,
                reason = CASE WHEN state = 'sending' THEN 'gateway_stopped' ELSE reason END,
                explanation = CASE
                    WHEN state = 'sending'
                    THEN 'The gateway stopped while this was being sent. The register is read to find out.'
                    ELSE explanation
                END,
                finished_at = COALESCE(finished_at, now())
            WHERE attempt_id = \(attemptID)
            RETURNING \(unescaped: Self.columns)
            """
        )
        guard let row else { throw GatewayError.unknownAttempt }
        return try Self.attempt(row)
    }

    /// Notes that the register was read for this attempt, and says since when it has shown the same as before the write.
    ///
    /// A read that shows anything else starts the time anew.
    func recordCheck(
        _ attemptID: UUID,
        _ merchant: MerchantID,
        _ location: LocationID,
        isUnchanged: Bool = true
    ) async throws -> AttemptCheck? {
        let row = try await pool.queryOne(
            """
            UPDATE attempts
            SET unchanged_since = CASE WHEN \(isUnchanged) THEN COALESCE(unchanged_since, now()) END
            WHERE attempt_id = \(attemptID) AND merchant_id = \(merchant) AND location_id = \(location)
            RETURNING COALESCE(unchanged_since, now()) AS unchanged_since, now() AS now,
                -- Whoever was taken for dead may only be cut off from us, and then sends until not_after.
                CASE WHEN state = 'sending' OR reason = 'gateway_stopped' THEN not_after ELSE finished_at END AS sent_by
            """
        )
        return try row.map { row in
            AttemptCheck(
                firstAt: try row["unchanged_since", as: Date.self],
                now: try row["now", as: Date.self],
                sentBy: try row["sent_by", as: Date.self]
            )
        }
    }

    /// The register an attempt went to, and nil where it is not known to have been for one.
    ///
    /// - Throws: ``GatewayError/unknownAttempt`` when there is no such attempt at the location.
    func register(of attemptID: UUID, _ merchant: MerchantID, _ location: LocationID) async throws -> String? {
        let row = try await pool.queryOne(
            """
            SELECT register
            FROM attempts
            WHERE attempt_id = \(attemptID) AND merchant_id = \(merchant) AND location_id = \(location)
            """
        )
        guard let row else { throw GatewayError.unknownAttempt }
        return try row["register", as: String?.self]
    }

    /// Attempts of a location in full, oldest first; ids that are not its own are left out.
    func records(_ attemptIDs: [UUID], _ merchant: MerchantID, _ location: LocationID) async throws -> [AttemptRecord] {
        let rows = try await pool.query(
            """
            SELECT \(unescaped: Self.columns), operation, sends, http_status, created_at, finished_at, request, answer
            FROM attempts
            WHERE attempt_id = ANY(\(attemptIDs)) AND merchant_id = \(merchant) AND location_id = \(location)
            ORDER BY created_at, attempt_id
            """
        )
        return try rows.map { row in
            AttemptRecord(
                attempt: try Self.attempt(row),
                operation: AttemptOperation(rawValue: try row["operation", as: String.self]) ?? .unknown,
                sends: try row["sends", as: Int.self],
                httpStatus: try row["http_status", as: Int?.self],
                startedAt: try row["created_at", as: Date.self],
                finishedAt: try row["finished_at", as: Date?.self],
                request: try row["request", as: String?.self],
                answer: try row["answer", as: String?.self]
            )
        }
    }

    /// Deletes attempts that ended long ago, the oldest first, of all merchants.
    ///
    /// One whose outcome is not known stays, however old: somebody may still have to settle it.
    ///
    /// - Returns: How many were deleted; `limit` of them where there may be more.
    func deleteSettled(olderThan age: Duration, limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM attempts
            WHERE attempt_id IN (
                SELECT attempt_id
                FROM attempts
                WHERE created_at < now() - \(age / .seconds(1)) * interval '1 second'
                    AND state IN ('done', 'refused', 'not_sent')
                ORDER BY created_at
                LIMIT \(limit)
            )
            """
        )
    }

    private func find(_ merchant: MerchantID, _ location: LocationID, _ attemptID: UUID) async throws -> Attempt? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Self.columns)
            FROM attempts
            WHERE attempt_id = \(attemptID)
            """
        )
        return try row.map(Self.attempt).flatMap { $0.belongs(to: merchant, location) ? $0 : nil }
    }

    private static let columns = """
        attempt_id, merchant_id, location_id, state, instance, not_after, reason, explanation, register_message, request_id,
        duration_ms
        """

    private static func attempt(_ row: Row) throws -> Attempt {
        Attempt(
            id: try row["attempt_id", as: UUID.self],
            merchantID: MerchantID(unchecked: try row["merchant_id", as: String.self]),
            locationID: LocationID(unchecked: try row["location_id", as: String.self]),
            outcome: AttemptOutcome(rawValue: try row["state", as: String.self]),
            instance: try row["instance", as: UUID.self],
            notAfter: try row["not_after", as: Date.self],
            reason: try row["reason", as: String?.self],
            explanation: try row["explanation", as: String?.self],
            registerMessage: try row["register_message", as: String?.self],
            requestID: try row["request_id", as: String?.self],
            durationMs: try row["duration_ms", as: Int?.self]
        )
    }
}
