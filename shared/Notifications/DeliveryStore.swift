import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Deliveries on their way: who may try which one now, and what came of it.
struct DeliveryStore: Sendable {
    let pool: PostgresPool

    /// An attempt that this process has to make, or lose when its time is over.
    struct Claimed: Sendable {
        var seq: Int
        var eventID: UUID
        var merchant: MerchantID
        /// From 1; the attempt that ends must still be the last one that began.
        var attempt: Int
        /// How often it was not taken before.
        var failures: Int
        /// The body as it is posted and signed, the same on every attempt.
        var body: Data
    }

    /// What came of an attempt.
    struct Ending: Sendable {
        var state: DeliveryState
        /// How long to wait before the next one.
        var pause: Duration
        var entry: DeliveryLogEntry
    }

    /// Makes the outbox know exactly these subscribers.
    ///
    /// What waits for one that is gone stays, and goes on if one of that name comes back. Replicas that start with
    /// different settings undo each other: the last one to start decides. What waits for one that may not see its
    /// merchant any more is given up.
    func sync(_ subscribers: [Subscriber]) async throws {
        let subscribers = subscribers.sorted { $0.name.rawValue < $1.name.rawValue }
        try await pool.transaction { transaction in
            try await transaction.execute(
                "DELETE FROM notification_subscribers WHERE name <> ALL (\(subscribers.map(\.name.rawValue)))"
            )
            for subscriber in subscribers {
                try await transaction.execute(
                    """
                    INSERT INTO notification_subscribers AS s (name, events, merchants)
                    VALUES (\(subscriber.name), \(subscriber.events), \(subscriber.merchantTexts))
                    ON CONFLICT ON CONSTRAINT notification_subscribers_pkey DO UPDATE
                    SET events = excluded.events, merchants = excluded.merchants
                    WHERE (s.events, s.merchants) IS DISTINCT FROM (excluded.events, excluded.merchants)
                    """
                )
                guard subscriber.merchants != .all else { continue }
                let entry = DeliveryLogEntry(at: Date(), error: "The subscriber may not see this merchant any more.")
                try await transaction.execute(
                    """
                    UPDATE notification_deliveries
                    SET state = 'gave_up', ended_at = now(), leased_until = NULL, last_status = NULL,
                        last_error = \(entry.error), log = \(Self.logging(entry))
                    WHERE subscriber = \(subscriber.name) AND state = 'pending'
                        AND merchant_id <> ALL (\(subscriber.merchantTexts))
                    """
                )
            }
        }
    }

    /// Takes up to `limit` deliveries that are due, the longest due first, each for one attempt.
    ///
    /// What a subscriber may not see any more stays where it is.
    func claim(_ subscriber: Subscriber, limit: Int, lease: Duration) async throws -> [Claimed] {
        let rows = try await pool.query(
            """
            WITH due AS (
                SELECT seq
                FROM notification_deliveries
                WHERE subscriber = \(subscriber.name) AND state = 'pending' AND next_attempt_at <= now()
                    AND (leased_until IS NULL OR leased_until <= now())
                    AND (\(subscriber.merchants == .all) OR merchant_id = ANY (\(subscriber.merchantTexts)))
                ORDER BY next_attempt_at, seq
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            )
            UPDATE notification_deliveries d
            SET attempts = d.attempts + 1, leased_until = now() + \(lease.interval)::interval
            FROM due
            JOIN notifications n USING (seq)
            WHERE d.seq = due.seq AND d.subscriber = \(subscriber.name)
            RETURNING d.seq, d.attempts, d.failures, d.merchant_id, n.event_id, n.type, n.payload,
                to_char(n.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at
            """
        )
        return try rows.map(Claimed.init)
    }

    /// Stores what came of an attempt, if it is still the last one that began.
    ///
    /// - Returns: False where its time was over and another one has begun; then nothing is changed.
    func end(_ claimed: Claimed, of subscriber: Subscriber, _ ending: Ending) async throws -> Bool {
        let changed = try await pool.execute(
            """
            UPDATE notification_deliveries
            SET state = \(ending.state.rawValue),
                failures = failures + \(ending.state == .delivered ? 0 : 1),
                next_attempt_at = now() + \(ending.pause.interval)::interval,
                leased_until = NULL,
                ended_at = CASE WHEN \(ending.state == .pending) THEN NULL ELSE now() END,
                last_status = \(ending.entry.status),
                last_error = \(ending.entry.error),
                log = \(Self.logging(ending.entry))
            WHERE seq = \(claimed.seq) AND subscriber = \(subscriber.name) AND merchant_id = \(claimed.merchant)
                AND state = 'pending' AND attempts = \(claimed.attempt)
            """
        )
        return changed == 1
    }

    /// The log with one more entry, and the oldest dropped where there are enough.
    static func logging(_ entry: DeliveryLogEntry) -> Query {
        """
        CASE WHEN jsonb_array_length(log) >= \(NotificationLimits.logEntries) THEN log - 0 ELSE log END || \(JSON(entry))
        """
    }

    /// How many deliveries are due or wait for their next attempt, and since when the oldest of them, by subscriber.
    func backlog() async throws -> [(subscriber: SubscriberName, pending: Int, oldestSeconds: Double)] {
        try await pool.query(
            """
            SELECT d.subscriber, count(*) AS pending,
                extract(epoch FROM now() - min(n.occurred_at))::float8 AS oldest_seconds
            FROM notification_deliveries d
            JOIN notifications n USING (seq)
            WHERE d.state = 'pending'
            GROUP BY d.subscriber
            """
        ).map {
            (
                try $0["subscriber", as: SubscriberName.self], try $0["pending", as: Int.self],
                try $0["oldest_seconds", as: Double.self]
            )
        }
    }
}

extension DeliveryStore.Claimed {
    init(row: Row) throws {
        seq = try row["seq", as: Int.self]
        eventID = try row["event_id", as: UUID.self]
        merchant = try row["merchant_id", as: MerchantID.self]
        attempt = try row["attempts", as: Int.self]
        failures = try row["failures", as: Int.self]
        let type = try row["type", as: String.self]
        let occurredAt = try row["occurred_at", as: String.self]
        let payload = try row["payload", as: JSONText.self].text
        // A type is letters, dots and lines below, by the table's own check: nothing in it has to be escaped.
        body = Data(#"{"type":"\#(type)","timestamp":"\#(occurredAt)","data":\#(payload)}"#.utf8)
    }
}
