/// An order as `CreateOrder` takes it (rule K31); whoever makes one has decided every text and price.
struct KassanetOrder: Sendable, Equatable {
    var tableNumber: Int
    var tableText: String
    var orderInfoText: String?
    /// `HH:mm` in the location's time zone, for orders that are not dine-in.
    var pickupTime: String?
    var items: [KassanetOrderItem]
}

struct KassanetOrderItem: Sendable, Equatable {
    var articleId: Int
    var text: String
    /// Per unit of its parent, for a variant.
    var quantity: Int
    var unitPriceCents: Int
    var infoText: String?
    var variants: [KassanetOrderItem] = []
}

extension KassanetOrder {
    var body: WireValue {
        .members(
            ("TableNumber", .integer(tableNumber)),
            ("TableText", .string(tableText)),
            ("OrderInfoText", orderInfoText.map { .string($0) }),
            ("PickupTime", pickupTime.map { .string($0) }),
            ("Items", .array(items.map(\.body)))
        )
    }
}

extension KassanetOrderItem {
    var body: WireValue {
        .members(
            ("ArticleId", .integer(articleId)),
            ("Text", .string(text)),
            ("Quantity", .integer(quantity)),
            ("UnitPrice", .cents(unitPriceCents)),
            ("InfoText", infoText.map { .string($0) }),
            ("Variants", variants.isEmpty ? nil : .array(variants.map(\.body)))
        )
    }
}

extension KassanetClient {
    /// `CreateOrder`: places an order, all of it or nothing; on an open bill it adds to it.
    ///
    /// An error says through its `writeEffect` whether the order can be on the register.
    func createOrder(
        _ connection: KassanetConnection,
        _ order: KassanetOrder,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<Void> {
        try await perform(.createOrder, body: order.body, on: connection, call: call) { _, _ in }
    }
}
