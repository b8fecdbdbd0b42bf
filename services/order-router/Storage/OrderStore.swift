import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Keeps orders: takes them in, finds them, lists them.
///
/// What moves them is in ``LaneStore``.
struct OrderStore: Sendable {
    let pool: PostgresPool

    enum Intake: Sendable {
        /// It is stored now.
        case accepted(id: UUID, at: Date)
        /// It was stored before, with this content.
        case known(Order)
        case unknownLocation
    }

    /// Stores an order under its merchant and transaction, once.
    ///
    /// One statement and one commit for a new order. The unique key decides between callers that come at the same time;
    /// those that lose read what the winner stored.
    func submit(_ content: SubmitOrderRequest, id: UUID) async throws -> Intake {
        let inserted = try await pool.queryOne(
            """
            INSERT INTO orders (
                order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, run_at, accepted_at,
                updated_at
            )
            SELECT \(id), merchant_id, location_id, \(content.transactionId), \(JSON(content)), 'accepted',
                \(JSON(Progress())), \(Order.priority(of: .accepted)), now(), now(), now()
            FROM routes
            WHERE merchant_id = \(content.merchantId) AND location_id = \(content.locationId) AND NOT is_deleted
            ON CONFLICT ON CONSTRAINT orders_transaction_once DO NOTHING
            RETURNING accepted_at
            """
        )
        if let inserted { return .accepted(id: id, at: try inserted["accepted_at", as: Date.self]) }
        let known = try await pool.queryOne(
            """
            SELECT \(unescaped: Order.columns)
            FROM orders
            WHERE merchant_id = \(content.merchantId) AND transaction_id = \(content.transactionId)
            """
        )
        return try known.map { .known(try Order(row: $0)) } ?? .unknownLocation
    }

    /// What the location's register is known to take; `nil` where none is connected.
    func route(_ merchant: MerchantID, _ location: LocationID) async throws -> Route? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Route.columns)
            FROM routes
            WHERE merchant_id = \(merchant) AND location_id = \(location) AND NOT is_deleted
            """
        )
        return try row.map(Route.init)
    }

    func find(_ merchant: MerchantID, order: UUID) async throws -> StoredOrder? {
        try await find("o.merchant_id = \(merchant) AND o.order_id = \(order)")
    }

    func find(_ merchant: MerchantID, transaction: TransactionID) async throws -> StoredOrder? {
        try await find("o.merchant_id = \(merchant) AND o.transaction_id = \(transaction)")
    }

    private func find(_ condition: Query) async throws -> StoredOrder? {
        let row = try await pool.queryOne(
            """
            SELECT o.order_id, o.content, o.state, o.progress, o.accepted_at, o.updated_at, o.delivered_at, o.run_at,
                r.provider
            FROM orders o
            LEFT JOIN routes r USING (merchant_id, location_id)
            WHERE \(condition)
            """
        )
        return try row.map(StoredOrder.init)
    }

    /// A page of a merchant's orders, newest first.
    func list(
        _ merchant: MerchantID,
        location: LocationID?,
        states: [OrderState],
        after cursor: OrderCursor?,
        limit: Int
    ) async throws -> [StoredOrder] {
        var condition: Query = "o.merchant_id = \(merchant)"
        if let location { condition = "\(condition) AND o.location_id = \(location)" }
        if !states.isEmpty { condition = "\(condition) AND o.state = ANY(\(states.map(\.rawValue)))" }
        if let cursor {
            condition = "\(condition) AND (o.accepted_at, o.order_id) < (\(cursor.acceptedAt), \(cursor.orderID))"
        }
        let rows = try await pool.query(
            """
            SELECT o.order_id, o.content, o.state, o.progress, o.accepted_at, o.updated_at, o.delivered_at, o.run_at,
                r.provider
            FROM orders o
            LEFT JOIN routes r USING (merchant_id, location_id)
            WHERE \(condition)
            ORDER BY o.accepted_at DESC, o.order_id DESC
            LIMIT \(limit)
            """
        )
        return try rows.map(StoredOrder.init)
    }

    /// The steps of an order, oldest first; the newest 200 of them.
    func steps(of order: UUID) async throws -> [OrderStepView] {
        let rows = try await pool.query(
            """
            SELECT at, state, action, reason, explanation, duration_ms, attempt_id, request_id
            FROM steps
            WHERE order_id = \(order)
            ORDER BY step_id DESC
            LIMIT 200
            """
        )
        return try rows.reversed().map { row in
            OrderStepView(
                at: try row["at", as: Date.self],
                state: try row["state", as: OrderState.self],
                action: try row["action", as: String.self],
                reason: try row["reason", as: String?.self],
                explanation: try row["explanation", as: String?.self],
                durationMs: try row["duration_ms", as: Int.self],
                attemptId: try row["attempt_id", as: UUID?.self],
                requestId: try row["request_id", as: String?.self]
            )
        }
    }
}

/// Where a page of orders ended.
struct OrderCursor: Sendable, Equatable {
    var acceptedAt: Date
    var orderID: UUID

    var text: String {
        let microseconds = Int((acceptedAt.timeIntervalSince1970 * 1_000_000).rounded())
        return Data("\(microseconds):\(orderID.uuidString)".utf8).base64EncodedString()
    }

    init(acceptedAt: Date, orderID: UUID) {
        self.acceptedAt = acceptedAt
        self.orderID = orderID
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count == 2, let microseconds = Int(parts[0]), Self.range.contains(microseconds),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(acceptedAt: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), orderID: id)
    }

    /// From 1970 to the year 5138: what is beyond was never a moment of acceptance.
    private static let range = 0...100_000_000_000_000_000
}
