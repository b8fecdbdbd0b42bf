import Contracts
import Foundation
import RPC

/// A write that is about to be made.
struct Intent: Sendable {
    var attemptID: UUID
    var merchantID: MerchantID
    var locationID: LocationID
    var operation: Operation
    var tableNumber: Int
    /// Which register it goes to, as ``Connection/register`` names it.
    var register: String
    /// What is sent, as ``AttemptText`` keeps it; nil when that is not known yet.
    var request: String?
    var notAfter: Date

    enum Operation: String, Sendable {
        case placeOrder = "place_order"
        case settleBill = "settle_bill"
        case postDeposit = "post_deposit"
    }
}

/// How a write ended, as it is recorded.
struct AttemptResult: Sendable {
    var outcome: AttemptOutcome
    var reason: String?
    var explanation: String?
    var registerMessage: String?
    var requestID: String?
    var sends: Int = 0
    var httpStatus: Int?
    var durationMs: Int?
    /// What was sent, where the intent could not say it yet.
    var request: String?
    /// What was answered, as it came; it may quote guest data.
    var wireAnswer: WireValue?
    /// What was answered, as ``AttemptText`` keeps it.
    var answer: String?
    var activity: (type: ActivityType, message: String)
}

/// A write as it is recorded.
struct Attempt: Sendable {
    var id: UUID
    var merchantID: MerchantID
    var locationID: LocationID
    /// `nil` while it is recorded as being sent.
    var outcome: AttemptOutcome?
    var instance: UUID
    var notAfter: Date
    var reason: String?
    var explanation: String?
    var registerMessage: String?
    var requestID: String?
    var durationMs: Int?

    func belongs(to merchant: MerchantID, _ location: LocationID) -> Bool {
        merchantID == merchant && locationID == location
    }

    func report(_ outcome: AttemptOutcome) -> AttemptReport {
        AttemptReport(
            attemptId: id,
            outcome: outcome,
            reason: reason,
            explanation: explanation,
            registerMessage: registerMessage,
            requestId: requestID,
            durationMs: durationMs
        )
    }
}

/// Since when reading tries to settle an attempt.
struct AttemptCheck: Sendable {
    /// When the first of the reads was that showed the same as before the write, all of them since then.
    var firstAt: Date
    /// When this read was asked for, by the database's clock, by which all of this is measured.
    var now: Date
    /// After this nothing of the attempt is on its way to the register any more.
    var sentBy: Date
}

/// A write as it is kept in full.
struct AttemptRecord: Sendable {
    var attempt: Attempt
    var operation: AttemptOperation
    var sends: Int
    var httpStatus: Int?
    var startedAt: Date
    var finishedAt: Date?
    var request: String?
    var answer: String?

    func detail(_ outcome: AttemptOutcome) -> AttemptDetail {
        AttemptDetail(
            attemptId: attempt.id,
            operation: operation,
            outcome: outcome,
            reason: attempt.reason,
            explanation: attempt.explanation,
            nextAction: outcome.nextAction(reason: attempt.reason),
            registerMessage: attempt.registerMessage,
            requestId: attempt.requestID,
            sends: sends,
            httpStatus: httpStatus,
            startedAt: startedAt,
            finishedAt: finishedAt,
            durationMs: attempt.durationMs,
            request: request,
            answer: answer
        )
    }
}

extension AttemptOutcome {
    /// Who has to do something about a write that ended like this.
    fileprivate func nextAction(reason: String?) -> NextAction? {
        switch self {
        case .done: nil
        case .inProgress, .noAnswer: .wait
        case .refused: .fixRequest
        case .notSent:
            switch reason {
            case "register_unreachable": .wait
            case "register_misconfigured", "payment_type_missing": .callSupport
            case "invalid_order": .fixRequest
            default: .retry
            }
        }
    }
}
