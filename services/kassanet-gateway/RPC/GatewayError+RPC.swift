import Contracts
import RPC

/// What keeps the gateway from doing what it was asked.
enum GatewayError: Error, Equatable {
    /// The location has no Kassanet connection.
    case notConnected
    /// The connection is known to be down; only a test is tried against it.
    case disconnected(message: String)
    /// The register refuses the connection's address or keys.
    case misconfigured(message: String)
    /// A read came to nothing.
    case unreadable(message: String)
    /// The register took too long over its catalogue; that alone disconnects nothing.
    case catalogTooSlow(message: String)
    /// Too many calls are under way; nothing was sent.
    case busy(RegisterSlots.Busy, message: String)
    /// The other provider is connected at this location (rule K6).
    case otherProviderConnected
    /// There is no such provider.
    case unknownProvider(String)
    /// The connection was tested or changed by somebody else while it was tested.
    case changedMeanwhile
    /// The attempt's id was used for another location.
    case unknownAttempt
}

extension GatewayError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .notConnected:
            RPCError(
                .failedPrecondition,
                "No Kassanet register is connected at this location. Connect it in the backoffice.",
                reason: "not_connected",
                nextAction: .callSupport
            )
        case .disconnected(let message):
            RPCError(.failedPrecondition, message, reason: "register_unreachable", nextAction: .wait)
        case .misconfigured(let message):
            RPCError(.failedPrecondition, message, reason: "register_misconfigured", nextAction: .callSupport)
        case .unreadable(let message):
            RPCError(.failedPrecondition, message, reason: "register_unreadable", nextAction: .retry)
        case .catalogTooSlow(let message):
            RPCError(
                .deadlineExceeded,
                "The catalogue took too long. \(message) If it is merely large, raise REGISTER_CATALOG_TIMEOUT.",
                reason: "catalog_too_slow",
                nextAction: .retry
            )
        case .busy(.gateway, let message):
            RPCError(.resourceExhausted, message, reason: "gateway_busy", nextAction: .retry)
        case .busy(.register, let message):
            RPCError(.resourceExhausted, message, reason: "register_busy", nextAction: .retry)
        case .otherProviderConnected:
            RPCError(
                .alreadyExists,
                "Another Kassanet provider is connected at this location. Delete that integration first, then connect this one.",
                reason: "other_provider_connected",
                nextAction: .fixRequest
            )
        case .unknownProvider(let name):
            .invalid([
                FieldProblem(
                    "provider",
                    "is \(name.prefix(40))",
                    accepted: Provider.allCases.map(\.rawValue).joined(separator: " or ")
                )
            ])
        case .changedMeanwhile:
            RPCError(
                .aborted,
                "The connection was tested or changed by somebody else at the same time. Test it again.",
                reason: "changed_meanwhile",
                nextAction: .retry
            )
        case .unknownAttempt:
            RPCError(
                .notFound,
                "This attempt id belongs to something else. Use a new one for every write.",
                reason: "unknown_attempt",
                nextAction: .fixRequest
            )
        }
    }
}

extension OrderMappingError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .unnamed: RPCError(.failedPrecondition, description, reason: "invalid_order", nextAction: .fixRequest)
        case .outOfBounds(let problem): .invalid([problem], reason: "invalid_order")
        }
    }
}
