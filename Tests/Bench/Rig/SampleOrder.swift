import Contracts
import Foundation
import RPC

/// A paid order of five items, about 1 kB of JSON.
enum SampleOrder {
    static let totalCents = 6_050

    static func request(_ number: Int, run: String, at location: LocationID) -> SubmitOrderRequest {
        SubmitOrderRequest(
            merchantId: Rig.merchant,
            locationId: location,
            transactionId: TransactionID(unchecked: "\(run)-\(number)"),
            orderNumber: String(1000 + number % 9000),
            channel: .kiosk,
            serviceType: .takeaway,
            pagerId: "12",
            guest: Guest(name: "Zoë Peeters", phone: "+32 470 00 00 00", email: "zoe@example.com"),
            items: [
                OrderItem(
                    plu: "103",
                    name: "Burger",
                    quantity: 2,
                    unitPriceCents: 1400,
                    note: "no onions",
                    modifiers: [OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150)]
                ),
                OrderItem(plu: "102", name: "Crème brûlée", quantity: 2, unitPriceCents: 650),
                OrderItem(plu: "101", name: "Coffee", quantity: 2, unitPriceCents: 250),
                OrderItem(plu: "101", name: "Coffee, decaffeinated", unitPriceCents: 250),
                OrderItem(plu: "102", name: "Crème brûlée, large", unitPriceCents: 900),
            ],
            totalCents: totalCents,
            payment: OrderPayment(status: .confirmed, provider: "viva_wallet", reference: "bench-payment")
        )
    }

    /// The same as the bytes of an HTTP request, made from one text so that making it costs a run next to nothing.
    static func messages(run: String, at location: LocationID) throws -> @Sendable (Int) -> [UInt8] {
        let marker = 7_777_777
        let json = String(decoding: try RPCCoding.encode(request(marker, run: run, at: location)), as: UTF8.self)
        let parts = json.split(separator: "\(run)-\(marker)", maxSplits: 1).map(String.init)
        return { number in
            HTTPMessages.post(
                "/upvendo.orders.v1.OrderRouter/SubmitOrder",
                token: "demo-token-for-local-use",
                body: "\(parts[0])\(run)-\(number)\(parts[1])"
            )
        }
    }
}
