import Contracts
import RPC

/// What keeps order-router from doing what it was asked.
enum RoutingError: Error, Equatable {
    case unknownLocation
    case unknownOrder
    /// The transaction was submitted before, with other content.
    case contentDiffers(fields: [String])
    case malformedCursor
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
        }
    }
}
