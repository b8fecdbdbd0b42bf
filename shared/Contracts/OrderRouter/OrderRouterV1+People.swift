package import Foundation
package import RPC

// What people do about an order. Every message that changes something names who asked.

/// What a person found out about an order that the register alone does not explain.
package enum OrderDecision: String, CaseIterable, Sendable, Codable {
    /// It is on the register: go on and settle its bill.
    case settle
    /// It is on the register and its bill is dealt with there: only mark it delivered.
    case deliveredByHand = "delivered_by_hand"
    /// It is not on the register: place it again, with a table again.
    case resend
    /// It is not on the register and shall not be: the guest gets the money back.
    case giveUp = "give_up"
}

/// Shows an order that needs a person, or decides about it.
///
/// Without `decision` nothing changes. With it, `actor` and the `revision` that was seen are required.
package struct ResolveOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var orderId: UUID
    package var decision: Open<OrderDecision>?
    /// Who decides, such as `anna@upvendo`; 1 to 100 bytes.
    package var actor: String?
    /// What they found; at most 500 bytes, no guest data.
    package var note: String?
    /// The order's `revision` as the person saw it.
    package var revision: Int?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        orderId: UUID,
        decision: OrderDecision? = nil,
        actor: String? = nil,
        note: String? = nil,
        revision: Int? = nil
    ) {
        self.merchantId = merchantId
        self.orderId = orderId
        self.decision = decision.map { Open($0) }
        self.actor = actor
        self.note = note
        self.revision = revision
    }
}

package struct ResolveOrderResponse: Codable, Hashable, Sendable {
    package var order: OrderView
    /// What may be decided now; empty where nobody has to.
    package var decisions: [Open<OrderDecision>]
    /// What should stand on the bill.
    ///
    /// With `bill` and `comparison` only in an answer that shows, not in one that decides.
    package var expected: ExpectedBill?
    /// The bill of the order's table as it is now, without its text.
    package var bill: Bill?
    /// What the order has to do with that bill.
    package var comparison: BillGrowth?
    /// Why there is no bill to show.
    package var billProblem: String?

    package init(
        order: OrderView,
        decisions: [OrderDecision],
        expected: ExpectedBill? = nil,
        bill: Bill? = nil,
        comparison: BillGrowth? = nil,
        billProblem: String? = nil
    ) {
        self.order = order
        self.decisions = decisions.map { Open($0) }
        self.expected = expected
        self.bill = bill
        self.comparison = comparison
        self.billProblem = billProblem
    }
}

/// What a bill holds if the order is on it once.
package struct ExpectedBill: Codable, Hashable, Sendable {
    /// The order's own lines, at our prices and without notes.
    package var lines: [BillLine]
    /// What the guest paid for them, without the tip.
    package var payableCents: Cents
    /// The word that stands on the bill beside the order's number.
    package var mark: String
    package var tableNumber: Int?
    /// The table's bill before the order was sent, without its text.
    package var baseline: Bill?

    package init(lines: [BillLine], payableCents: Cents, mark: String, tableNumber: Int?, baseline: Bill?) {
        self.lines = lines
        self.payableCents = payableCents
        self.mark = mark
        self.tableNumber = tableNumber
        self.baseline = baseline
    }
}

/// Names an order and who wants it tried again.
package struct RetryOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var orderId: UUID
    /// Who asks; 1 to 100 bytes.
    package var actor: String
    package var note: String?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, orderId: UUID, actor: String, note: String? = nil) {
        self.merchantId = merchantId
        self.orderId = orderId
        self.actor = actor
        self.note = note
    }
}

package struct RetryOrderResponse: Codable, Hashable, Sendable {
    package var order: OrderView
    package init(order: OrderView) { self.order = order }
}

/// A set of orders to be tried again, a page at a time (rule P2).
package struct RetryOrdersRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID?
    /// Out of `parked`, `waiting`, `refused` and `placed_unsettled`; all but `refused` without it.
    package var states: [Open<OrderState>]?
    /// From this moment of acceptance on.
    package var acceptedFrom: Date?
    /// Before this moment of acceptance.
    package var acceptedTo: Date?
    /// How many orders one call looks at: 1 to 200; 50 without it.
    package var pageSize: Int?
    package var cursor: String?
    package var actor: String
    package var note: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID? = nil,
        states: [OrderState]? = nil,
        acceptedFrom: Date? = nil,
        acceptedTo: Date? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil,
        actor: String,
        note: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.states = states.map { $0.map { Open($0) } }
        self.acceptedFrom = acceptedFrom
        self.acceptedTo = acceptedTo
        self.pageSize = pageSize
        self.cursor = cursor
        self.actor = actor
        self.note = note
    }
}

package struct RetryOrdersResponse: Codable, Hashable, Sendable {
    package var retried: [UUID]
    package var skipped: [SkippedOrder]
    /// Gives the next page; absent on the last.
    package var nextCursor: String?

    package init(retried: [UUID], skipped: [SkippedOrder], nextCursor: String?) {
        self.retried = retried
        self.skipped = skipped
        self.nextCursor = nextCursor
    }
}

/// An order of the set that was not tried again, and why.
package struct SkippedOrder: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var reason: String

    package init(orderId: UUID, reason: String) {
        self.orderId = orderId
        self.reason = reason
    }
}

package struct CancelOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var orderId: UUID
    /// Who asks; 1 to 100 bytes.
    package var actor: String
    /// Why; 1 to 500 bytes, no guest data.
    package var reason: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, orderId: UUID, actor: String, reason: String) {
        self.merchantId = merchantId
        self.orderId = orderId
        self.actor = actor
        self.reason = reason
    }
}

package struct CancelOrderResponse: Codable, Hashable, Sendable {
    package var order: OrderView
    package init(order: OrderView) { self.order = order }
}
