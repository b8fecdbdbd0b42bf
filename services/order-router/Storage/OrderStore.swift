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
    let timing: OrderTiming
    private let intake: IntakeBatches
    private let recent = RecentTransactions()

    init(pool: PostgresPool, timing: OrderTiming = OrderTiming()) {
        self.pool = pool
        self.timing = timing
        intake = IntakeBatches(pool: pool, timing: timing)
    }

    enum Intake: Sendable {
        /// It is stored now.
        case accepted(id: UUID, at: Date)
        /// It was stored before, with this content.
        case known(Order)
        /// It was stored before, and what it held of its guest is erased.
        case erased(Order)
        case unknownLocation
    }

    /// Stores an order under its merchant and transaction, once.
    ///
    /// One statement and one commit for a new order, or for all that come while another commit is under way. The unique
    /// key decides between callers that come at the same time; those that lose read what the winner stored.
    func submit(_ content: SubmitOrderRequest, id: UUID) async throws -> Intake {
        // Whoever repeats an order mostly does so at once. Then it is there, and need not be tried to be stored.
        if recent.contains(content), let known = try await known(content) { return known }
        let order = NewOrder(id: id, content: content, timing: timing)
        if let acceptedAt = try await intake.insert(order) {
            recent.note(content)
            return .accepted(id: id, at: acceptedAt)
        }
        guard let known = try await known(content) else { return .unknownLocation }
        recent.note(content)
        return known
    }

    /// What is stored under the order's merchant and transaction.
    private func known(_ content: SubmitOrderRequest) async throws -> Intake? {
        let row = try await pool.queryOne(
            """
            SELECT \(unescaped: Order.columns), guest_erased_at IS NOT NULL AS is_erased
            FROM orders
            WHERE merchant_id = \(content.merchantId) AND transaction_id = \(content.transactionId)
            """
        )
        guard let row else { return nil }
        let first = try Order(row: row)
        return try row["is_erased", as: Bool.self] ? .erased(first) : .known(first)
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
            SELECT \(unescaped: StoredOrder.columns)
            FROM orders o
            LEFT JOIN routes r USING (merchant_id, location_id)
            WHERE \(condition)
            """
        )
        return try row.map(StoredOrder.init)
    }

    /// The steps of an order, oldest first; the newest 200 of them.
    func steps(of order: UUID) async throws -> [OrderStepView] {
        let rows = try await pool.query(
            """
            SELECT at, state, action, reason, explanation, duration_ms, attempt_id, request_id, actor, note
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
                requestId: try row["request_id", as: String?.self],
                actor: try row["actor", as: String?.self],
                note: try row["note", as: String?.self]
            )
        }
    }
}
