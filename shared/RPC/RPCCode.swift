/// Connect's closed set of error codes, each with the HTTP status that carries it.
package enum RPCCode: String, Sendable, CaseIterable {
    /// The caller went away.
    case canceled
    /// A failure that the server could not name.
    case unknown
    /// The request is wrong whatever the state of the system.
    case invalidArgument = "invalid_argument"
    /// The deadline passed. What was asked may or may not have happened.
    case deadlineExceeded = "deadline_exceeded"
    /// The thing asked for does not exist, for this caller.
    case notFound = "not_found"
    /// The thing exists already, and differs.
    case alreadyExists = "already_exists"
    /// The caller is known and may not do this.
    case permissionDenied = "permission_denied"
    /// A limit was reached: a queue, a pool, a size.
    case resourceExhausted = "resource_exhausted"
    /// The system is not in the state this needs; repeating alone does not help.
    case failedPrecondition = "failed_precondition"
    /// Somebody else changed the thing meanwhile.
    case aborted
    /// A cursor or a position outside what exists.
    case outOfRange = "out_of_range"
    /// The procedure does not exist here.
    case unimplemented
    /// A bug or a broken invariant.
    case `internal`
    /// The service cannot be reached or is shutting down. Nothing happened.
    case unavailable
    /// Data is lost or unreadable.
    case dataLoss = "data_loss"
    /// The caller's token is missing or unknown.
    case unauthenticated

    package var httpStatus: Int {
        switch self {
        case .canceled: 499
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        case .deadlineExceeded: 504
        case .unknown, .internal, .dataLoss: 500
        }
    }

    /// The status of `unimplemented` where the path exists and only the HTTP method is wrong, as Connect has it.
    package static let wrongVerbStatus = 405

    /// The code for an answer that carries no error body of ours: a proxy spoke, not the service.
    package init(proxyStatus: Int) {
        self =
            switch proxyStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
    }
}
