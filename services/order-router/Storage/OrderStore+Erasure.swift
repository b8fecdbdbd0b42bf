import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

// What is erased of an order: the guest's name, phone and mail, and every note, which guests and people write freely.
// Amounts, lines, states, table, payment reference and the transaction stay. The time of the last change stays too, so
// nothing that is decided about the order meanwhile is turned away for it.

extension OrderStore {
    struct Erased: Sendable, Equatable {
        var orders: Int
        var steps: Int
    }

    /// Erases the guests of orders that ended longer ago than the retention time, the oldest first.
    ///
    /// One guarded statement; replicas that do it at the same time take different orders. An order that a person has
    /// reopened meanwhile keeps its guest.
    func eraseExpired(olderThan retention: Duration, limit: Int) async throws -> Erased {
        let row = try await pool.queryOne(Self.eraseExpiredQuery(olderThan: retention, limit: limit))
        return Erased(
            orders: try row?["orders", as: Int.self] ?? 0,
            steps: try row?["steps", as: Int.self] ?? 0
        )
    }

    static func eraseExpiredQuery(olderThan retention: Duration, limit: Int) -> Query {
        let expired: Query = """
            o.updated_at < now() - \(retention.interval)::interval
            ORDER BY o.updated_at
            LIMIT \(limit)
            FOR UPDATE SKIP LOCKED
            """
        return """
            WITH \(erasing(expired))
            SELECT (SELECT count(*) FROM erased) AS orders, (SELECT count(*) FROM masked) AS steps
            """
    }

    /// Erases an order's guest now, and writes into its history who asked.
    ///
    /// - Returns: `nil` where it has not ended, was erased before, or is not there; then nothing is changed.
    func eraseGuest(of order: UUID, _ merchant: MerchantID, actor: String) async throws -> StoredOrder? {
        let one: Query = "o.order_id = \(order) AND o.merchant_id = \(merchant) FOR UPDATE"
        let row = try await pool.queryOne(
            """
            WITH \(Self.erasing(one)), noted AS (
                INSERT INTO steps (order_id, at, state, action, duration_ms, actor)
                SELECT order_id, clock_timestamp(), state, 'erase_guest', 0, \(actor)
                FROM erased
            )
            SELECT \(unescaped: StoredOrder.columns)
            FROM erased o
            LEFT JOIN routes r USING (merchant_id, location_id)
            """
        )
        return try row.map(StoredOrder.init)
    }

    /// `chosen`, `erased` and `masked`: which orders, what is left of them, and their steps.
    ///
    /// What the register or the gateway said should not name a guest; where it does, the words are masked.
    private static func erasing(_ which: Query) -> Query {
        """
        chosen AS (
            SELECT o.order_id, \(unescaped: word("name")) AS name, \(unescaped: word("phone")) AS phone,
                \(unescaped: word("email")) AS email
            FROM orders o
            WHERE o.guest_erased_at IS NULL AND o.state IN (\(unescaped: finalStates)) AND \(which)
        ), erased AS (
            UPDATE orders o
            SET content = (o.content - 'guest' - 'note') || jsonb_build_object(
                    'items', without_notes(o.content->'items')
                ),
                progress = o.progress || jsonb_strip_nulls(jsonb_build_object(
                    'explanation', \(unescaped: masked("o.progress->>'explanation'")),
                    'registerMessage', \(unescaped: masked("o.progress->>'registerMessage'"))
                )),
                guest_erased_at = now()
            FROM chosen
            WHERE o.order_id = chosen.order_id
            RETURNING o.*, chosen.name, chosen.phone, chosen.email
        ), masked AS (
            UPDATE steps s
            SET note = NULL, explanation = \(unescaped: masked("s.explanation", by: "erased"))
            FROM erased
            WHERE s.order_id = erased.order_id
                AND (s.note IS NOT NULL OR s.explanation <> \(unescaped: masked("s.explanation", by: "erased")))
            RETURNING s.step_id
        )
        """
    }

    /// Said in the index's own words, so that the planner sees that it holds them all.
    static let finalStates = OrderState.allCases.filter(\.isFinal).map { "'\($0.rawValue)'" }.joined(separator: ", ")

    /// A word of the guest's, or nothing where it is too short to tell from other text.
    private static func word(_ field: String) -> String {
        let text = "o.content->'guest'->>'\(field)'"
        return "CASE WHEN length(\(text)) > 2 THEN \(text) ELSE '' END"
    }

    /// A text with the guest's words masked; replacing an empty word changes nothing.
    private static func masked(_ text: String, by words: String = "chosen") -> String {
        ["phone", "email", "name"].reduce(text) { "replace(\($0), \(words).\($1), '***')" }
    }
}

extension SubmitOrderRequest {
    /// The order as it is kept after erasure: what a repeated submission is compared with then.
    var withoutGuest: SubmitOrderRequest {
        var copy = self
        copy.guest = nil
        copy.note = nil
        copy.items = items.map(\.withoutNotes)
        return copy
    }
}

extension OrderItem {
    fileprivate var withoutNotes: OrderItem {
        var copy = self
        copy.note = nil
        copy.modifiers = modifiers.map { $0.map(\.withoutNotes) }
        return copy
    }
}
