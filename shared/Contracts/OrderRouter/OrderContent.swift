package import Foundation
package import RPC

/// What a guest ordered and paid, as a channel sends it.
///
/// `totalCents` must be the sum of the lines, less the discounts, plus the fees and the tip.
package struct SubmitOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Upvendo's id of the transaction: the idempotency key, together with the merchant.
    package var transactionId: TransactionID
    /// What staff and guest call the order, such as `1042`.
    package var orderNumber: String
    package var channel: Open<Channel>
    package var serviceType: Open<ServiceType>
    /// The guest's own table.
    ///
    /// With it, the order goes to that table and no other.
    package var tableNumber: Int?
    package var pagerId: String?
    package var guest: Guest?
    /// A note on the order as a whole.
    package var note: String?
    package var items: [OrderItem]
    package var discounts: [OrderAdjustment]?
    package var fees: [OrderAdjustment]?
    package var tipCents: Cents?
    /// What the guest paid in all.
    package var totalCents: Cents
    /// ISO 4217, such as `EUR`.
    package var currency: String
    package var payment: OrderPayment
    /// When the guest comes for it; without it, as soon as it is ready.
    package var pickupAt: Date?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        transactionId: TransactionID,
        orderNumber: String,
        channel: Channel,
        serviceType: ServiceType,
        tableNumber: Int? = nil,
        pagerId: String? = nil,
        guest: Guest? = nil,
        note: String? = nil,
        items: [OrderItem],
        discounts: [OrderAdjustment]? = nil,
        fees: [OrderAdjustment]? = nil,
        tipCents: Cents? = nil,
        totalCents: Cents,
        currency: String = "EUR",
        payment: OrderPayment,
        pickupAt: Date? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.transactionId = transactionId
        self.orderNumber = orderNumber
        self.channel = Open(channel)
        self.serviceType = Open(serviceType)
        self.tableNumber = tableNumber
        self.pagerId = pagerId
        self.guest = guest
        self.note = note
        self.items = items
        self.discounts = discounts
        self.fees = fees
        self.tipCents = tipCents
        self.totalCents = totalCents
        self.currency = currency
        self.payment = payment
        self.pickupAt = pickupAt
    }
}

/// Upvendo's id of a paid transaction.
package struct TransactionID: Identifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Where the guest ordered (rule K38).
package enum Channel: String, CaseIterable, Sendable {
    case kiosk
    case online
    case tableQR = "table_qr"
}

/// How the guest eats.
package enum ServiceType: String, CaseIterable, Sendable {
    case dineIn = "dine_in"
    case takeaway
    case pickup
    case delivery
}

/// Who ordered.
///
/// Kept out of logs, errors and metrics everywhere.
package struct Guest: Codable, Hashable, Sendable {
    package var name: String?
    package var phone: String?
    package var email: String?

    package init(name: String? = nil, phone: String? = nil, email: String? = nil) {
        self.name = name
        self.phone = phone
        self.email = email
    }
}

/// One line of an order, or one choice made on a line.
package struct OrderItem: Codable, Hashable, Sendable {
    /// The register's number of the article (PLU).
    ///
    /// Every item needs one; a modifier may lack it (rule K36).
    package var plu: String?
    package var name: String
    /// From 1 to 999; of a modifier, per unit of what it belongs to.
    package var quantity: Int
    /// What one costs, without its modifiers.
    package var unitPriceCents: Cents
    package var note: String?
    package var modifiers: [OrderItem]?

    package init(
        plu: String?,
        name: String,
        quantity: Int = 1,
        unitPriceCents: Cents,
        note: String? = nil,
        modifiers: [OrderItem]? = nil
    ) {
        self.plu = plu
        self.name = name
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
        self.note = note
        self.modifiers = modifiers
    }

    /// What one unit costs with everything chosen on it.
    package var unitTotalCents: Cents {
        (modifiers ?? []).reduce(unitPriceCents) { $0 + $1.quantity * $1.unitTotalCents }
    }

    package var totalCents: Cents { quantity * unitTotalCents }
}

/// A discount or a fee on the whole order; the amount is positive in both.
package struct OrderAdjustment: Codable, Hashable, Sendable {
    package var name: String
    package var amountCents: Cents

    package init(name: String, amountCents: Cents) {
        self.name = name
        self.amountCents = amountCents
    }
}

/// How the guest paid.
package struct OrderPayment: Codable, Hashable, Sendable {
    /// Only a confirmed payment goes to a register.
    package var status: Open<PaymentStatus>
    /// Who took the money, such as `viva_wallet` or `stripe`.
    package var provider: String
    /// The provider's reference.
    package var reference: String

    package init(status: PaymentStatus, provider: String, reference: String) {
        self.status = Open(status)
        self.provider = provider
        self.reference = reference
    }
}

package enum PaymentStatus: String, CaseIterable, Sendable {
    case confirmed
    case pending
    case failed
}
