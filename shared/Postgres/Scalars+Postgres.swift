package import Foundation

extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .unknown }

    package func postgresText() -> String? {
        self
    }

    /// Reads any type: enums, names, numbers and jsonb all have a text.
    package init(postgres cell: PostgresCell) throws {
        self = try cell.text()
    }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }

    package func postgresText() -> String? {
        self ? "t" : "f"
    }

    package init(postgres cell: PostgresCell) throws {
        self = try cell.bytes(of: .bool).first == UInt8(ascii: "t")
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }

    package func postgresText() -> String? {
        String(self)
    }

    package init(postgres cell: PostgresCell) throws {
        self = try Self.read(cell.bytes(of: .int8, .int4, .int2), cell)
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }

    package func postgresText() -> String? {
        String(self)
    }

    package init(postgres cell: PostgresCell) throws {
        self = try Self.read(cell.bytes(of: .int8, .int4, .int2), cell)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int4 }

    package func postgresText() -> String? {
        String(self)
    }

    package init(postgres cell: PostgresCell) throws {
        self = try Self.read(cell.bytes(of: .int4, .int2), cell)
    }
}

extension FixedWidthInteger {
    fileprivate static func read(_ bytes: UnsafeBufferPointer<UInt8>, _ cell: PostgresCell) throws -> Self {
        guard let value = Self(String(decoding: bytes, as: UTF8.self)) else {
            throw cell.mismatch("\(cell.type) out of range")
        }
        return value
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float8 }

    package func postgresText() -> String? {
        // PostgreSQL writes these out; Swift's own spellings happen to be read, but are not promised.
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        return description
    }

    package init(postgres cell: PostgresCell) throws {
        let text = String(decoding: try cell.bytes(of: .float8, .float4, .numeric), as: UTF8.self)
        guard let value = Double(text) else {
            throw cell.mismatch("an unreadable \(cell.type)")
        }
        self = value
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }

    package func postgresText() -> String? {
        uuidString
    }

    package init(postgres cell: PostgresCell) throws {
        let text = String(decoding: try cell.bytes(of: .uuid), as: UTF8.self)
        guard let value = UUID(uuidString: text) else {
            throw cell.mismatch("an unreadable uuid")
        }
        self = value
    }
}
