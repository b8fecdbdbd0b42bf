import RegisterHTTP

/// What one attempt comes to: a usable answer, or a cause and whether another attempt is safe and useful.
///
/// The only place where HTTP statuses and the success flag get a meaning (kassanet-wire.md, Refusal or no answer).
enum KassanetVerdict: Sendable, Equatable {
    case answered(WireValue)
    case failed(KassanetError.Cause, retriable: Bool)

    init(on error: RegisterHTTPError, of endpoint: KassanetEndpoint) {
        let passing =
            switch error.kind {
            case .connectFailed, .connectTimedOut, .nameNotFound, .timedOut, .closed, .notHTTP, .failed: true
            case .invalidURL, .unsupportedScheme, .invalidHeader, .addressRefused, .tlsFailed, .responseTooLarge,
                .tooManyInFlight, .cancelled, .stopped:
                false
            }
        self = .failed(.unreachable(error), retriable: passing && (!endpoint.isWrite || error.nothingLeft))
    }

    init(on response: RegisterResponse, of endpoint: KassanetEndpoint, envelope: WireEnvelope, maxBytes: Int) {
        var answer: WireValue?
        self.init(on: response, of: endpoint, envelope: envelope, maxBytes: maxBytes, answer: &answer)
    }

    /// The same, and the answer as it could be read, whatever it comes to.
    init(
        on response: RegisterResponse,
        of endpoint: KassanetEndpoint,
        envelope: WireEnvelope,
        maxBytes: Int,
        answer: inout WireValue?
    ) {
        let limits = WireReader.Limits(bytes: maxBytes)
        let status = response.status
        switch status {
        case 401, 403, 404:
            answer = try? envelope.open(response.body, limits: limits)
            let said = answer.flatMap(Self.errorMessage)
            self = .failed(.misconfigured(status: status, message: said ?? "it gives no reason."), retriable: false)
        case 300..<400 where !endpoint.isWrite:
            let message = "its address answers with a redirect, and redirects are not followed."
            self = .failed(.misconfigured(status: status, message: message), retriable: false)
        case 408, 500...:
            // Such an answer decides nothing, but may say something to a person.
            answer = try? envelope.open(response.body, limits: limits)
            self = .failed(.noAnswer(status: status), retriable: !endpoint.isWrite)
        case 200..<300, 400..<500:
            do throws(WireReadFailure) {
                let opened = try envelope.open(response.body, limits: limits)
                answer = opened
                self = Self.judge(opened, succeeded: status < 300, status: status)
            } catch {
                self = .failed(.unreadable(error), retriable: !endpoint.isWrite)
            }
        default:
            self = .failed(.noAnswer(status: status), retriable: false)
        }
    }

    /// What the flag and message of an answer come to that was read piece by piece.
    init(on answer: WireValue, status: Int) {
        self = Self.judge(answer, succeeded: (200..<300).contains(status), status: status)
    }

    /// A flag that is absent means true in a 2xx answer; in any other it means nothing at all.
    private static func judge(_ answer: WireValue, succeeded: Bool, status: Int) -> KassanetVerdict {
        guard let written = answer["IsSuccessStatusCode"] else {
            return succeeded ? .answered(answer) : .failed(.noAnswer(status: status), retriable: false)
        }
        switch written.flag {
        case false: return .failed(.refused(message: errorMessage(answer) ?? "it gives no reason."), retriable: false)
        case true where succeeded: return .answered(answer)
        case nil where succeeded: return .failed(.incomplete(field: "IsSuccessStatusCode"), retriable: false)
        default: return .failed(.noAnswer(status: status), retriable: false)
        }
    }

    /// The register's own words, on one line and of bounded length.
    private static func errorMessage(_ answer: WireValue) -> String? {
        guard let text = answer["ErrorMessage"]?.text else { return nil }
        let printable = String(text.map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 0x20 } ? " " : $0 })
        let trimmed = printable.trimmingSpaces()
        return trimmed.isEmpty ? nil : String(trimmed.prefix(500))
    }
}
