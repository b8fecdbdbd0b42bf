import Foundation

/// A JSON text that was found to be one, with a tape of what stands where.
///
/// The tape holds a node for every value and every member's name, in the order of the text. A value is made from its
/// node when it is asked for, and not before. Where an error has to say where it is, the path is found by walking the
/// tape from its root, so that reading keeps no path.
final class JSONDocument {
    typealias Index = UInt32

    static let root: Index = 0

    let instants: JSONInstants
    /// A copy of the text: a decoder may outlive the call that it was made in.
    let text: UnsafeMutableBufferPointer<UInt8>
    let nodes: UnsafeMutableBufferPointer<Node>

    /// Throws `JSONRefusal`.
    init(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits, instants: JSONInstants) throws {
        let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        UnsafeMutableRawBufferPointer(text).copyMemory(from: bytes)
        do {
            var parser = JSONParser(UnsafeBufferPointer(text), limits: limits)
            nodes = try parser.parse()
        } catch {
            text.deallocate()
            throw error
        }
        self.text = text
        self.instants = instants
    }

    deinit {
        nodes.deallocate()
        text.deallocate()
    }

    /// One value, or one member's name.
    struct Node {
        enum Kind: UInt8 {
            case object, array, string, number, yes, no, null
            /// A member's name; its value is the next node.
            case name
            /// The name of a member that stood there before.
            case repeatedName
        }

        var kind: Kind
        var hasEscapes = false
        /// Where its text begins: of a string behind the quote.
        ///
        /// Of an object the member that is looked at first when the next one is asked for.
        var start: UInt32
        /// The length of its text; of an object or array how many members or elements it has.
        var length: UInt32
        /// The node behind it and all that is in it; of a name the one behind its value.
        var next: Index
    }

    // MARK: Members

    /// The value of a member.
    func member(_ name: String, of object: Index) -> Index? {
        var name = name
        return name.withUTF8 { member($0, of: object) }
    }

    private func member(_ name: UnsafeBufferPointer<UInt8>, of object: Index) -> Index? {
        let end = nodes[Int(object)].next
        let first = object + 1
        guard first < end else { return nil }
        let start = nodes[Int(object)].start
        var index = start
        repeat {
            if self.name(at: index, is: name) {
                let next = nodes[Int(index)].next
                nodes[Int(object)].start = next < end ? next : first
                return index + 1
            }
            index = nodes[Int(index)].next
            if index == end { index = first }
        } while index != start
        return nil
    }

    @inline(__always)
    private func name(at index: Index, is name: UnsafeBufferPointer<UInt8>) -> Bool {
        let node = nodes[Int(index)]
        guard node.kind == .name else { return false }
        if node.hasEscapes { return string(at: index).utf8.elementsEqual(name) }
        guard Int(node.length) == name.count, let wanted = name.baseAddress, let text = text.baseAddress else {
            return Int(node.length) == name.count
        }
        return memcmp(text + Int(node.start), wanted, name.count) == 0
    }

    /// The names of an object's members, in the order of the text.
    func names(of object: Index) -> [String] {
        var names: [String] = []
        var index = object + 1
        while index < nodes[Int(object)].next {
            if nodes[Int(index)].kind == .name { names.append(string(at: index)) }
            index = nodes[Int(index)].next
        }
        return names
    }

    // MARK: Where a value stands

