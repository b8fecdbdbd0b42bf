import Foundation

/// A JSON value that keeps a number as the text it was written in, so money never passes through a binary float.
package indirect enum WireValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([WireValue])
    case object([Member])

    /// One name and value of an object, in the order they were sent.
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: WireValue

        package init(_ name: String, _ value: WireValue) {
            self.name = name
            self.value = value
        }
    }
}

extension WireValue {
    /// The value of a member of an object; nil when this is no object or has no such member.
    package subscript(name: String) -> WireValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// An element of an array; nil when this is no array or is too short.
    package subscript(index: Int) -> WireValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number this is; nil for a fraction, an exponent or anything that is no number.
    package var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    package var elements: [WireValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }
}

extension WireValue {
    static func int(_ value: Int) -> WireValue { .number(String(value)) }
    static func euros(_ cents: Int) -> WireValue { .number(Money.text(cents)) }
}

extension WireValue: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, WireValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension WireValue: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension WireValue: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: WireValue...) { self = .array(elements) }
}

// MARK: - On the control API

extension WireValue: Encodable {
    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .number(let text):
            var container = encoder.singleValueContainer()
            try container.encode(Decimal(string: text) ?? .nan)
        case .string(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .object(let members):
            var container = encoder.container(keyedBy: MemberName.self)
            for member in members { try container.encode(member.value, forKey: MemberName(stringValue: member.name)) }
        }
    }

    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
