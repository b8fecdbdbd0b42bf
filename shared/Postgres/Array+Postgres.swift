package import Foundation

/// What can stand in an array parameter or column: a scalar, or an optional one.
package protocol PostgresArrayElement {
    static var postgresArrayType: PostgresType { get }
    static func postgresArrayText(_ elements: [Self]) throws -> String
    static func postgresArray(_ cell: PostgresCell) throws -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.postgresArrayType }

    package func postgresText() throws -> String? {
        try Element.postgresArrayText(self)
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    package init(postgres cell: PostgresCell) throws {
        self = try Element.postgresArray(cell)
    }
}

/// Bytes are no array to PostgreSQL: `[UInt8]` is a `bytea`.
extension UInt8: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .bytea }

    package static func postgresArrayText(_ elements: [UInt8]) -> String {
        Bytea.text(elements)
    }

    package static func postgresArray(_ cell: PostgresCell) throws -> [UInt8] {
        try Bytea.read(cell)
    }
}

// MARK: - One-dimensional arrays of scalars

extension PostgresArrayElement where Self: PostgresEncodable & PostgresDecodable {
    package static func postgresArrayText(_ elements: [Self]) throws -> String {
        try ArrayText.write(elements.map { try $0.postgresText() })
    }

    package static func postgresArray(_ cell: PostgresCell) throws -> [Self] {
        try ArrayText.read(cell) { try Self(postgres: $0) }
    }
}

extension String: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .textArray }
}

extension Int: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .int8Array }
}

extension UUID: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .uuidArray }
}

extension Date: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .timestamptzArray }
}

extension JSON: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .jsonbArray }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement & PostgresEncodable & PostgresDecodable {
    package static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

/// PostgreSQL's text format of an array: `{1,NULL,"a \"b\""}`.
private enum ArrayText {
    static func write(_ elements: [String?]) -> String {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            guard let element else {
                text += "NULL".utf8
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in element.utf8 {
                if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }

    static func read<Element>(
        _ cell: PostgresCell,
        _ decode: (PostgresCell) throws -> Element
    ) throws -> [Element] {
        let text = try cell.bytes()
        guard text.count >= 2, text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") else {
            throw cell.mismatch("\(cell.type), which is no one-dimensional array")
        }
        let type = elementTypes[cell.type] ?? .unknown
        var elements: [Element] = []
        try items(of: text.dropFirst().dropLast(), in: cell) { item in
            guard let item else {
                return elements.append(try decode(PostgresCell(type: type, utf8: nil)))
            }
            try item.withUnsafeBufferPointer { bytes in
                elements.append(try decode(PostgresCell(type: type, utf8: bytes)))
            }
        }
        return elements
    }

    private static func items(
        of text: Slice<UnsafeBufferPointer<UInt8>>,
        in cell: PostgresCell,
        _ body: ([UInt8]?) throws -> Void
    ) throws {
        var item: [UInt8] = []
        var isQuoted = false
        var isInside = false
        var isEscaped = false
        func end() throws {
            try body(!isQuoted && item == Array("NULL".utf8) ? nil : item)
            item.removeAll(keepingCapacity: true)
            isQuoted = false
        }
        for byte in text {
            switch byte {
            case _ where isEscaped:
                item.append(byte)
                isEscaped = false
            case UInt8(ascii: "\\"):
                isEscaped = true
            case UInt8(ascii: "\""):
                isInside.toggle()
                isQuoted = true
            case UInt8(ascii: ",") where !isInside:
                try end()
            case UInt8(ascii: "{") where !isInside:
                throw cell.mismatch("an array of arrays")
            default:
                item.append(byte)
            }
        }
        if !text.isEmpty {
            try end()
        }
    }

    private static let elementTypes: [PostgresType: PostgresType] = [
        .int2Array: .int2, .int4Array: .int4, .int8Array: .int8, .textArray: .text, .uuidArray: .uuid,
        .timestamptzArray: .timestamptz, .jsonbArray: .jsonb,
    ]
}
