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
            // No byte of JSON is zero, in UTF-8. Foundation takes UTF-16 too, which the limits do not understand.
            guard !body.contains(0) else { throw RPCError.malformedJSON }
            return try decoder().decode(type, from: body)
        } catch let violation as BoundedJSON.Violation {
            throw RPCError(violation)
        } catch let error as DecodingError {
            throw RPCError(error, in: body)
        } catch {
            throw .malformedJSON
        }
    }

    /// A decoder for messages that come from our own database or another service of ours.
    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = RFC3339.date(text) else {
                throw Unacceptable("an RFC 3339 instant such as 2026-03-01T18:30:00Z").at(container.codingPath)
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

    static let malformedJSON = RPCError(
        .invalidArgument,
        "The body is not JSON. Send one JSON object as UTF-8.",
        reason: "malformed_json",
        nextAction: .fixRequest
    )

    init(_ error: DecodingError, in body: Data) {
        switch error {
        case .typeMismatch(let type, let context):
            self = .invalid([FieldProblem(context.field, "has the wrong type", accepted: accepted(type))])
        case .valueNotFound(let type, let context):
            self = .invalid([FieldProblem(context.field, "is null", accepted: accepted(type))])
        case .keyNotFound(let key, let context):
            self = .invalid([FieldProblem(context.field(appending: key), "is missing")])
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            // Foundation says the same of a text that is no JSON and of a number that does not fit its field.
            let number = WholeNumbers.firstOther(in: body)
            self =
                number.map { .invalid([FieldProblem(render($0), "does not fit", accepted: "a whole number")]) }
                ?? .malformedJSON
        case .dataCorrupted(let context):
            self = .invalid([FieldProblem(context.field, "is not accepted", accepted: context.accepted)])
        @unknown default:
            self = .malformedJSON
        }
    }
}

/// What a field would have taken instead of what it was given.
struct Unacceptable: Error {
    let accepted: String

    init(_ accepted: String) {
        self.accepted = accepted
    }

    func at(_ path: [any CodingKey]) -> DecodingError {
        .dataCorrupted(.init(codingPath: path, debugDescription: "must be \(accepted)", underlyingError: self))
    }
}

/// Reads any JSON and stops at the first number that is not a whole one of 64 bits.
private struct WholeNumbers: Decodable {
    private struct Other: Error {
        let path: [any CodingKey]
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    static func firstOther(in body: Data) -> [any CodingKey]? {
        do {
            _ = try JSONDecoder().decode(WholeNumbers.self, from: body)
            return nil
        } catch {
            return (error as? Other)?.path
        }
    }

    init(from decoder: any Decoder) throws {
        do {
            _ = try decoder.singleValueContainer().decode(Int.self)
        } catch is DecodingError {
            // Something else than a number.
            try Self.descend(into: decoder)
        } catch {
            throw Other(path: decoder.codingPath)
        }
    }

    private static func descend(into decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: Key.self) {
            for key in members.allKeys { _ = try members.decode(WholeNumbers?.self, forKey: key) }
        } else if var elements = try? decoder.unkeyedContainer() {
            while !elements.isAtEnd { _ = try elements.decode(WholeNumbers?.self) }
        }
    }
}

private func accepted(_ type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
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

    fileprivate var accepted: String? {
        if let refusal = underlyingError as? Unacceptable { return refusal.accepted }
        // Foundation names the type only in its text. It decides nothing here but the words.
        return debugDescription.contains("UUID") ? "a UUID" : nil
    }
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
