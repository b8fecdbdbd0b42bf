import Foundation

/// A value kept as `jsonb`.
///
/// Dates are RFC 3339 in UTC with microseconds, bytes are base64, keys are sorted.
package struct JSON<Value: Codable> {
    package var value: Value

    package init(_ value: Value) {
        self.value = value
    }
}

extension JSON: Sendable where Value: Sendable {}
extension JSON: Equatable where Value: Equatable {}

extension JSON: PostgresEncodable {
    package static var postgresType: PostgresType { .jsonb }

    package func postgresText() throws -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            guard let text = Timestamp.text(date, separator: "T", zone: "Z") else {
                throw PostgresCell.Mismatch(found: "an instant PostgreSQL cannot hold")
            }
            try container.encode(text)
        }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension JSON: PostgresDecodable {
    package init(postgres cell: PostgresCell) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = Timestamp.date(try container.decode(String.self).utf8) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no RFC 3339 instant")
            }
            return date
        }
        let text = try cell.bytes(of: .jsonb, .json)
        do {
            value = try decoder.decode(Value.self, from: Data(text))
        } catch {
            throw cell.mismatch("\(cell.type) of another shape")
        }
    }
}

/// JSON that is kept, or read, as it is written.
///
/// `jsonb` does not keep spaces or the order of keys.
package struct JSONText: Sendable, Hashable {
    package var text: String

    package init(_ text: String) {
        self.text = text
    }
}

extension JSONText: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .jsonb }

    package func postgresText() -> String? {
        text
    }

    package init(postgres cell: PostgresCell) throws {
        text = String(decoding: try cell.bytes(of: .jsonb, .json), as: UTF8.self)
    }
}
