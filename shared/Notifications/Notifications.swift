package import Contracts
package import Foundation
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

    /// Erases events that happened before an instant, with all that is known of their deliveries, the oldest first.
    ///
    /// Also those that were never delivered: keep them for longer than deliveries are tried. Call it again while it
    /// returns `limit`.
    ///
    /// - Returns: How many events were erased.
    /// - Throws: `PostgresError`.
    package static func erase(
        olderThan instant: Date,
        limit: Int,
        in statements: some PostgresStatements
    ) async throws -> Int {
        try await statements.execute(
            """
            WITH old AS (
                SELECT n.seq
                FROM notifications n
                -- Numbers follow time closely, and their index finds the oldest without one on the time.
                WHERE n.seq IN (SELECT seq FROM notifications ORDER BY seq LIMIT \(limit))
                    AND n.occurred_at < \(instant)
                FOR UPDATE SKIP LOCKED
            ), deliveries AS (
                DELETE FROM notification_deliveries d
                USING old
                WHERE d.seq = old.seq
            )
            DELETE FROM notifications n
            USING old
            WHERE n.seq = old.seq
            """
        )
    }
}
