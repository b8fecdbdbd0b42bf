/// Codable's view of one value that is due.
///
/// This and the containers are small enough to be passed without being put on the heap.
struct JSONEncoding: Encoder {
    let output: JSONOutput
    /// How much was open when the value was due.
    let depth: Int
    /// Where its text begins.
    let start: Int

    var codingPath: [any CodingKey] { output.path(toDepth: depth) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONMembersOutput(output: output, place: place(isObject: true)))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONElementsOutput(output: output, place: place(isObject: false))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        self
    }

    private func place(isObject: Bool) -> JSONOutput.Place {
        output.count == start ? output.open(isObject: isObject) : output.opened(at: depth, isObject: isObject)
    }

    @inline(__always)
    private func begin(_ value: Any) throws {
        guard output.count == start else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: codingPath, debugDescription: "the value was written before")
            )
        }
    }
}

extension JSONEncoding: SingleValueEncodingContainer {
    func encodeNil() throws {
        try begin(())
        output.writeNull()
    }

    func encode(_ value: Bool) throws {
        try begin(value)
        output.write(value)
    }

    func encode(_ value: String) throws {
        try begin(value)
        output.write(value)
    }

    func encode(_ value: Double) throws {
        try begin(value)
        try output.write(value)
    }

    func encode(_ value: Float) throws {
        try begin(value)
        try output.write(value)
    }

    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }

    private func integer(_ value: some FixedWidthInteger) throws {
        try begin(value)
        output.write(value)
    }

    func encode(_ value: some Encodable) throws {
        try begin(value)
        try output.encode(value)
    }
}

/// The members of an object that is open.
private struct JSONMembersOutput<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: JSONOutput
    let place: JSONOutput.Place

    var codingPath: [any CodingKey] { output.path(to: place) }

    func encodeNil(forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        output.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        output.write(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        output.write(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        try output.write(value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        try output.write(value)
    }

    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }

    private func integer(_ value: some FixedWidthInteger, _ key: Key) throws {
        try output.name(key.stringValue, in: place)
        output.write(value)
    }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        try output.name(key.stringValue, in: place)
        try output.encode(value)
    }

    // By default what may be absent goes through two more generic calls.

    func encodeIfPresent(_ value: String?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    func encodeIfPresent(_ value: Int?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    // These cannot throw: what cannot be begun gets a place that refuses all that is written to it.

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        let nested = output.nested(key.stringValue, in: place, isObject: true)
        return KeyedEncodingContainer(JSONMembersOutput<Nested>(output: output, place: nested))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        JSONElementsOutput(output: output, place: output.nested(key.stringValue, in: place, isObject: false))
    }

    func superEncoder() -> any Encoder { output.encoder(under: "super", in: place) }
    func superEncoder(forKey key: Key) -> any Encoder { output.encoder(under: key.stringValue, in: place) }
}

/// The elements of an array that is open.
private struct JSONElementsOutput: UnkeyedEncodingContainer {
    let output: JSONOutput
    let place: JSONOutput.Place

    var codingPath: [any CodingKey] { output.path(to: place) }
    var count: Int { output.elements(in: place) }

    func encodeNil() throws {
        try output.element(in: place)
        output.writeNull()
    }

    func encode(_ value: Bool) throws {
        try output.element(in: place)
        output.write(value)
    }

    func encode(_ value: String) throws {
        try output.element(in: place)
        output.write(value)
    }

    func encode(_ value: Double) throws {
        try output.element(in: place)
        try output.write(value)
    }

    func encode(_ value: Float) throws {
        try output.element(in: place)
        try output.write(value)
    }

    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }

    private func integer(_ value: some FixedWidthInteger) throws {
        try output.element(in: place)
        output.write(value)
    }

    func encode(_ value: some Encodable) throws {
        try output.element(in: place)
        try output.encode(value)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        let nested = output.nested(nil, in: place, isObject: true)
        return KeyedEncodingContainer(JSONMembersOutput<Nested>(output: output, place: nested))
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONElementsOutput(output: output, place: output.nested(nil, in: place, isObject: false))
    }

    func superEncoder() -> any Encoder { output.encoder(under: nil, in: place) }
}
