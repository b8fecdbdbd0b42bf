import Contracts
import Foundation
import RPC

/// A paid order with modifiers, a note, an accent and a tip.
enum SampleOrder {
    static let request = SubmitOrderRequest(
        merchantId: Demo.merchant,
        locationId: Demo.location,
        transactionId: TransactionID(unchecked: "demo-1042"),
        orderNumber: "1042",
        channel: .kiosk,
        serviceType: .takeaway,
        pagerId: "12",
        guest: Guest(name: "Zoë"),
        items: [
            OrderItem(
                plu: "103",
                name: "Burger",
                quantity: 2,
                unitPriceCents: 1400,
                note: "no onions",
                modifiers: [
                    OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150),
                    OrderItem(plu: nil, name: "Well done", unitPriceCents: 0),
                ]
            ),
            OrderItem(plu: "102", name: "Crème brûlée", unitPriceCents: 650),
            OrderItem(
                plu: "101",
                name: "Coffee",
                quantity: 2,
                unitPriceCents: 250,
                modifiers: [OrderItem(plu: "901", name: "Oat milk", unitPriceCents: 50)]
            ),
        ],
        tipCents: 200,
        totalCents: 4550,
        payment: OrderPayment(status: .confirmed, provider: "viva_wallet", reference: "demo-payment-1")
    )

    /// The same, as it goes over the wire.
    static var json: String {
        guard let data = try? RPCCoding.encode(request) else { return "{}" }
        return String(decoding: data, as: UTF8.self).replacing("'", with: "'\\''")
    }
}
