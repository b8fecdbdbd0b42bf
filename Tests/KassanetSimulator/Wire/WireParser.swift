/// Why a text is not JSON as the wire wants it.
struct NotJSON: Error, Equatable {
    let reason: String
    let offset: Int
}

/// Reads JSON by the letter: no duplicate names, no lone surrogates, nothing after the value, bounded depth.
struct WireParser {
    private let bytes: [UInt8]
    private var position = 0
    private static let deepest = 32

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The one value that these bytes spell.
    static func parse(_ bytes: [UInt8]) throws(NotJSON) -> WireValue {
        var parser = WireParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.wrong("text after the value") }
        return value
    }

    private func wrong(_ reason: String) -> NotJSON { NotJSON(reason: reason, offset: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) throws(NotJSON) -> WireValue {
        guard depth < Self.deepest else { throw wrong("nested too deep") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        default: break
        }
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        if take(word: "null") { return .null }
        return .number(try number())
    }

    private mutating func object(depth: Int) throws(NotJSON) -> WireValue {
        position += 1
        var members: [WireValue.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw wrong("a name was expected") }
            let name = try string()
            guard !members.contains(where: { $0.name == name }) else { throw wrong("\(name) twice") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw wrong("a colon was expected") }
            members.append(.init(name, try value(depth: depth + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw wrong("an object does not end") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(NotJSON) -> WireValue {
        position += 1
        var elements: [WireValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw wrong("an array does not end") }
        return .array(elements)
    }

    private mutating func number() throws(NotJSON) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(NotJSON) {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw wrong("a value was expected") }
    }

    private mutating func string() throws(NotJSON) -> String {
        position += 1
        var units: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else { throw wrong("a text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                units += Array(String(try escaped()).utf8)
            case 0..<0x20:
                throw wrong("a control character in a text")
            default:
                units.append(byte)
            }
        }
        throw wrong("a text does not end")
    }

    private mutating func escaped() throws(NotJSON) -> Unicode.Scalar {
        guard let byte = current else { throw wrong("a text does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedUnit()
        default: throw wrong("an escape nobody knows")
        }
    }

    private mutating func escapedUnit() throws(NotJSON) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(word: "\\u") else { throw wrong("half a surrogate pair") }
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw wrong("half a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(NotJSON) -> UInt32 {
        guard position + 4 <= bytes.count else { throw wrong("a text does not end") }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
            throw wrong("an escape that is not hexadecimal")
        }
        position += 4
        return value
    }
}
