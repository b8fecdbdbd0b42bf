/// One procedure that answers with many elements, one after the other, instead of one message.
///
/// The wire is Connect's server streaming over JSON: one request message in, any number of elements out, then a message
/// that says how it ended. Use it where an answer is too long to be held whole, such as a register's catalogue.
package struct RPCStream<Request: Codable & Sendable, Element: Codable & Sendable>: Sendable {
    /// The versioned service, such as `upvendo.pos.v1.PosGateway`.
    package let service: String
    /// The procedure, such as `ReadCatalog`.
    package let name: String
    /// What it does, in a sentence for its published document.
    package let summary: String
    /// What repeating the call does.
    ///
    /// A stream is never sent again by the client: who reads it knows what to do with the elements it already has.
    package let idempotency: Idempotency
    /// The longest request message the server reads, in bytes.
    package let maxRequestBytes: Int
    /// The longest element, in bytes of JSON.
    ///
    /// Both ends hold to it, and so to how much one element may take in memory.
    package let maxElementBytes: Int
    /// The longest pause before an element, on either end.
    ///
    /// The server ends a stream whose handler sends nothing for this long, and cuts one whose reader takes nothing. The
    /// client gives up when nothing came for this long after the first element; the first has the call's own deadline.
    package let idleLimit: Duration
    /// The most time the whole stream gets on the server.
    package let maxDuration: Duration

    package init(
        _ service: String,
        _ name: String,
        _ idempotency: Idempotency,
        maxRequestBytes: Int = 64 * 1024,
        maxElementBytes: Int = 1024 * 1024,
        idleLimit: Duration = .seconds(60),
        maxDuration: Duration = .seconds(15 * 60),
        summary: String = ""
    ) {
        self.service = service
        self.name = name
        self.idempotency = idempotency
        self.maxRequestBytes = maxRequestBytes
        self.maxElementBytes = maxElementBytes
        self.idleLimit = idleLimit
        self.maxDuration = maxDuration
        self.summary = summary
    }

    /// The HTTP path, with its leading slash.
    package var path: String { "/\(service)/\(name)" }
}
