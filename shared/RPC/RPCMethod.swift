/// One procedure of one service, declared once and used by the server, the client and the documentation.
///
/// The wire is Connect's unary protocol over JSON: `POST /{service}/{name}` with the request message as the body.
package struct RPCMethod<Request: Codable & Sendable, Response: Codable & Sendable>: Sendable {
    /// The versioned service, such as `upvendo.orders.v1.OrderRouter`.
    package let service: String
    /// The procedure, such as `SubmitOrder`.
    package let name: String
    /// Whether a client may send the same call again by itself.
    package let idempotency: Idempotency
    /// The longest request body the server reads, in bytes.
    ///
    /// A longer one is refused before it is parsed.
    package let maxRequestBytes: Int
    /// What it does, in one sentence, for the published document.
    package let summary: String

    package init(
        _ service: String,
        _ name: String,
        _ idempotency: Idempotency,
        maxRequestBytes: Int = 256 * 1024,
        summary: String = ""
    ) {
        self.service = service
        self.name = name
        self.idempotency = idempotency
        self.maxRequestBytes = maxRequestBytes
        self.summary = summary
    }

    /// The HTTP path, with its leading slash.
    package var path: String { "/\(service)/\(name)" }
}

/// What repeating a call does, which decides what a client may do by itself when no answer came.
package enum Idempotency: Sendable {
    /// Changes nothing.
    case readOnly
    /// Repeating the same request has the effect of one and the same answer.
    case idempotent
    /// Repeating may act twice. The client never repeats it, whatever happened.
    case notIdempotent

    package var allowsRetry: Bool { self != .notIdempotent }
}

/// A message of one merchant's data.
///
/// The server refuses it unless the caller's token names that merchant.
package protocol MerchantScoped {
    var merchantID: MerchantID { get }
}