    /// The way from the root to a value.
    func path(to target: Index) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var index = Self.root
        while index < target {
            var child = index + 1
            var position = 0
            while nodes[Int(child)].next <= target {
                child = nodes[Int(child)].next
                position += 1
            }
            if nodes[Int(index)].kind == .object {
                path.append(JSONKey(name: string(at: child)))
                index = child + 1
            } else {
                path.append(JSONKey(position: position))
                index = child
            }
        }
        return path
    }

    // MARK: Values

    func isNull(at index: Index) -> Bool {
        nodes[Int(index)].kind == .null
    }

    func decode<Value: Decodable>(_ type: Value.Type, at index: Index) throws -> Value {
        // Each cast is to the type that was just found to be the same; `as?` would ask the runtime again.
        if type == UUID.self { return unsafeBitCast(try uuid(at: index), to: Value.self) }
        if type == Date.self { return unsafeBitCast(try date(at: index), to: Value.self) }
        if type == Data.self { return unsafeBitCast(try data(at: index), to: Value.self) }
        if type == URL.self { return unsafeBitCast(try url(at: index), to: Value.self) }
        return try Value(from: JSONDecoding(document: self, index: index))
    }

    func bool(at index: Index) throws -> Bool {
        switch nodes[Int(index)].kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self, at: index)
        }
    }

    func string(_ type: String.Type, at index: Index) throws -> String {
        guard nodes[Int(index)].kind == .string else { throw mismatch(type, at: index) }
        guard nodes[Int(index)].hasEscapes else { return string(at: index) }
        let text = string(at: index)
        guard !text.utf8.contains(0) else {
            throw Unacceptable("a text without U+0000", problem: "holds a NUL").at(path(to: index))
        }
        return text
    }

    func integer<Value: FixedWidthInteger>(_ type: Value.Type, at index: Index) throws -> Value {
        guard nodes[Int(index)].kind == .number else { throw mismatch(type, at: index) }
        guard let value: Value = JSONNumber(bytes(at: index)).integer() else {
            throw Unacceptable("a whole number", problem: "does not fit").at(path(to: index))
        }
        return value
    }

    func double(_ type: any BinaryFloatingPoint.Type, at index: Index) throws -> Double {
        guard nodes[Int(index)].kind == .number else { throw mismatch(type, at: index) }
        guard let value = JSONNumber(bytes(at: index)).double() else {
            throw Unacceptable("a number", problem: "does not fit").at(path(to: index))
        }
        return value
    }

    func float(at index: Index) throws -> Float {
        let value = Float(try double(Float.self, at: index))
        guard value.isFinite else { throw Unacceptable("a number", problem: "does not fit").at(path(to: index)) }
        return value
    }

    private func uuid(at index: Index) throws -> UUID {
        guard nodes[Int(index)].kind == .string else { throw mismatch(String.self, at: index) }
        guard let value = resolved(at: index, { UUID(text: $0) }) else {
            throw Unacceptable("a UUID").at(path(to: index))
        }
        return value
    }

    private func date(at index: Index) throws -> Date {
        guard nodes[Int(index)].kind == .string else { throw mismatch(String.self, at: index) }
        guard let value = resolved(at: index, instants.read) else {
            throw Unacceptable(instants.accepted).at(path(to: index))
        }
        return value
    }

    /// What is made from the bytes of a string without its escapes.
    private func resolved<Value>(at index: Index, _ make: (UnsafeBufferPointer<UInt8>) -> Value?) -> Value? {
        guard nodes[Int(index)].hasEscapes else { return make(bytes(at: index)) }
        var text = string(at: index)
        return text.withUTF8(make)
    }

    private func data(at index: Index) throws -> Data {
        guard let value = Data(base64Encoded: try string(String.self, at: index)) else {
            throw Unacceptable("base64").at(path(to: index))
        }
        return value
    }

    private func url(at index: Index) throws -> URL {
        guard let value = URL(string: try string(String.self, at: index)) else {
            throw Unacceptable("a URL").at(path(to: index))
        }
        return value
    }

    /// The error for a value of another kind than was asked for.
    func mismatch(_ type: any Any.Type, at index: Index) -> DecodingError {
        let context = DecodingError.Context(codingPath: path(to: index), debugDescription: "not \(type)")
        return isNull(at: index) ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    // MARK: Text

    @inline(__always)
    private func bytes(at index: Index) -> UnsafeBufferPointer<UInt8> {
        let node = nodes[Int(index)]
        return UnsafeBufferPointer(rebasing: text[Int(node.start)..<Int(node.start + node.length)])
    }

    /// What a string or name says.
    func string(at index: Index) -> String {
        let bytes = bytes(at: index)
        guard nodes[Int(index)].hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: bytes.count) { JSONEscapes.resolve(bytes, into: $0) }
    }
}

/// A step of a path: a member's name or an element's place.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(name: String) {
        stringValue = name
        intValue = nil
    }

    init(position: Int) {
        stringValue = String(position)
        intValue = position
    }

    init(stringValue: String) { self.init(name: stringValue) }
    init(intValue: Int) { self.init(position: intValue) }
}

extension UUID {
    /// Reads the usual 36 characters, in either case.
    init?(text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 36 else { return nil }
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isRead = withUnsafeMutableBytes(of: &bytes) { bytes in
            var at = 0
            for byte in 0..<16 {
                if byte == 4 || byte == 6 || byte == 8 || byte == 10 {
                    guard text[at] == UInt8(ascii: "-") else { return false }
                    at += 1
                }
                guard let high = text[at].hexDigit, let low = text[at + 1].hexDigit else { return false }
                bytes[byte] = high << 4 | low
                at += 2
            }
            return true
        }
        guard isRead else { return nil }
        self.init(uuid: bytes)
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}
