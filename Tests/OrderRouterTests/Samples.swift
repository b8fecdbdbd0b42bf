import Contracts
import Foundation
import RPC

@testable import OrderRouter

/// Orders, routes and bills as tests need them; what a test is about, it says.
enum Sample {
    static let merchant = MerchantID(unchecked: "m1")
    static let location = LocationID(unchecked: "main")
    static let key = LaneKey(merchantID: merchant, locationID: location)
    /// Two coffees and a cake: € 10.00.
    static let items = [
        OrderItem(plu: "11", name: "Coffee", quantity: 2, unitPriceCents: 300),
        OrderItem(plu: "12", name: "Cake", unitPriceCents: 400),
    ]
    static let guest = Guest(name: "Ada Lovelace", phone: "+32470123456", email: "ada@example.com")
    static let confirmed = OrderPayment(status: .confirmed, provider: "stripe", reference: "pi_1")

    static func content(
        merchant: MerchantID = merchant,
        location: LocationID = location,
        transaction: String = "t-1",
        number: String = "1042",
        channel: Channel = .kiosk,
        table: Int? = nil,
        items: [OrderItem] = items,
        tipCents: Cents? = nil,
        totalCents: Cents = 1000
    ) -> SubmitOrderRequest {
        SubmitOrderRequest(
            merchantId: merchant,
            locationId: location,
            transactionId: TransactionID(unchecked: transaction),
            orderNumber: number,
            channel: channel,
            serviceType: .dineIn,
            tableNumber: table,
            guest: guest,
            items: items,
            tipCents: tipCents,
            totalCents: totalCents,
            payment: confirmed
        )
    }

    static func order(
        _ state: OrderState = .accepted,
        content: SubmitOrderRequest = content(),
        id: UUID = UUID(),
        _ change: (inout OrderRouter.Progress) -> Void = { _ in }
    ) -> Order {
        var progress = OrderRouter.Progress()
        change(&progress)
        return Order(
            id: id,
            content: content,
            acceptedAt: Date(timeIntervalSinceReferenceDate: 800_000_000),
            state: state,
            progress: progress
        )
    }

    static let capabilities = PosCapabilities(
        tableModes: [.named, .virtual, .physical],
        placesAndSettles: false,
        idempotentPlacement: false,
        payLater: false,
        tips: true,
        exactSettlement: true,
        push: false,
        numericPlu: true,
        currency: "EUR"
    )

    static func route(
        status: ConnectionStatus = .connected,
        epoch: Int = 1,
        tableMode: TableMode = .virtual,
        onMismatch: MismatchPolicy = .settle,
        tips: Bool = true,
        isDeleted: Bool = false
    ) -> Route {
        var capabilities = capabilities
        capabilities.tips = tips
        return Route(
            merchantID: merchant,
            locationID: location,
            gateway: "kassanet",
            provider: "vanhoutte",
            status: status,
            epoch: epoch,
            timeZone: "Europe/Brussels",
            tableMode: tableMode,
            onMismatch: onMismatch,
            capabilities: capabilities,
            isDeleted: isDeleted
        )
    }

    static func connection(
        merchant: MerchantID = merchant,
        location: LocationID = location,
        provider: String = "vanhoutte",
        version: Int = 1,
        status: ConnectionStatus = .connected,
        epoch: Int = 1,
        tableMode: TableMode = .virtual,
        isDeleted: Bool = false
    ) -> PosConnection {
        PosConnection(
            merchantId: merchant,
            locationId: location,
            provider: provider,
            version: version,
            status: status,
            epoch: epoch,
            timeZone: "Europe/Brussels",
            tableMode: tableMode,
            onMismatch: .settle,
            capabilities: capabilities,
            isDeleted: isDeleted
        )
    }
}

extension OrderItem {
    /// The line as it stands on a bill.
    var billLine: BillLine {
        BillLine(
            plu: plu ?? "0",
            name: name,
            quantity: quantity,
            unitPriceCents: unitPriceCents,
            variants: (modifiers ?? []).map(\.billLine)
        )
    }
}

/// A generator that gives the same numbers for the same seed, everywhere (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
