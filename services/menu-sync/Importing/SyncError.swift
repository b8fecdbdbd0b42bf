import Contracts
import RPC

/// Why an import, or what a person wanted of one, was not possible.
enum SyncError: Error, Sendable, Equatable {
    /// No register is connected at the location.
    case unknownLocation
    case unknownSync
    /// Another provider's register is connected there.
    case otherProvider(String)
    /// The import has no plan that waits for a person.
    case noPlanToApprove(SyncState)
    /// The menu has changed since the plan was made.
    case planOutdated
    /// The register's catalogue ended before it was whole.
    case catalogCut
    case stageTooSlow(SyncStage, limit: Duration)
    /// Workers vanished again and again during one stage.
    case interruptedTooOften(SyncStage)
    case locationDeleted
    case tooManyWaiters
    case malformedCursor
    case unknownGateway(String)
}

/// The import is another worker's by now, or was ended by somebody else.
struct ImportLost: Error {}

extension SyncError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .unknownLocation:
            RPCError(
                .notFound,
                "No register is connected at this location. Connect it first, or check the location's id.",
                reason: "unknown_location",
                nextAction: .fixRequest
            )
        case .unknownSync:
            RPCError(
                .notFound,
                "The merchant has no such import. ListSyncs names those of a location.",
                reason: "unknown_sync",
                nextAction: .fixRequest
            )
        case .otherProvider(let provider):
            RPCError(
                .failedPrecondition,
                "The register that is connected at this location is \(provider)'s. Ask for that provider.",
                reason: "other_provider_connected",
                nextAction: .fixRequest
            )
        case .noPlanToApprove(let state):
            RPCError(
                .failedPrecondition,
                "The import has no plan that waits for a person: it is \(state.rawValue). GetSync tells more.",
                reason: "no_plan_to_approve",
                nextAction: .fixRequest
            )
        case .planOutdated:
            RPCError(
                .aborted,
                "The menu has changed since the plan was made. A new plan was made from the same reading: look at it and "
                    + "approve again.",
                reason: "plan_outdated",
                nextAction: .retry
            )
        case .catalogCut:
            RPCError(
                .unavailable,
                "The register's catalogue broke off before its end. Nothing was changed; import again.",
                reason: "catalog_cut",
                nextAction: .retry
            )
        case .stageTooSlow(let stage, let limit):
            RPCError(
                .deadlineExceeded,
                "Stage \(stage.rawValue) was not through within \(limit.milliseconds / 1000) seconds. Nothing was changed; "
                    + "import again when the register is less busy, and tell support where it stays so.",
                reason: "stage_too_slow",
                nextAction: .retry
            )
        case .interruptedTooOften(let stage):
            RPCError(
                .internal,
                "Stage \(stage.rawValue) was interrupted again and again. Nothing was changed; tell support.",
                reason: "interrupted_too_often",
                nextAction: .callSupport
            )
        case .locationDeleted:
            RPCError(
                .failedPrecondition,
                "The location's register was disconnected meanwhile. Connect it again to import.",
                reason: "location_deleted",
                nextAction: .fixRequest
            )
        case .tooManyWaiters:
            RPCError(
                .resourceExhausted,
                "Too many calls wait for imports already. Ask without afterRevision, or in a moment.",
                reason: "too_many_waiters",
                nextAction: .retry
            )
        case .malformedCursor:
            .invalid([FieldProblem("cursor", "is none of ours", accepted: "the nextCursor of the page before")])
        case .unknownGateway(let name):
            RPCError(
                .internal,
                "The location is served by gateway \(name), which GATEWAYS does not name. Set it and start again.",
                reason: "unknown_gateway",
                nextAction: .callSupport
            )
        }
    }
}
