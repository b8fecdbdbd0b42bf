package import Foundation
package import RPC

/// The outcome of the first submission.
///
/// Every repetition gets the same.
package struct SubmitOrderResponse: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var transactionId: TransactionID
    package var acceptedAt: Date

    package init(orderId: UUID, transactionId: TransactionID, acceptedAt: Date) {
        self.orderId = orderId
        self.transactionId = transactionId
        self.acceptedAt = acceptedAt
    }
}

/// Names an order by our id, or by the transaction it was submitted with.
package struct GetOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var orderId: UUID?
    package var transactionId: TransactionID?
    /// Answer only when the order is in one of these states, at its end, or when the deadline is near.
    package var waitForStates: [Open<OrderState>]?
    /// True leaves out `attempts`, which are asked of the gateway.
    package var withoutAttempts: Bool?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        orderId: UUID? = nil,
        transactionId: TransactionID? = nil,
        waitForStates: [OrderState]? = nil,
        withoutAttempts: Bool? = nil
    ) {
        self.merchantId = merchantId
        self.orderId = orderId
        self.transactionId = transactionId
        self.waitForStates = waitForStates.map { $0.map { Open($0) } }
        self.withoutAttempts = withoutAttempts
    }
}

package struct GetOrderResponse: Codable, Hashable, Sendable {
    package var order: OrderView
    /// Oldest first.
    package var steps: [OrderStepView]
    /// Every write towards the register, oldest first, as its gateway keeps it; secrets and guest data are redacted.
    ///
    /// Absent where the gateway did not tell; `attemptsProblem` then says why.
    package var attempts: [AttemptDetail]?
    package var attemptsProblem: String?

    package init(
        order: OrderView,
        steps: [OrderStepView],
        attempts: [AttemptDetail]? = nil,
        attemptsProblem: String? = nil
    ) {
        self.order = order
        self.steps = steps
        self.attempts = attempts
        self.attemptsProblem = attemptsProblem
    }
}

/// A page of orders.
///
/// `locationId`, `states` and the time of acceptance narrow it; `cursor` continues where the page before ended.
package struct ListOrdersRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID?
    package var states: [Open<OrderState>]?
    /// From this moment of acceptance on.
    package var acceptedFrom: Date?
    /// Before this moment of acceptance.
    package var acceptedTo: Date?
    /// From 1 to 200; 50 without it.
    package var pageSize: Int?
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID? = nil,
        states: [OrderState]? = nil,
        acceptedFrom: Date? = nil,
        acceptedTo: Date? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.states = states.map { $0.map { Open($0) } }
        self.acceptedFrom = acceptedFrom
        self.acceptedTo = acceptedTo
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListOrdersResponse: Codable, Hashable, Sendable {
    package var orders: [OrderView]
    /// Gives the next page; absent on the last.
    package var nextCursor: String?

    package init(orders: [OrderView], nextCursor: String?) {
        self.orders = orders
        self.nextCursor = nextCursor
    }
}

/// Where an order is on its way to the register.
package enum OrderState: String, CaseIterable, Sendable, Codable {
    /// Stored; nothing has been asked of anybody.
    case accepted
    /// A table is ours; the order may be on its way to the register.
    case tableAssigned = "table_assigned"
    /// The register has the order.
    case placed
    /// The bill was read and it is decided how to settle it.
    case billRead = "bill_read"
    /// The bill is paid, or what was paid stands on it as a deposit.
    case settled
    /// Done.
    case delivered
    /// The register cannot be reached or refuses our credentials; goes on by itself when a connection test succeeds.
    case parked
    /// No table is free yet, its time has not come, or the location is paused; goes on by itself.
    case waiting
    /// The register said no and a read showed the order absent, or a person says so. Nothing was cooked.
    case refused
    /// Sent, and reading proves neither that it arrived nor that it did not. A person decides.
    case unclear
    /// The order is at the register, its bill could not be settled. Only settlement is tried again.
    case placedUnsettled = "placed_unsettled"
    /// Given up before anything was sent.
    case cancelled
    /// Too old before anything was sent.
    case expired

    /// Whether anything will still happen by itself.
    package var isFinal: Bool {
        switch self {
        case .delivered, .refused, .cancelled, .expired: true
        default: false
        }
    }
}

