package import Foundation
package import RPC

/// An order as a gateway needs it: what was ordered, and the text that staff will see.
package struct PosOrder: Codable, Hashable, Sendable {
    package var orderNumber: String
    /// A token, unique per transaction, by which the order is found again on a bill.
    package var mark: String
    package var channel: String
    package var serviceType: String
    package var pagerId: String?
    package var guest: Guest?
    package var note: String?
    package var items: [OrderItem]
    package var discounts: [OrderAdjustment]
    package var fees: [OrderAdjustment]
    package var tipCents: Cents
    package var totalCents: Cents
    package var currency: String
    package var acceptedAt: Date
    package var pickupAt: Date?

    package init(
        orderNumber: String,
        mark: String,
        channel: String,
        serviceType: String,
        pagerId: String? = nil,
        guest: Guest? = nil,
        note: String? = nil,
        items: [OrderItem],
        discounts: [OrderAdjustment] = [],
        fees: [OrderAdjustment] = [],
        tipCents: Cents = 0,
        totalCents: Cents,
        currency: String = "EUR",
        acceptedAt: Date,
        pickupAt: Date? = nil
    ) {
        self.orderNumber = orderNumber
        self.mark = mark
        self.channel = channel
        self.serviceType = serviceType
        self.pagerId = pagerId
        self.guest = guest
        self.note = note
        self.items = items
        self.discounts = discounts
        self.fees = fees
        self.tipCents = tipCents
        self.totalCents = totalCents
        self.currency = currency
        self.acceptedAt = acceptedAt
        self.pickupAt = pickupAt
    }
}

package struct PlaceOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var attemptId: UUID
    package var notAfter: Date
    package var tableNumber: Int
    package var order: PosOrder

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        attemptId: UUID,
        notAfter: Date,
        tableNumber: Int,
        order: PosOrder
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptId = attemptId
        self.notAfter = notAfter
        self.tableNumber = tableNumber
        self.order = order
    }
}

/// A payment towards the bill of a table: all of it (`SettleBill`) or a part (`PostDeposit`).
package struct PayRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var attemptId: UUID
    package var notAfter: Date
    package var tableNumber: Int
    /// Without the tip.
    package var amountCents: Cents
    package var tipCents: Cents
    /// What staff reads beside the payment.
    ///
    /// No guest data.
    package var info: String

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        attemptId: UUID,
        notAfter: Date,
        tableNumber: Int,
        amountCents: Cents,
        tipCents: Cents,
        info: String
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptId = attemptId
        self.notAfter = notAfter
        self.tableNumber = tableNumber
        self.amountCents = amountCents
        self.tipCents = tipCents
        self.info = info
    }
}

package struct GetAttemptRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var attemptId: UUID

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, attemptId: UUID) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptId = attemptId
    }
}

/// How a write towards a register ended, as far as is known.
package struct AttemptReport: Codable, Hashable, Sendable {
    package var attemptId: UUID
    package var outcome: Open<AttemptOutcome>
    /// A stable token for a write that was not done, such as `register_unreachable` or `payment_type_missing`.
    package var reason: String?
    /// The cause and the next action, in words a restaurant owner can follow (rule P1).
    package var explanation: String?
    /// What the register itself said.
    package var registerMessage: String?
    /// The `request-id` of the last request on the wire.
    package var requestId: String?
    package var durationMs: Int?
    /// True where placing the order settled its bill too.
    package var settled: Bool?

    package init(
        attemptId: UUID,
        outcome: AttemptOutcome,
        reason: String? = nil,
        explanation: String? = nil,
        registerMessage: String? = nil,
        requestId: String? = nil,
        durationMs: Int? = nil,
        settled: Bool? = nil
    ) {
        self.attemptId = attemptId
        self.outcome = Open(outcome)
        self.reason = reason
        self.explanation = explanation
        self.registerMessage = registerMessage
        self.requestId = requestId
        self.durationMs = durationMs
        self.settled = settled
    }
}

package enum AttemptOutcome: String, CaseIterable, Sendable, Codable {
    /// The register said yes.
    case done
    /// The register said no. Final for a placement only after a read shows the order absent.
    case refused
    /// It certainly did not happen, and never will under this attempt.
    case notSent = "not_sent"
    /// At least one byte left and no usable answer came. Only reading the register tells.
    case noAnswer = "no_answer"
    /// It is being sent at this moment.
    case inProgress = "in_progress"
}
