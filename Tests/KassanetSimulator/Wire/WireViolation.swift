/// One liberty that a caller took with the wire; a test asserts that there are none.
package struct WireViolation: Codable, Sendable, Equatable {
    package var seq: Int
    /// When, as RFC 3339 in UTC.
    package var at: String
    /// The last part of the path, whatever it was.
    package var endpoint: String
    package var rule: Rule
    package var detail: String

    /// The rules of the wire page that the register insists on.
    package enum Rule: String, Codable, Sendable, CaseIterable {
        /// The bytes were no HTTP/1.1 request.
        case http
        case path
        case method
        case query
        case contentType = "content_type"
        case requestID = "request_id"
        /// A `request-id` that was used before.
        case requestIDRepeated = "request_id_repeated"
        case dateForm = "date_form"
        case dateWindow = "date_window"
        case signature
        /// A body on a GET, or none on a POST.
        case bodyPresence = "body_presence"
        case bodyNotASCII = "body_not_ascii"
        /// Not base64, or not a whole number of cipher blocks.
        case bodyEncoding = "body_encoding"
        case padding
        case json
        /// A field that is missing, unknown or of another type.
        case shape
    }
}

extension WireViolation.Rule {
    /// The HTTP status that a request is turned away with.
    var status: Int {
        switch self {
        case .path, .method: 404
        case .dateForm, .dateWindow, .signature: 401
        case .http, .query, .contentType, .requestID, .requestIDRepeated, .bodyPresence, .bodyNotASCII, .bodyEncoding,
            .padding, .json, .shape:
            400
        }
    }
}
