import Contracts
import Foundation
import RPC

@testable import KassanetGateway

extension PosOrder {
    /// Two coffees, one of the brasserie's cheapest orders.
    static func sample(
        number: String = "1042",
        mark: String = "u7f3k9",
        channel: String = "kiosk",
        serviceType: ServiceType = .takeaway,
        guest: Guest? = nil,
        items: [OrderItem] = [.coffee(2)],
        discounts: [OrderAdjustment] = [],
        fees: [OrderAdjustment] = []
    ) -> PosOrder {
        let total =
            items.reduce(0) { $0 + $1.totalCents } - discounts.reduce(0) { $0 + $1.amountCents }
            + fees.reduce(0) { $0 + $1.amountCents }
        return PosOrder(
            orderNumber: number,
            mark: mark,
            channel: channel,
            serviceType: serviceType.rawValue,
            guest: guest,
            items: items,
            discounts: discounts,
            fees: fees,
            totalCents: total,
            acceptedAt: instant("2026-03-10T11:30:00Z")
        )
    }
}

extension OrderItem {
    static func coffee(_ quantity: Int = 1) -> OrderItem {
        OrderItem(plu: "101", name: "Coffee", quantity: quantity, unitPriceCents: 250)
    }
}

/// An instant as RFC 3339 writes it.
func instant(_ text: String) -> Date { RFC3339.date(text) ?? .distantPast }

// MARK: - Requests

extension Place {
    func place(
        _ order: PosOrder = .sample(),
        attempt: UUID = UUID(),
        table: Int = 901,
        within seconds: Double = 60
    ) -> PlaceOrderRequest {
        PlaceOrderRequest(
            merchantId: merchant,
            locationId: location,
            attemptId: attempt,
            notAfter: Date(timeIntervalSinceNow: seconds),
            tableNumber: table,
            order: order
        )
    }

    func pay(_ cents: Int, tip: Int = 0, attempt: UUID = UUID(), table: Int = 901) -> PayRequest {
        PayRequest(
            merchantId: merchant,
            locationId: location,
            attemptId: attempt,
            notAfter: Date(timeIntervalSinceNow: 60),
            tableNumber: table,
            amountCents: cents,
            tipCents: tip,
            info: "Order #1042"
        )
    }

    func bill(_ table: Int = 901) -> ReadBillRequest {
        ReadBillRequest(merchantId: merchant, locationId: location, tableNumber: table)
    }

    func attempt(_ id: UUID) -> GetAttemptRequest {
        GetAttemptRequest(merchantId: merchant, locationId: location, attemptId: id)
    }

    var itself: LocationRequest { LocationRequest(merchantId: merchant, locationId: location) }
}

/// The error that a call fails with, as its caller would see it.
func rpcError(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch {
        return RPCError(mapping: error)
    }
}
