/// A value that can be a parameter of a ``Query``.
///
/// A type whose raw value is one needs no more than the conformance:
/// `extension OrderState: PostgresEncodable, PostgresDecodable {}`.
package protocol PostgresEncodable {
    /// The type the parameter is declared with; `.unknown` lets the server infer it.
    static var postgresType: PostgresType { get }

    /// The value in PostgreSQL's text format; `nil` is NULL.
    func postgresText() throws -> String?
}

/// A value that can be read from a column.
package protocol PostgresDecodable {
    /// Reads a column's value, NULL included.
    ///
    /// - Throws: ``PostgresCell/Mismatch``, which becomes a `.decoding` error that names the column.
    init(postgres cell: PostgresCell) throws
}

package typealias PostgresCodable = PostgresEncodable & PostgresDecodable

/// A parameter as it is sent.
struct PostgresBinding: Sendable {
    let type: PostgresType
    let value: Value

    enum Value: Sendable {
        case null
        case text(String)
        /// Interpolation cannot throw, so a value that has no text fails when the query is run.
        case unencodable(String)
    }

    init<Encodable: PostgresEncodable>(_ encodable: Encodable) {
        type = Encodable.postgresType
        do {
            value = try encodable.postgresText().map(Value.text) ?? .null
        } catch {
            value = .unencodable("\(Encodable.self)")
        }
    }
}

/// One value of an answer, before it is decoded.
///
/// Valid only inside `init(postgres:)`.
package struct PostgresCell {
    package let type: PostgresType
    /// The value's text as UTF-8; `nil` is NULL.
    package let utf8: UnsafeBufferPointer<UInt8>?

    /// Why a cell is not the asked-for type; quotes no data.
    package struct Mismatch: Error {
        let found: String
    }

    package func mismatch(_ found: String) -> Mismatch {
        Mismatch(found: found)
    }

    /// The bytes of a value that must not be NULL and must have one of the types, where any are given.
    package func bytes(of types: PostgresType...) throws -> UnsafeBufferPointer<UInt8> {
        guard let utf8 else {
            throw Mismatch(found: "NULL")
        }
        guard types.isEmpty || types.contains(type) else {
            throw Mismatch(found: "\(type)")
        }
        return utf8
    }

    /// The text of a value that must not be NULL.
    package func text() throws -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }
}

// MARK: - Wrappers

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }

    package func postgresText() throws -> String? {
        try self?.postgresText()
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package init(postgres cell: PostgresCell) throws {
        self = cell.utf8 == nil ? nil : try Wrapped(postgres: cell)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }

    package func postgresText() throws -> String? {
        try rawValue.postgresText()
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package init(postgres cell: PostgresCell) throws {
        guard let value = Self(rawValue: try RawValue(postgres: cell)) else {
            throw cell.mismatch("a value that is none of its cases")
        }
        self = value
    }
}
