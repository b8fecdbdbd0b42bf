import RegisterHTTP

/// Why a call to a register gave no result, and what that means for a write (kassanet-wire.md, Refusal or no answer).
struct KassanetError: Error, Sendable, Equatable {
    enum Cause: Error, Sendable, Equatable {
        /// No HTTP answer came.
        case unreachable(RegisterHTTPError)
        /// An HTTP answer that says nothing: 408, 5xx, or a status without a readable verdict.
        case noAnswer(status: Int)
        case unreadable(WireReadFailure)
        /// Readable JSON that lacks what the endpoint has to give.
        case incomplete(field: String)
        /// The connection's address or credentials are wrong. No status when that shows before sending.
        case misconfigured(status: Int?, message: String)
        /// The register said no, in its own words.
        case refused(message: String)
        /// `notAfter` leaves less time than one send may take; nothing was sent.
        case expired
        /// This gateway has too many calls under way; nothing was sent.
        case busy(RegisterSlots.Busy)
    }

    /// What a failed write did at the register.
    enum WriteEffect: Sendable, Equatable {
        case didNotHappen
        /// The register said no; of CreateOrder this is final only after a read shows the order absent.
        case refused
        /// It may have happened. Only reading the bill tells.
        case ambiguous
    }

    let cause: Cause
    let endpoint: KassanetEndpoint
    let exchange: Exchange

    /// No byte of the request ever left, in any attempt.
    ///
    /// That holds for writes. A read is repeated after other failures too, so for one it speaks of the last attempt.
    var neverSent: Bool {
        switch cause {
        case .unreachable(let error): error.nothingLeft
        case .expired, .busy: true
        case .misconfigured(let status, _): status == nil
        case .noAnswer, .unreadable, .incomplete, .refused: false
        }
    }

    var writeEffect: WriteEffect {
        switch cause {
        case .refused: .refused
        case .misconfigured: .didNotHappen
        case .unreachable, .expired, .busy: neverSent ? .didNotHappen : .ambiguous
        case .noAnswer, .unreadable, .incomplete: .ambiguous
        }
    }

    /// A timeout or a server error: the location counts as disconnected (rule K7).
    var disconnects: Bool {
        switch cause {
        case .unreachable(let error):
            switch error.kind {
            case .cancelled, .tooManyInFlight, .stopped, .invalidURL, .unsupportedScheme, .invalidHeader: false
            default: true
            }
        case .noAnswer(let status): status == 408 || status >= 500
        case .unreadable, .incomplete, .misconfigured, .refused, .expired, .busy: false
        }
    }

    /// Whether the register was reached and took too long.
    var isTimeout: Bool {
        if case .unreachable(let error) = cause { error.kind == .timedOut } else { false }
    }

    /// A stable token for metrics and logs.
    var reason: String {
        switch cause {
        case .unreachable(let error): error.kind.rawValue
        case .noAnswer: "no_answer"
        case .unreadable: "unreadable_answer"
        case .incomplete: "incomplete_answer"
        case .misconfigured: "misconfigured"
        case .refused: "refused"
        case .expired: "expired"
        case .busy(.gateway): "gateway_busy"
        case .busy(.register): "register_busy"
        }
    }
}

extension KassanetError: CustomStringConvertible {
    var description: String { "\(message) \(nextAction)" }

    /// The cause, in words a restaurant owner can follow (rule P1).
    var message: String {
        switch cause {
        case .unreachable(let error): error.cause
        case .noAnswer(let status): "The register answered \(endpoint.name) with an error of its own (HTTP \(status))."
        case .unreadable(let failure): "\(failure.rawValue)."
        case .incomplete(let field): "The register's answer to \(endpoint.name) lacks a usable \(field)."
        case .misconfigured(let status, let message):
            "The register does not accept this connection\(status.map { " (HTTP \($0))" } ?? ""): \(message)"
        case .refused(let message): "The register refused \(endpoint.name): \(message)"
        case .expired: "There was not enough time left to send \(endpoint.name) to the register."
        case .busy(.gateway(let limit)):
            "This gateway makes \(limit) \(endpoint.isWrite ? "writes" : "reads") at once, and as many are under way."
        case .busy(.register(let limit)):
            "\(limit) \(endpoint.isWrite ? "writes" : "reads") to this register are under way, and no more are made at once."
        }
    }

    var nextAction: String {
        switch cause {
        case .unreachable(let error): error.nextAction
        case .noAnswer: "Check the register for an error message, then test the connection."
        case .unreadable: "Check the encryption token and the encryption settings of the integration."
        case .incomplete: "Check that the register's software is up to date; if it is, call support."
        case .misconfigured: "Check the address, the signature key and the encryption token of the integration."
        case .refused: "Correct what the register names, then send it again."
        case .expired: "Nothing was sent; it can be tried again."
        case .busy: "Nothing was sent; try again in a moment."
        }
    }
}

extension KassanetError.Cause {
    /// Whether the call was given up on our side.
    var isCancellation: Bool {
        if case .unreachable(let error) = self { error.kind == .cancelled } else { false }
    }
}
