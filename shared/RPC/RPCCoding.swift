package import Foundation
package import JSON

/// How messages become JSON and back: RFC 3339 instants, and decoding errors that name the field.
package enum RPCCoding {
    package static func encode(_ message: some Encodable) throws -> Data {
        try JSONWriter(instants: instants).write(message)
    }

    /// Decodes a message, or throws `invalid_argument` with the field that is wrong.
    package static func decode<Message: Decodable>(
        _ type: Message.Type,
        from body: some ContiguousBytes,
        limits: JSONLimits = JSONLimits()
    ) throws(RPCError) -> Message {
        do {
            return try JSONReader(limits: limits, instants: instants).read(type, from: body)
        } catch let refusal as JSONRefusal {
            throw RPCError(refusal)
        } catch let error as DecodingError {
            throw RPCError(error)
        } catch {
            throw .malformedJSON
        }
    }

    /// Decodes what another service of ours answered.
    ///
    /// Throws `JSONRefusal` or `DecodingError`.
    package static func decodeAnswer<Message: Decodable>(
        _ type: Message.Type,
        from body: some ContiguousBytes
    ) throws -> Message {
        try JSONReader(limits: .trusted, instants: instants).read(type, from: body)
    }

    private static let instants = JSONInstants(
        accepted: "an RFC 3339 instant such as 2026-03-01T18:30:00Z",
        read: { RFC3339.date($0) },
        write: { RFC3339.write($0, to: $1) }
    )
}

extension RPCError {
    init(_ refusal: JSONRefusal) {
        switch refusal {
        case .malformed:
            self = .malformedJSON
        case .tooDeep(let limit):
            self = .invalid(
                [FieldProblem("body", "is nested too deep", accepted: "at most \(limit) levels")],
                reason: "body_too_complex"
            )
        case .tooManyElements(let limit):
            self = .invalid(
                [FieldProblem("body", "has too many elements", accepted: "at most \(limit)")],
                reason: "body_too_complex"
            )
        }
    }

    static let malformedJSON = RPCError(
        .invalidArgument,
        "The body is not JSON. Send one JSON object as UTF-8.",
        reason: "malformed_json",
        nextAction: .fixRequest
    )

    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(let type, let context):
            self = .invalid([FieldProblem(context.field, "has the wrong type", accepted: accepted(type))])
        case .valueNotFound(let type, let context):
            self = .invalid([FieldProblem(context.field, "is null", accepted: accepted(type))])
        case .keyNotFound(let key, let context):
            self = .invalid([FieldProblem(context.field(appending: key), "is missing")])
        case .dataCorrupted(let context):
            let refusal = context.underlyingError as? Unacceptable
            self = .invalid([
                FieldProblem(context.field, refusal?.problem ?? "is not accepted", accepted: refusal?.accepted)
            ])
        @unknown default:
            self = .malformedJSON
        }
    }
}

private func accepted(_ type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "an array"
    default: "an object"
    }
}

extension DecodingError.Context {
    fileprivate var field: String { render(codingPath) }
    fileprivate func field(appending key: any CodingKey) -> String { render(codingPath + [key]) }
}

/// A path as callers write it: `items[2].quantity`.
private func render(_ path: [any CodingKey]) -> String {
    let text = path.reduce(into: "") { text, key in
        if let index = key.intValue {
            text += "[\(index)]"
        } else {
            text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
    return text.isEmpty ? "body" : text
}
