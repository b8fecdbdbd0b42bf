package import Foundation

/// How messages become JSON and back: RFC 3339 instants, and decoding errors that name the field.
package enum RPCCoding {
    package static func encode(_ message: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(RFC3339.text(date))
        }
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return try encoder.encode(message)
    }

    /// Decodes a message, or throws `invalid_argument` with the field that is wrong.
    package static func decode<Message: Decodable>(
        _ type: Message.Type,
        from body: Data,
        limits: BoundedJSON = BoundedJSON()
    ) throws(RPCError) -> Message {
        do {
            try limits.check(body)
            return try decoder().decode(type, from: body)
        } catch let violation as BoundedJSON.Violation {
            throw RPCError(violation)
        } catch let error as DecodingError {
            throw RPCError(error)
        } catch {
            throw RPCError(.invalidArgument, "The body is not JSON.", reason: "malformed_json", nextAction: .fixRequest)
        }
    }

    /// A decoder for messages that come from our own database or another service of ours.
    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = RFC3339.date(text) else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "must be an RFC 3339 instant such as 2026-03-01T18:30:00Z"
                )
            }
            return date
        }
        return decoder
    }
}

extension RPCError {
    package init(_ violation: BoundedJSON.Violation) {
        switch violation {
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

    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(let type, let context):
            self = .invalid([FieldProblem(context.field, "has the wrong type", accepted: accepted(type))])
        case .valueNotFound(let type, let context):
            self = .invalid([FieldProblem(context.field, "is null", accepted: accepted(type))])
        case .keyNotFound(let key, let context):
            self = .invalid([FieldProblem(context.field(appending: key), "is missing")])
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self.init(
                .invalidArgument,
                "The body is not JSON. Send one JSON object as UTF-8.",
                reason: "malformed_json",
                nextAction: .fixRequest
            )
        case .dataCorrupted(let context):
            self = .invalid([FieldProblem(context.field, context.debugDescription)])
        @unknown default:
            self.init(.invalidArgument, "The body could not be read.", reason: "malformed_json", nextAction: .fixRequest)
        }
    }
}

private func accepted(_ type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is Date.Type: "an RFC 3339 instant"
    case is [Any].Type: "an array"
    default: "an object"
    }
}

extension DecodingError.Context {
    fileprivate var field: String { render(codingPath) }
    fileprivate func field(appending key: any CodingKey) -> String { render(codingPath + [key]) }

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
}
