package import Contracts
package import Postgres
package import RPC
import ServiceKit

/// What a service does with its outbox besides sending.
package enum Notifications {
    /// Adds an event to the outbox, as part of whatever the statements belong to.
    ///
    /// In a transaction it is told if that is committed, and never if it is not. Where nobody subscribes to it nothing is
    /// written. The event's identifiers are replaced by `merchant` and `location`. After the commit, call
    /// ``NotificationSender/wake()``.
    ///
    /// - Throws: `PostgresError`.
    package static func add<Event: NotificationEvent>(
        _ event: Event,
        merchant: MerchantID,
        location: LocationID?,
        in statements: some PostgresStatements
    ) async throws {
        try await statements.query(
            """
            SELECT notify(\(merchant.rawValue)::text, \(location?.rawValue)::text, \(Event.type.rawValue)::text, \(JSON(event)))
            """
        )
    }

    /// What was erased at once.
    package struct Erased: Sendable, Equatable {
        package var events = 0
        /// Deliveries that were still to be tried, by subscriber: nobody is told of these any more.
        package var undelivered: [String: Int] = [:]
    }

    /// Erases events that are older than `age` by the database's clock, with all that is known of their deliveries, the
    /// oldest first.
    ///
    /// Also those that were never delivered: keep them for longer than deliveries are tried. Call it again while it
    /// erases `limit` events.
    ///
    /// - Throws: `PostgresError`.
    package static func erase(
        olderThan age: Duration,
        limit: Int,
        in statements: some PostgresStatements
    ) async throws -> Erased {
        let row = try await statements.queryOne(
            """
            WITH old AS (
                SELECT n.seq
                FROM notifications n
                -- Numbers follow time closely, and their index finds the oldest without one on the time.
                WHERE n.seq IN (SELECT seq FROM notifications ORDER BY seq LIMIT \(limit))
                    AND n.occurred_at < now() - \(age.interval)::interval
                FOR UPDATE SKIP LOCKED
            ), deliveries AS (
                DELETE FROM notification_deliveries d
                USING old
                WHERE d.seq = old.seq
                RETURNING d.subscriber, d.state
            ), events AS (
                DELETE FROM notifications n
                USING old
                WHERE n.seq = old.seq
                RETURNING n.seq
            )
            SELECT (SELECT count(*) FROM events) AS events,
                (
                    SELECT COALESCE(jsonb_object_agg(subscriber, missed), '{}')
                    FROM (
                        SELECT subscriber, count(*) AS missed
                        FROM deliveries
                        WHERE state = 'pending'
                        GROUP BY subscriber
                    ) lost
                ) AS undelivered
            """
        )
        guard let row else { return Erased() }
        return Erased(
            events: try row["events", as: Int.self],
            undelivered: try row["undelivered", as: JSON<[String: Int]>.self].value
        )
    }
}
