import Contracts
import RPC

/// What keeps order-router from doing what it was asked.
enum RoutingError: Error, Equatable {
    case unknownLocation
    case unknownOrder
    /// The transaction was submitted before, with other content.
    case contentDiffers(fields: [String])
    case malformedCursor
    /// The order is not as the person saw it.
    case movedOn(OrderState)
    /// Something of the order may be on the register.
    case alreadySent(OrderState)
    /// Whether it was sent is being found out.
    case cancelPending
    case orderEnded(OrderState)
    case orderUnderWay(OrderState)
    case needsDecision
    case decisionNotPossible(OrderDecision, possible: [OrderDecision])
    case locationPaused
    case obstacle(Route.Obstacle)
    case tooManyWaiters
    /// The guest's data is needed until the order has ended.
    case orderNotEnded(OrderState)
    /// What the guest asked for is gone.
    case guestErased
}

extension RoutingError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .unknownLocation:
            RPCError(
                .notFound,
                "No register is connected at this location. Connect it in the backoffice, or check locationId.",
                reason: "unknown_location",
                nextAction: .fixRequest,
                fields: [FieldProblem("locationId", "has no register connected")]
            )
        case .unknownOrder:
            RPCError(
                .notFound,
                "There is no such order of this merchant.",
                reason: "unknown_order",
                nextAction: .fixRequest
            )
        case .contentDiffers(let fields):
            RPCError(
                .alreadyExists,
                "This transaction was submitted before with other content; the first one stands. Differing: \(fields.joined(separator: ", ")).",
                reason: "content_differs",
                nextAction: .fixRequest,
                fields: fields.map { FieldProblem($0, "differs from the first submission") }
            )
        case .malformedCursor:
            .invalid([FieldProblem("cursor", "is not one of ours", accepted: "the nextCursor of the page before")])
        case .movedOn(let state):
            RPCError(
                .aborted,
                "The order has changed since you looked: it is \(state.rawValue) now. Look at it again, then decide.",
                reason: "order_moved_on",
                nextAction: .fixRequest
            )
        case .cancelPending:
            RPCError(
                .unavailable,
                "It is being found out whether the order was sent. The request to cancel it stands; ask again.",
                reason: "cancel_pending",
                nextAction: .retry
            )
        case .tooManyWaiters:
            RPCError(
                .resourceExhausted,
                "Too many calls wait for an order already. Ask without waitForStates, or later.",
                reason: "too_many_waiters",
                nextAction: .retry
            )
        case .obstacle(let obstacle):
            refusal(obstacle.explanation, obstacle.rawValue, .wait)
        case .alreadySent(let state):
            refusal(
                "The order is \(state.rawValue): something of it was sent to the register, so it cannot be cancelled here. Cancel it on the register.",
                "already_sent",
                .callSupport
            )
        case .orderEnded(let state):
            refusal("The order is \(state.rawValue), which is its end.", "order_ended", .fixRequest)
        case .orderUnderWay(let state):
            refusal("The order is \(state.rawValue) and under way by itself.", "order_under_way", .wait)
        case .needsDecision:
            refusal(
                "The order is unclear: whether it is on the register has to be looked at first. Use ResolveOrder.",
                "needs_decision",
                .fixRequest
            )
        case .decisionNotPossible(let decision, let possible):
            refusal(
                possible.isEmpty
                    ? "There is nothing to decide about this order."
                    : "This order cannot be resolved by \(decision.rawValue). Possible: \(possible.map(\.rawValue).joined(separator: ", ")).",
                "decision_not_possible",
                .fixRequest
            )
        case .orderNotEnded(let state):
            refusal(
                "The order is \(state.rawValue) and still needs its guest. Ask again when it is delivered, refused, cancelled or expired.",
                "order_not_ended",
                .wait
            )
        case .guestErased:
            refusal(
                "The guest's data and notes are erased from this order, so it cannot be made as the guest asked. Refund it, or take a new order.",
                "guest_erased",
                .refund
            )
        case .locationPaused:
            refusal("The location is paused. Resume it first.", "location_paused", .fixRequest)
        }
    }

    private func refusal(_ message: String, _ reason: String, _ next: NextAction) -> RPCError {
        RPCError(.failedPrecondition, message, reason: reason, nextAction: next)
    }

    /// The token callers switch on.
    var reason: String { rpcError.reason ?? "" }
}
