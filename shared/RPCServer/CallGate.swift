import Foundation
package import HTTPTypes
import Hummingbird
package import Logging
package import RPC

/// The door of a service: turns a request's headers into a call context, or refuses it.
///
/// RPC procedures and backoffice routes go through the same door, so both know who asks, by when, and in which trace.
package struct CallGate: Sendable {
    let callers: CallerDirectory
    /// What a call gets that names no deadline of its own, and the most that any gets.
    let maxTimeout: Duration
    let logger: Logger
    /// Bounds how many calls run at once.
    let calls: CallQueue
    /// Whether the service is going down and takes no new calls.
    let drain = Drain()

    package init(callers: CallerDirectory, maxTimeout: Duration, limits: CallLimits = CallLimits(), logger: Logger) {
        self.callers = callers
        self.maxTimeout = maxTimeout
        self.logger = logger
        calls = CallQueue(limits)
    }

    /// The context of a call to `service`.
    ///
    /// `most` is the longest it may take, where that is not the gate's own limit. Throws `unauthenticated`,
    /// `permission_denied` or `invalid_argument`.
    func admit(
        _ request: Request,
        as requestID: String,
        toService service: String,
        most: Duration? = nil
    ) throws(RPCError) -> CallContext {
        try drain.requireUp()
        guard let token = request.headers[.authorization].flatMap(Self.bearer),
            let caller = callers.caller(withToken: token)
        else {
            throw RPCError(
                .unauthenticated,
                "The call carries no token that this service knows. Send Authorization: Bearer <token>.",
                reason: "unknown_token",
                nextAction: .fixRequest
            )
        }
        try caller.requireAccess(toService: service)
        return CallContext(
            requestID: requestID,
            trace: request.headers[.traceparent].flatMap(TraceParent.init)?.child() ?? .random(),
            deadline: try deadline(of: request, most: most ?? maxTimeout),
            caller: caller,
            logger: logger
        )
    }

    /// The token in an `Authorization` header, whose scheme's case does not matter.
    private static func bearer(_ header: String) -> String? {
        let scheme = "bearer "
        guard header.utf8.count > scheme.utf8.count,
            zip(header.utf8, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        return String(header.utf8.dropFirst(scheme.utf8.count))
    }

    private func deadline(of request: Request, most limit: Duration) throws(RPCError) -> Deadline {
        let most = Deadline(after: limit)
        guard let header = request.headers[.connectTimeout] else { return most }
        guard let asked = Deadline(timeoutHeader: header) else {
            throw .invalid([
                FieldProblem("Connect-Timeout-Ms", "is not a timeout", accepted: "1 to 10 digits, greater than 0")
            ])
        }
        return min(asked, most)
    }

    /// The request's own id where it is safe to write into log lines and headers; else a new one.
    static func requestID(of request: Request) -> String {
        request.headers[.requestID].flatMap(wellFormedRequestID) ?? UUIDv7.next().uuidString.lowercased()
    }

    private static func wellFormedRequestID(_ text: String) -> String? {
        let isWellFormed =
            (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isWellFormed ? text : nil
    }
}

extension HTTPField.Name {
    static let connectProtocolVersion = named("Connect-Protocol-Version")
    static let connectTimeout = named("Connect-Timeout-Ms")
    static let requestID = named("x-request-id")
    static let traceparent = named("traceparent")

    /// Names are checked each time they are made, so they are made once.
    private static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}

extension HTTPFields {
    /// A header that HTTPTypes has no constant for.
    ///
    /// `name` must be a valid header name, or nothing is found or set.
    package subscript(named name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set {
            guard let name = HTTPField.Name(name) else { return }
            self[name] = newValue
        }
    }
}
