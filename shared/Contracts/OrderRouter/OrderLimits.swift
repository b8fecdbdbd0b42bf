import Foundation
package import RPC

/// What an order must be to be taken: checked by order-router, and shown in its document.
///
/// Far above any real order, far below what could hurt.
package enum OrderLimits {
    /// In bytes of UTF-8, as the limits of all texts here.
    package static let orderNumber = 1...40
    package static let pagerId = 1...40
    package static let guestName = 0...100
    package static let guestPhone = 0...40
    package static let guestEmail = 0...254
    package static let note = 0...500
    package static let itemName = 1...200
    package static let plu = 1...40
    package static let adjustmentName = 1...100
    package static let paymentProvider = 1...64
    package static let paymentReference = 1...200

    package static let tableNumber = 1...1_000_000
    /// Of one line, and of a choice together with what it belongs to: registers take at most 999 of anything.
    package static let quantity = 1...999
    package static let cents = 0...100_000_000
    package static let items = 1...500
    package static let modifierDepth = 4
    package static let adjustments = 0...50

    package static let pageSize = 1...200
    /// Of `ListWaitingLocations`.
    package static let locationPageSize = 1...500
}

extension SubmitOrderRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "transactionId": .about("Upvendo's id of the transaction; with the merchant, the idempotency key."),
            "orderNumber": .text(bytes: OrderLimits.orderNumber, "What staff and guest call it. No space in it."),
            "channel": .about("Only known values are taken."),
            "serviceType": .about("Only known values are taken."),
            "tableNumber": .number(
                OrderLimits.tableNumber,
                "The guest's own table: the order goes there and nowhere else. Required for `table_qr`."
            ),
            "pagerId": .text(bytes: OrderLimits.pagerId),
            "note": .text(bytes: OrderLimits.note, "On the order as a whole."),
            "items": .list(OrderLimits.items, "Every one has a `plu`; modifiers nest up to 4 levels."),
            "discounts": .list(OrderLimits.adjustments, "Their amounts are positive."),
            "fees": .list(OrderLimits.adjustments),
            "tipCents": .number(OrderLimits.cents),
            "totalCents": .number(OrderLimits.cents, "The lines, less the discounts, plus the fees and the tip."),
            "currency": .about("ISO 4217: the register's own.", example: "EUR"),
            "pickupAt": .about("When the guest comes for it; without it, as soon as it is ready."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        SubmitOrderRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            transactionId: TransactionID(unchecked: "openapi-1"),
            orderNumber: "3001",
            channel: .kiosk,
            serviceType: .takeaway,
            items: [
                OrderItem(
                    plu: "103",
                    name: "Burger",
                    unitPriceCents: 1400,
                    modifiers: [OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150)]
                )
            ],
            tipCents: 100,
            totalCents: 1650,
            payment: OrderPayment(status: .confirmed, provider: "viva_wallet", reference: "pay-1")
        )
    }
}

extension OrderItem: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "plu": .text(
                bytes: OrderLimits.plu,
                "The register's number of the article. Every item needs one; a modifier may lack it.",
                example: "103"
            ),
            "name": .text(bytes: OrderLimits.itemName),
            "quantity": .number(OrderLimits.quantity, "Of a modifier, per unit of what it belongs to."),
            "unitPriceCents": .number(OrderLimits.cents, "What one costs, without its modifiers."),
            "note": .text(bytes: OrderLimits.note),
        ]
    }
}

extension OrderAdjustment: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["name": .text(bytes: OrderLimits.adjustmentName), "amountCents": .number(OrderLimits.cents)]
    }
}

extension Guest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "name": .text(bytes: OrderLimits.guestName), "phone": .text(bytes: OrderLimits.guestPhone),
            "email": .text(bytes: OrderLimits.guestEmail),
        ]
    }
}

extension OrderPayment: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "status": .about("Only a confirmed payment goes to a register."),
            "provider": .text(bytes: OrderLimits.paymentProvider, "Who took the money.", example: "viva_wallet"),
            "reference": .text(bytes: OrderLimits.paymentReference, "The provider's reference."),
        ]
    }
}

extension GetOrderRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "orderId": .about("This or `transactionId`, exactly one of them."),
            "transactionId": .about("This or `orderId`, exactly one of them."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        GetOrderRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            transactionId: TransactionID(unchecked: "demo-1042")
        )
    }
}

extension ListOrdersRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "locationId": .about("Only this location's."),
            "states": .about("Only orders in one of these. Only known values are taken."),
            "pageSize": .number(OrderLimits.pageSize, "50 without it."),
            "cursor": .about("The `nextCursor` of the page before."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListOrdersRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            pageSize: 10
        )
    }
}

extension OrderView: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "reason": .about("A stable token for why it is not further.", example: "no_free_table"),
            "explanation": .about("The same in words, with the next action."),
            "needRequeue": .about("True while the order waits for its register to come back."),
            "nextAttemptAt": .about("When it is tried again by itself."),
            "externalData": .about("The state at the register, under the provider's name."),
        ]
    }
}

extension ExternalOrderState: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["status": .about("pending, success or error.", example: "success")]
    }
}

extension ListWaitingLocationsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "pageSize": .number(OrderLimits.locationPageSize, "200 without it."),
            "cursor": .about("The `nextCursor` of the page before."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? { ListWaitingLocationsRequest(pageSize: 100) }
}
