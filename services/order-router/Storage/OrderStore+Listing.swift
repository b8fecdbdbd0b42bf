import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Which orders of a merchant are listed.
struct OrderFilter: Sendable {
    var merchant: MerchantID
    var location: LocationID?
    /// All of them where it is empty.
    var states: [OrderState] = []
    var acceptedFrom: Date?
    var acceptedTo: Date?
}

extension OrderStore {
    /// A page of a merchant's orders, newest first.
    func list(_ filter: OrderFilter, after cursor: OrderCursor? = nil, limit: Int) async throws -> [StoredOrder] {
        try await pool.query(Self.listQuery(filter, after: cursor, limit: limit)).map(StoredOrder.init)
    }

    func list(
        _ merchant: MerchantID,
        location: LocationID?,
        states: [OrderState],
        after cursor: OrderCursor?,
        limit: Int
    ) async throws -> [StoredOrder] {
        try await list(OrderFilter(merchant: merchant, location: location, states: states), after: cursor, limit: limit)
    }

    /// Reads no more than a page of each state, whatever is asked for: every part walks an index in the list's own order.
    static func listQuery(_ filter: OrderFilter, after cursor: OrderCursor?, limit: Int) -> Query {
        var condition: Query = "o.merchant_id = \(filter.merchant)"
        if let location = filter.location { condition = "\(condition) AND o.location_id = \(location)" }
        if let from = filter.acceptedFrom { condition = "\(condition) AND o.accepted_at >= \(from)" }
        if let end = filter.acceptedTo { condition = "\(condition) AND o.accepted_at < \(end)" }
        if let cursor {
            condition = "\(condition) AND (o.accepted_at, o.order_id) < (\(cursor.acceptedAt), \(cursor.orderID))"
        }
        func page(_ state: Query) -> Query {
            """
            SELECT o.*
            FROM orders o
            WHERE \(condition)\(state)
            ORDER BY o.accepted_at DESC, o.order_id DESC
            LIMIT \(limit)
            """
        }
        var parts: [Query] = []
        let open = filter.states.filter { $0 != .delivered }
        if !open.isEmpty {
            // Said twice, so that the planner sees that the partial index holds them all.
            parts.append(
                """
                SELECT listed.*
                FROM unnest(\(open.map(\.rawValue))) AS wanted (state)
                CROSS JOIN LATERAL (\(page(" AND o.state = wanted.state AND o.state <> 'delivered'"))) listed
                """
            )
        }
        if filter.states.contains(.delivered) { parts.append("(\(page(" AND o.state = 'delivered'")))") }
        if parts.isEmpty { parts.append("(\(page("")))") }
        let all = parts.dropFirst().reduce(parts[0]) { "\($0) UNION ALL \($1)" }
        return """
            SELECT \(unescaped: StoredOrder.columns)
            FROM (\(all)) o
            LEFT JOIN routes r USING (merchant_id, location_id)
            ORDER BY o.accepted_at DESC, o.order_id DESC
            LIMIT \(limit)
            """
    }

    /// When each of these orders was changed last; orders that are not the merchant's are left out.
    func revisions(_ orders: [(merchant: MerchantID, order: UUID)]) async throws -> [UUID: Int] {
        let rows = try await pool.query(
            """
            SELECT o.order_id, o.updated_at
            FROM unnest(\(orders.map(\.merchant.rawValue)), \(orders.map(\.order.uuidString)))
                AS watched (merchant_id, order_id)
            JOIN orders o ON o.order_id = watched.order_id::uuid AND o.merchant_id = watched.merchant_id
            """
        )
        return try rows.reduce(into: [:]) { revisions, row in
            revisions[try row["order_id", as: UUID.self]] = StoredOrder.revision(try row["updated_at", as: Date.self])
        }
    }
}
