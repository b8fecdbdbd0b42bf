import Foundation

/// What a type asked its decoder for.
final class SchemaRecord {
    struct Property {
        var name: String
        var schema: OrderedJSON
        var isOptional: Bool
    }

    var properties: [Property] = []
    /// The schema of a type that is one value and no object.
    var single: OrderedJSON?
}

/// A decoder without a text: it answers every question with a stand-in, and writes the question down.
struct SchemaRecorder: Decoder {
    let book: SchemaBook
    let record: SchemaRecord
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members(book: book, record: record))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw SchemaError("A message takes a list apart by itself; declare a member of a list type instead.")
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        Single(book: book, record: record)
    }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let book: SchemaBook
    let record: SchemaRecord
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    /// Asked only for a member that may be missing, just before it is decoded.
    func contains(_ key: Key) -> Bool {
        note(key.stringValue) { $0.isOptional = true }
        return true
    }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let schema = try book.schema(of: type)
        note(key.stringValue) { $0.schema = schema }
        return try book.standIn(type)
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try plain(type, key, false) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try plain(type, key, "") }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try plain(type, key, 0) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try plain(type, key, 0) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try plain(type, key, 0) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try plain(type, key, 0) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try plain(type, key, 0) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try plain(type, key, 0) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try plain(type, key, 0) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try plain(type, key, 0) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try plain(type, key, 0) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try plain(type, key, 0) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try plain(type, key, 0) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try plain(type, key, 0) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        throw SchemaError("\(key.stringValue) is taken apart inside another message; declare a type for it.")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw SchemaError("\(key.stringValue) is taken apart inside another message; declare a type for it.")
    }

    func superDecoder() throws -> any Decoder { throw SchemaError("Messages do not inherit.") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw SchemaError("Messages do not inherit.") }

    private func plain<Value: Decodable>(_ type: Value.Type, _ key: Key, _ value: Value) throws -> Value {
        let schema = try book.schema(of: type)
        note(key.stringValue) { $0.schema = schema }
        return value
    }

    private func note(_ name: String, _ change: (inout SchemaRecord.Property) -> Void) {
        if let index = record.properties.firstIndex(where: { $0.name == name }) {
            change(&record.properties[index])
        } else {
            var property = SchemaRecord.Property(name: name, schema: [:], isOptional: false)
            change(&property)
            record.properties.append(property)
        }
    }
}

private struct Single: SingleValueDecodingContainer {
    let book: SchemaBook
    let record: SchemaRecord
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        record.single = try book.schema(of: type)
        return try book.standIn(type)
    }

    func decode(_ type: Bool.Type) throws -> Bool { try plain(type, false) }
    func decode(_ type: String.Type) throws -> String { try plain(type, "") }
    func decode(_ type: Double.Type) throws -> Double { try plain(type, 0) }
    func decode(_ type: Float.Type) throws -> Float { try plain(type, 0) }
    func decode(_ type: Int.Type) throws -> Int { try plain(type, 0) }
    func decode(_ type: Int8.Type) throws -> Int8 { try plain(type, 0) }
    func decode(_ type: Int16.Type) throws -> Int16 { try plain(type, 0) }
    func decode(_ type: Int32.Type) throws -> Int32 { try plain(type, 0) }
    func decode(_ type: Int64.Type) throws -> Int64 { try plain(type, 0) }
    func decode(_ type: UInt.Type) throws -> UInt { try plain(type, 0) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try plain(type, 0) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try plain(type, 0) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try plain(type, 0) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try plain(type, 0) }

    private func plain<Value: Decodable>(_ type: Value.Type, _ value: Value) throws -> Value {
        record.single = try book.schema(of: type)
        return value
    }
}
