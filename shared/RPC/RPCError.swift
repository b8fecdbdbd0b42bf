/// A call that failed, in the words that cross the wire.
///
/// `code` is for machines in general, `reason` for callers that want to tell one failure from another, `message` for the
/// person who reads it, `nextAction` for what to do now. `cause` stays here: it is logged and never sent.
package struct RPCError: Error, Sendable {
    package var code: RPCCode
    package var message: String
    /// A stable snake_case token that callers may switch on.
    ///
    /// They never parse `message`.
    package var reason: String?
    package var nextAction: NextAction?
    /// What is wrong with which field of the request.
    package var fields: [FieldProblem]
    /// What was underneath, for the log of this process only.
    package var cause: (any Error)?

    package init(
        _ code: RPCCode,
        _ message: String,
        reason: String? = nil,
        nextAction: NextAction? = nil,
        fields: [FieldProblem] = [],
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.reason = reason
        self.nextAction = nextAction
        self.fields = fields
        self.cause = cause
    }

    /// A request that can never succeed as it is, with every problem found and not just the first.
    package static func invalid(_ fields: [FieldProblem], reason: String = "invalid_request") -> RPCError {
        let list = fields.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
        return RPCError(
            .invalidArgument,
            "The request was refused: \(list).",
            reason: reason,
            nextAction: .fixRequest,
            fields: fields
        )
    }
}

extension RPCError: CustomStringConvertible {
    package var description: String {
        "\(code.rawValue)\(reason.map { "/\($0)" } ?? ""): \(message)"
    }
}

/// One field of a request, what is wrong with it and what would be accepted.
package struct FieldProblem: Codable, Hashable, Sendable {
    /// Where it stands, such as `items[2].quantity`.
    package var field: String
    /// What is wrong, as the end of a sentence that begins with the field: `is 0`.
    package var problem: String
    /// What would be taken instead.
    package var accepted: String?

    package init(_ field: String, _ problem: String, accepted: String? = nil) {
        self.field = field
        self.problem = problem
        self.accepted = accepted
    }
}

/// What the caller should do about a failure.
package enum NextAction: String, Codable, Sendable, CaseIterable {
    /// Send the same call again, after a moment.
    case retry
    /// Nothing: the work goes on by itself when the obstacle is gone.
    case wait
    /// Change the request.
    case fixRequest = "fix_request"
    /// Give the guest the money back.
    case refund
    /// Ask a person at Upvendo.
    case callSupport = "call_support"
}

/// How an area's own error becomes an answer.
///
/// Domain errors conform to this in one file per service.
package protocol RPCErrorConvertible: Error {
    var rpcError: RPCError { get }
}

extension RPCError: RPCErrorConvertible {
    package var rpcError: RPCError { self }
}

extension RPCError {
    /// Any error as an answer.
    ///
    /// One that nobody mapped says nothing of what it was: its text is for the log.
    package init(mapping error: any Error) {
        switch error {
        case let error as any RPCErrorConvertible: self = error.rpcError
        case is CancellationError:
            self.init(.canceled, "The call was cancelled before it was done.", nextAction: .retry)
        default:
            self.init(
                .internal,
                "Something went wrong on our side. The request id finds it in the logs.",
                nextAction: .callSupport,
                cause: error
            )
        }
    }
}

/// The body of an error answer: Connect's `code` and `message`, and our additions, which its clients ignore.
package struct RPCErrorBody: Codable, Sendable {
    package var code: String
    package var message: String?
    package var reason: String?
    package var nextAction: String?
    package var fields: [FieldProblem]?

    package init(_ error: RPCError) {
        code = error.code.rawValue
        message = error.message
        reason = error.reason
        nextAction = error.nextAction?.rawValue
        fields = error.fields.isEmpty ? nil : error.fields
    }

    /// The error a server sent.
    ///
    /// An unknown code becomes `unknown`, an unknown next action is dropped.
    package var error: RPCError {
        RPCError(
            RPCCode(rawValue: code) ?? .unknown,
            message ?? code,
            reason: reason,
            nextAction: nextAction.flatMap(NextAction.init(rawValue:)),
            fields: fields ?? []
        )
    }
}
