import RPC

/// Why an attempt at a stage failed: a token for programs, and the cause with the next action for people (rule P1).
struct ImportProblem: Sendable, Equatable {
    var reason: String
    var message: String
    /// False where another attempt would only fail the same way.
    var isWorthRepeating: Bool

    init(_ error: any Error) {
        let error = RPCError(mapping: error)
        reason = error.reason ?? error.code.rawValue
        message = error.message
        isWorthRepeating =
            switch error.code {
            case .invalidArgument, .notFound, .permissionDenied, .unauthenticated, .unimplemented, .alreadyExists: false
            case .failedPrecondition: !Self.settled.contains(reason)
            default: true
            }
    }

    /// A person has to do something first.
    private static let settled: Set<String> = ["no_products", "not_connected", "location_deleted"]
}
