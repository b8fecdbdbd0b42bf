import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

// What people see of deliveries, and what they do to them.

extension DeliveryStore {
    /// Which deliveries of a merchant are listed.
    struct Filter: Sendable {
        var merchant: MerchantID
        var location: LocationID?
        var subscriber: SubscriberName?
        var state: DeliveryState?
        var type: NotificationType?
    }

    /// A page of a merchant's deliveries, newest first.
    func list(_ filter: Filter, after cursor: DeliveryCursor?, limit: Int) async throws -> [ListedDelivery] {
        var condition: Query = "d.merchant_id = \(filter.merchant)"
        if let location = filter.location { condition = "\(condition) AND n.location_id = \(location)" }
        if let subscriber = filter.subscriber { condition = "\(condition) AND d.subscriber = \(subscriber)" }
        if let type = filter.type { condition = "\(condition) AND n.type = \(type.rawValue)" }
        // Spelled out, so that the planner sees that the partial index has them all.
        switch filter.state {
        case nil: break
        case .pending: condition = "\(condition) AND d.state = 'pending'"
        case .delivered: condition = "\(condition) AND d.state = 'delivered'"
        case .gaveUp: condition = "\(condition) AND d.state = 'gave_up'"
        }
        if let cursor {
            condition = "\(condition) AND (d.seq, d.subscriber) < (\(cursor.seq), \(cursor.subscriber))"
        }
        return try await pool.query(
            """
            SELECT \(unescaped: ListedDelivery.columns)
            FROM notification_deliveries d
            JOIN notifications n USING (seq)
            WHERE \(condition)
            ORDER BY d.seq DESC, d.subscriber DESC
            LIMIT \(limit)
            """
        ).map(ListedDelivery.init)
    }

    enum Resend: Sendable {
        case unknownDelivery
        case unknownSubscriber
        case done(DeliveryView)
    }

    /// Makes a delivery due now, with all of its attempts before it again, and writes into it who asked.
    func resend(
        _ event: UUID,
        to subscriber: SubscriberName,
        of merchant: MerchantID,
        actor: String
    ) async throws -> Resend {
        let entry = DeliveryLogEntry(at: Date(), actor: actor)
        let row = try await pool.queryOne(
            """
            WITH wanted AS (
                SELECT d.seq, s.name IS NOT NULL AS is_subscribed
                FROM notifications n
                JOIN notification_deliveries d USING (seq)
                LEFT JOIN notification_subscribers s ON s.name = d.subscriber
                WHERE n.event_id = \(event) AND n.merchant_id = \(merchant) AND d.merchant_id = \(merchant)
                    AND d.subscriber = \(subscriber)
            ), changed AS (
                UPDATE notification_deliveries d
                SET state = 'pending', failures = 0, next_attempt_at = now(), ended_at = NULL,
                    -- An attempt that is under way goes on, and its end counts.
                    leased_until = CASE WHEN d.state = 'pending' THEN d.leased_until END,
                    log = \(Self.logging(entry))
                FROM wanted
                WHERE d.seq = wanted.seq AND d.subscriber = \(subscriber) AND wanted.is_subscribed
                RETURNING d.*
            )
            SELECT wanted.is_subscribed, answer.*
            FROM wanted
            LEFT JOIN (
                SELECT \(unescaped: ListedDelivery.columns)
                FROM changed d
                JOIN notifications n USING (seq)
            ) answer ON answer.seq = wanted.seq
            """
        )
        guard let row else { return .unknownDelivery }
        guard try row["is_subscribed", as: Bool.self] else { return .unknownSubscriber }
        return .done(try ListedDelivery(row: row).view)
    }
}

/// A delivery as it is shown, with its place in the list.
struct ListedDelivery: Sendable {
    var seq: Int
    var view: DeliveryView

    /// Of `notification_deliveries d` and `notifications n`.
    static let columns = """
        d.seq, d.subscriber, d.merchant_id, d.state, d.attempts, d.next_attempt_at, d.ended_at, d.log, n.event_id,
        n.location_id, n.type, n.occurred_at
        """

    init(row: Row) throws {
        seq = try row["seq", as: Int.self]
        let state = try row["state", as: DeliveryState.self]
        let type = try row["type", as: String.self]
        view = DeliveryView(
            eventId: try row["event_id", as: UUID.self],
            subscriber: try row["subscriber", as: SubscriberName.self],
            type: NotificationType(rawValue: type).map { Open($0) } ?? .unrecognized(type),
            merchantId: try row["merchant_id", as: MerchantID.self],
            locationId: try row["location_id", as: LocationID?.self],
            occurredAt: try row["occurred_at", as: Date.self],
            state: state,
            attempts: try row["attempts", as: Int.self],
            nextAttemptAt: state == .pending ? try row["next_attempt_at", as: Date.self] : nil,
            endedAt: try row["ended_at", as: Date?.self],
            log: try row["log", as: JSON<[DeliveryLogEntry]>.self].value
        )
    }
}

/// Where a page of deliveries ended.
struct DeliveryCursor: Sendable, Equatable {
    var seq: Int
    var subscriber: SubscriberName

    var text: String { Data("\(seq)/\(subscriber)".utf8).base64EncodedString() }

    init(seq: Int, subscriber: SubscriberName) {
        self.seq = seq
        self.subscriber = subscriber
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text), let text = String(data: data, encoding: .utf8) else { return nil }
        let parts = text.split(separator: "/")
        guard parts.count == 2, let seq = Int(parts[0]), seq > 0,
            let subscriber = SubscriberName(rawValue: String(parts[1]))
        else { return nil }
        self.init(seq: seq, subscriber: subscriber)
    }
}

extension SubscriberName: PostgresEncodable, PostgresDecodable {}
extension DeliveryState: PostgresEncodable, PostgresDecodable {}
