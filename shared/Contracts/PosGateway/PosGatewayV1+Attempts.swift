package import Foundation
package import RPC

package struct ListAttemptsRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// From 1 to 100.
    package var attemptIds: [UUID]

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, attemptIds: [UUID]) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptIds = attemptIds
    }
}

package struct ListAttemptsResponse: Codable, Hashable, Sendable {
    /// Those that are known, oldest first.
    package var attempts: [AttemptDetail]

    package init(attempts: [AttemptDetail]) {
        self.attempts = attempts
    }
}

/// A write towards a register as it was kept, for whoever has to find out what happened.
package struct AttemptDetail: Codable, Hashable, Sendable {
    package var attemptId: UUID
    package var operation: Open<AttemptOperation>
    package var outcome: Open<AttemptOutcome>
    /// A stable token, as in ``AttemptReport``.
    package var reason: String?
    /// The cause and the next action, in words a restaurant owner can follow (rule P1).
    package var explanation: String?
    /// Who has to do something now; absent when nobody has.
    package var nextAction: Open<NextAction>?
    /// What the register itself said.
    package var registerMessage: String?
    /// The `request-id` of the last request on the wire.
    package var requestId: String?
    /// How many requests went out; more than one only where none before it can have left.
    package var sends: Int
    /// Of the last answer; absent when there was none.
    package var httpStatus: Int?
    /// When the write was committed, before anything was sent.
    package var startedAt: Date
    package var finishedAt: Date?
    package var durationMs: Int?
    /// What was sent, as JSON text without credentials and guest data; at most 4096 bytes.
    package var request: String?
    /// What was answered, decoded, as JSON text without guest data; at most 4096 bytes.
    package var answer: String?

    package init(
        attemptId: UUID,
        operation: AttemptOperation,
        outcome: AttemptOutcome,
        reason: String? = nil,
        explanation: String? = nil,
        nextAction: NextAction? = nil,
        registerMessage: String? = nil,
        requestId: String? = nil,
        sends: Int,
        httpStatus: Int? = nil,
        startedAt: Date,
        finishedAt: Date? = nil,
        durationMs: Int? = nil,
        request: String? = nil,
        answer: String? = nil
    ) {
        self.attemptId = attemptId
        self.operation = Open(operation)
        self.outcome = Open(outcome)
        self.reason = reason
        self.explanation = explanation
        self.nextAction = nextAction.map { Open($0) }
        self.registerMessage = registerMessage
        self.requestId = requestId
        self.sends = sends
        self.httpStatus = httpStatus
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.durationMs = durationMs
        self.request = request
        self.answer = answer
    }
}

package enum AttemptOperation: String, CaseIterable, Sendable, Codable {
    case placeOrder = "place_order"
    case settleBill = "settle_bill"
    case postDeposit = "post_deposit"
    /// The write never arrived, so what it would have been is not known.
    case unknown
}
