/// A request as the register remembers it.
package struct ReceivedRequest: Encodable, Sendable {
    package var seq: Int
    /// When, as RFC 3339 in UTC.
    package var at: String
    /// The last part of the path, whatever it was.
    package var endpoint: String
    package var method: String
    package var path: String
    package var query: String?
    package var headers: [ReceivedHeader]
    /// The `request-id`, when it was a new UUID.
    package var requestId: String?
    /// The body, decrypted and parsed; nil for a GET, or when that failed.
    package var body: WireValue?
    /// The decrypted body by the letter.
    package var bodyText: String?
    /// The rule it broke, if any.
    package var violation: WireViolation.Rule?
    /// The fault it met, if any.
    package var fault: RegisterFault.Kind?
    /// Why the register said no, if it did.
    package var refusal: String?
}