/// An order as callers see it.
///
/// No guest data.
package struct OrderView: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var transactionId: TransactionID
    package var orderNumber: String
    package var state: Open<OrderState>
    /// A stable token for why it is not further, such as `no_free_table`.
    package var reason: String?
    /// The same in words, with the next action.
    package var explanation: String?
    /// True while the order waits for its register to come back (rule K32).
    package var needRequeue: Bool
    package var tableNumber: Int?
    package var totalCents: Cents
    package var currency: String
    package var acceptedAt: Date
    package var updatedAt: Date
    /// Changes with every change of the order; goes into `ResolveOrder`.
    package var revision: Int?
    package var deliveredAt: Date?
    /// When it is tried again by itself.
    package var nextAttemptAt: Date?
    /// The state at the register, under the provider's name (rule K34).
    package var externalData: [String: ExternalOrderState]
    /// When the guest's data and all notes were erased from it.
    package var guestErasedAt: Date?

    package init(
        orderId: UUID,
        merchantId: MerchantID,
        locationId: LocationID,
        transactionId: TransactionID,
        orderNumber: String,
        state: OrderState,
        reason: String?,
        explanation: String?,
        needRequeue: Bool,
        tableNumber: Int?,
        totalCents: Cents,
        currency: String,
        acceptedAt: Date,
        updatedAt: Date,
        revision: Int? = nil,
        deliveredAt: Date?,
        nextAttemptAt: Date?,
        externalData: [String: ExternalOrderState],
        guestErasedAt: Date? = nil
    ) {
        self.orderId = orderId
        self.merchantId = merchantId
        self.locationId = locationId
        self.transactionId = transactionId
        self.orderNumber = orderNumber
        self.state = Open(state)
        self.reason = reason
        self.explanation = explanation
        self.needRequeue = needRequeue
        self.tableNumber = tableNumber
        self.totalCents = totalCents
        self.currency = currency
        self.acceptedAt = acceptedAt
        self.updatedAt = updatedAt
        self.revision = revision
        self.deliveredAt = deliveredAt
        self.nextAttemptAt = nextAttemptAt
        self.externalData = externalData
        self.guestErasedAt = guestErasedAt
    }
}

/// What the register said of an order, in its own words (rule K34).
package struct ExternalOrderState: Codable, Hashable, Sendable {
    /// `pending`, `success` or `error`.
    package var status: String
    package var errMessage: String?

    package init(status: String, errMessage: String?) {
        self.status = status
        self.errMessage = errMessage
    }
}

/// One step an order took, with how long it took and what was found out.
package struct OrderStepView: Codable, Hashable, Sendable {
    package var at: Date
    package var state: Open<OrderState>
    /// What was done, such as `place_order` or `check_placement`.
    package var action: String
    package var reason: String?
    package var explanation: String?
    package var durationMs: Int
    /// The id of the write towards the register, where there was one.
    package var attemptId: UUID?
    package var requestId: String?
    /// Who asked for it, where a person did.
    package var actor: String?
    /// What they said about it.
    package var note: String?

    package init(
        at: Date,
        state: OrderState,
        action: String,
        reason: String?,
        explanation: String?,
        durationMs: Int,
        attemptId: UUID?,
        requestId: String?,
        actor: String? = nil,
        note: String? = nil
    ) {
        self.at = at
        self.state = Open(state)
        self.action = action
        self.reason = reason
        self.explanation = explanation
        self.durationMs = durationMs
        self.attemptId = attemptId
        self.requestId = requestId
        self.actor = actor
        self.note = note
    }
}
