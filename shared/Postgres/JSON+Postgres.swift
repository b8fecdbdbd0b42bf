import Foundation
import JSON

/// A value kept as `jsonb`.
///
/// Dates are RFC 3339 in UTC with microseconds, bytes are base64, UUIDs are in lower case.
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
        try JSONWriter(instants: microseconds).text(value)
    }
}

extension JSON: PostgresDecodable {
    package init(postgres cell: PostgresCell) throws {
        let text = try cell.bytes(of: .jsonb, .json)
        do {
            value = try JSONReader(limits: .trusted, instants: microseconds).read(Value.self, from: text)
        } catch {
            throw cell.mismatch("\(cell.type) of another shape")
        }
    }
}

/// Instants as PostgreSQL keeps them.
private let microseconds = JSONInstants(
    accepted: "an RFC 3339 instant",
    read: { Timestamp.date($0) },
    write: { date, room in
        guard let text = Timestamp.text(date, separator: "T", zone: "Z") else { return nil }
        _ = room.update(fromContentsOf: text.utf8)
        return text.utf8.count
    }
)

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
