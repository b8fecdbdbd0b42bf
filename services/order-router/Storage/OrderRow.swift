import Contracts
import Foundation
import Postgres
import RPC

extension Order {
    static let columns = "order_id, content, state, progress, accepted_at"

    init(row: Row) throws {
        self.init(
            id: try row["order_id", as: UUID.self],
            content: try row["content", as: JSON<SubmitOrderRequest>.self].value,
            acceptedAt: try row["accepted_at", as: Date.self],
            state: try row["state", as: OrderState.self],
            progress: try row["progress", as: JSON<Progress>.self].value
        )
    }

    /// Settlements go before what is under way, and that before new placements.
    static func priority(of state: OrderState) -> Int {
        switch state {
        case .placed, .billRead, .settled, .placedUnsettled: 0
        case .tableAssigned: 1
        default: 2
        }
    }
}

/// An order as it is shown, with what the table knows beside it.
struct StoredOrder: Sendable {
    var order: Order
    var provider: String?
    var updatedAt: Date
    var deliveredAt: Date?
    var nextAttemptAt: Date?
    var guestErasedAt: Date?

    /// Changes with every change of the order: the microsecond of the last one.
    var revision: Int { Self.revision(updatedAt) }

    static func revision(_ updatedAt: Date) -> Int { Int((updatedAt.timeIntervalSince1970 * 1_000_000).rounded()) }

    /// Names the columns of `orders o` and `routes r` that a row of it is read from.
    static let columns = """
        o.order_id, o.content, o.state, o.progress, o.accepted_at, o.updated_at, o.delivered_at, o.run_at,
        o.guest_erased_at, r.provider
        """

    init(row: Row) throws {
        order = try Order(row: row)
        provider = try row["provider", as: String?.self]
        updatedAt = try row["updated_at", as: Date.self]
        deliveredAt = try row["delivered_at", as: Date?.self]
        nextAttemptAt = try row["run_at", as: Date?.self]
        guestErasedAt = try row["guest_erased_at", as: Date?.self]
    }
}

extension Route {
    static let columns = """
        merchant_id, location_id, gateway, provider, status, epoch, time_zone, table_mode, on_mismatch, capabilities,
        is_deleted, paused_at IS NOT NULL AS is_paused
        """

    init(row: Row) throws {
        self.init(
            merchantID: try row["merchant_id", as: MerchantID.self],
            locationID: try row["location_id", as: LocationID.self],
            gateway: try row["gateway", as: String.self],
            provider: try row["provider", as: String.self],
            status: try row["status", as: ConnectionStatus.self],
            epoch: try row["epoch", as: Int.self],
            timeZone: try row["time_zone", as: String.self],
            tableMode: try row["table_mode", as: TableMode.self],
            onMismatch: try row["on_mismatch", as: MismatchPolicy.self],
            capabilities: try row["capabilities", as: JSON<PosCapabilities>.self].value,
            isDeleted: try row["is_deleted", as: Bool.self],
            isPaused: try row["is_paused", as: Bool.self]
        )
    }
}

// Enums stand in tables as the texts they are on the wire.

extension OrderState: PostgresEncodable, PostgresDecodable {}
extension ConnectionStatus: PostgresEncodable, PostgresDecodable {}
extension TableMode: PostgresEncodable, PostgresDecodable {}
extension MismatchPolicy: PostgresEncodable, PostgresDecodable {}
extension TransactionID: PostgresEncodable {}
