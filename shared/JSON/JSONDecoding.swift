/// Codable's view of one value of a document.
///
/// This and the containers are small enough to be passed without being put on the heap.
struct JSONDecoding: Decoder {
    let document: JSONDocument
    let index: JSONDocument.Index

    var codingPath: [any CodingKey] { document.path(to: index) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try JSONMembers(document, index))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try JSONElements(document, index)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        self
    }
}

extension JSONDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { document.isNull(at: index) }
    func decode(_ type: Bool.Type) throws -> Bool { try document.bool(at: index) }
    func decode(_ type: String.Type) throws -> String { try document.string(type, at: index) }
    func decode(_ type: Double.Type) throws -> Double { try document.double(type, at: index) }
    func decode(_ type: Float.Type) throws -> Float { try document.float(at: index) }
    func decode(_ type: Int.Type) throws -> Int { try document.integer(type, at: index) }
    func decode(_ type: Int8.Type) throws -> Int8 { try document.integer(type, at: index) }
    func decode(_ type: Int16.Type) throws -> Int16 { try document.integer(type, at: index) }
    func decode(_ type: Int32.Type) throws -> Int32 { try document.integer(type, at: index) }
    func decode(_ type: Int64.Type) throws -> Int64 { try document.integer(type, at: index) }
    func decode(_ type: UInt.Type) throws -> UInt { try document.integer(type, at: index) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try document.integer(type, at: index) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try document.integer(type, at: index) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try document.integer(type, at: index) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try document.integer(type, at: index) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try document.decode(type, at: index) }
}

/// The members of an object.
private struct JSONMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let document: JSONDocument
    private let object: JSONDocument.Index

    init(_ document: JSONDocument, _ index: JSONDocument.Index) throws {
        guard document.nodes[Int(index)].kind == .object else {
            throw document.mismatch([String: Any].self, at: index)
        }
        self.document = document
        object = index
    }

    var codingPath: [any CodingKey] { document.path(to: object) }
    var allKeys: [Key] { document.names(of: object).compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { document.member(key.stringValue, of: object) != nil }

    @inline(__always)
    private func value(_ key: Key) throws -> JSONDocument.Index {
        guard let index = document.member(key.stringValue, of: object) else { throw missing(key) }
        return index
    }

    /// The member's value, where there is one that is not null.
    @inline(__always)
    private func presentValue(_ key: Key) -> JSONDocument.Index? {
        guard let index = document.member(key.stringValue, of: object), !document.isNull(at: index) else { return nil }
        return index
    }

    private func missing(_ key: Key) -> DecodingError {
        .keyNotFound(key, .init(codingPath: codingPath, debugDescription: "no \(key.stringValue)"))
    }

    func decodeNil(forKey key: Key) throws -> Bool { document.isNull(at: try value(key)) }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try document.bool(at: value(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try document.string(type, at: value(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try document.double(type, at: value(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try document.float(at: value(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try document.integer(type, at: value(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try document.integer(type, at: value(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try document.integer(type, at: value(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try document.integer(type, at: value(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try document.integer(type, at: value(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try document.integer(type, at: value(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try document.integer(type, at: value(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try document.integer(type, at: value(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try document.integer(type, at: value(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try document.integer(type, at: value(key)) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try document.decode(type, at: value(key))
    }

    // What is left out is looked for once, not three times as by default. The other types keep the default.

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        guard let index = presentValue(key) else { return nil }
        return try document.bool(at: index)
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        guard let index = presentValue(key) else { return nil }
        return try document.string(type, at: index)
    }

    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        guard let index = presentValue(key) else { return nil }
        return try document.integer(type, at: index)
    }

    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        guard let index = presentValue(key) else { return nil }
        return try document.double(type, at: index)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let index = presentValue(key) else { return nil }
        return try document.decode(type, at: index)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(try JSONMembers<Nested>(document, value(key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try JSONElements(document, value(key))
    }

    func superDecoder() throws -> any Decoder {
        guard let index = document.member("super", of: object) else {
            throw DecodingError.keyNotFound(
                JSONKey(name: "super"),
                .init(codingPath: codingPath, debugDescription: "no super")
            )
        }
        return JSONDecoding(document: document, index: index)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        JSONDecoding(document: document, index: try value(key))
    }
}

/// The elements of an array, one after the other.
private struct JSONElements: UnkeyedDecodingContainer {
    private let document: JSONDocument
    private let array: JSONDocument.Index
    private var next: JSONDocument.Index
    private var position: UInt32 = 0

    init(_ document: JSONDocument, _ index: JSONDocument.Index) throws {
        guard document.nodes[Int(index)].kind == .array else { throw document.mismatch([Any].self, at: index) }
        self.document = document
        array = index
        next = index + 1
    }

    var codingPath: [any CodingKey] { document.path(to: array) }
    var count: Int? { Int(document.nodes[Int(array)].length) }
    var currentIndex: Int { Int(position) }
    var isAtEnd: Bool { next == document.nodes[Int(array)].next }

    /// Reads the element that is next, and goes on to the one behind it if that worked.
    @inline(__always)
    private mutating func element<Value>(
        _ type: Value.Type,
        _ read: (JSONDocument, JSONDocument.Index) throws -> Value
    ) throws -> Value {
        guard !isAtEnd else {
            let path = codingPath + [JSONKey(position: currentIndex)]
            throw DecodingError.valueNotFound(type, .init(codingPath: path, debugDescription: "no more elements"))
        }
        let value = try read(document, next)
        next = document.nodes[Int(next)].next
        position += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, document.isNull(at: next) else {
            if isAtEnd { _ = try element(Never?.self) { _, _ in nil } }
            return false
        }
        return try element(Bool.self) { _, _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try element(type) { try $0.bool(at: $1) } }
    mutating func decode(_ type: String.Type) throws -> String { try element(type) { try $0.string(type, at: $1) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try element(type) { try $0.double(type, at: $1) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try element(type) { try $0.float(at: $1) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    private mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        try element(type) { try $0.integer(type, at: $1) }
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try element(type) { try $0.decode(type, at: $1) }
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try element(KeyedDecodingContainer<Nested>.self) {
            KeyedDecodingContainer(try JSONMembers<Nested>($0, $1))
        }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try element((any UnkeyedDecodingContainer).self) { try JSONElements($0, $1) }
    }

    mutating func superDecoder() throws -> any Decoder {
        try element((any Decoder).self) { JSONDecoding(document: $0, index: $1) }
    }
}
