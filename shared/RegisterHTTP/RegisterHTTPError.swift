/// Why a request got no answer, and whether anything of it can have reached the register.
///
/// The two facts are kept apart because they decide different things: `kind` what to tell a person, `nothingLeft`
/// whether a write may be sent again (kassanet-wire.md, Transport). Its texts hold a host and port, never a path, a
/// query string or a header.
package struct RegisterHTTPError: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case invalidURL = "invalid_url"
        case unsupportedScheme = "unsupported_scheme"
        case invalidHeader = "invalid_header"
        case addressRefused = "address_refused"
        case nameNotFound = "name_not_found"
        case connectFailed = "connect_failed"
        case connectTimedOut = "connect_timed_out"
        case tlsFailed = "tls_failed"
        case timedOut = "timed_out"
        case closed
        case responseTooLarge = "response_too_large"
        case notHTTP = "not_http"
        case tooManyInFlight = "too_many_in_flight"
        case cancelled
        case stopped
        case failed
    }

    package let kind: Kind
    /// True only when it is certain that no byte of the request was handed to the network.
    package let nothingLeft: Bool
    /// Host and port, for people.
    package let target: String
    /// The HTTP library's own words, possibly empty.
    package let detail: String

    package init(kind: Kind, nothingLeft: Bool, target: String, detail: String = "") {
        self.kind = kind
        self.nothingLeft = nothingLeft
        self.target = target
        self.detail = detail
    }
}

extension RegisterHTTPError: CustomStringConvertible {
    /// The cause and the next action, in words a restaurant owner can follow (rule P1).
    package var description: String {
        "\(cause) \(nextAction)"
    }

    package var cause: String {
        switch kind {
        case .invalidURL: "The register's address cannot be read."
        case .unsupportedScheme: "The register's address begins with something other than http:// or https://."
        case .invalidHeader: "A header of the request holds a line break."
        case .addressRefused: "The register's address \(target) leads to a private network, which is not allowed here."
        case .nameNotFound: "The name in the register's address \(target) does not exist."
        case .connectFailed: "Nothing answers at the register's address \(target)."
        case .connectTimedOut: "The register at \(target) did not accept a connection in time."
        case .tlsFailed: "No secure connection to the register at \(target): its certificate or encryption is refused."
        case .timedOut: "The register at \(target) did not answer in time."
        case .closed: "The register at \(target) closed the connection without a complete answer."
        case .responseTooLarge: "The answer of the register at \(target) is larger than allowed."
        case .notHTTP: "What answers at \(target) does not speak HTTP."
        case .tooManyInFlight: "Too many requests to registers are under way."
        case .cancelled: "The request was given up before the answer came."
        case .stopped: "This service is stopping and starts no more requests."
        case .failed: "The request to the register at \(target) failed."
        }
    }

    package var nextAction: String {
        switch kind {
        case .invalidURL, .unsupportedScheme: "Correct the address in the integration's settings."
        case .invalidHeader: "Check the integration's credentials for line breaks."
        case .addressRefused:
            "Correct the address, or have the platform team add the register's network to the allowed ones."
        case .nameNotFound: "Check the address for typing mistakes."
        case .connectFailed, .connectTimedOut:
            "Check that the register is switched on and connected to the internet, and that the port is right."
        case .tlsFailed:
            "Install a valid certificate on the register, or turn certificate checking off for this connection."
        case .timedOut, .closed: "Check that the register is not busy or frozen, then test the connection."
        case .responseTooLarge, .notHTTP: "Check that the address and port are those of the register."
        case .tooManyInFlight, .stopped, .cancelled: "Try again in a moment."
        case .failed: "Test the connection; if it keeps failing, call support."
        }
    }
}
