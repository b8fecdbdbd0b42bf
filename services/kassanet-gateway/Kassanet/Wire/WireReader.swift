/// Reads JSON from a register: untrusted, so bounded in size, depth and number of values (architecture page, What comes
/// from outside).
///
/// Numbers keep their spelling. Bytes that are no UTF-8 and half surrogates inside a text become U+FFFD, because one
/// badly encoded product name must not make a whole answer unreadable; outside of texts they are an error.
struct WireReader {
    struct Limits: Sendable {
        var bytes = 8 * 1024 * 1024
        var depth = 64
        var values = 2_000_000
    }

    enum Failure: Error, Sendable, Equatable {
        case tooLarge
        case tooDeep
        case tooManyValues
        case malformed(offset: Int)
    }

    static func value(from bytes: [UInt8], limits: Limits = Limits()) throws(Failure) -> WireValue {
        try value(from: bytes[...], limits: limits)
    }

    static func value(from bytes: ArraySlice<UInt8>, limits: Limits = Limits()) throws(Failure) -> WireValue {
        guard bytes.count <= limits.bytes else { throw .tooLarge }
        return try bytes.withUnsafeBufferPointer { (bytes) throws(Failure) -> WireValue in
            var reader = WireReader(bytes: bytes, limits: limits)
            let value = try reader.readValue(depth: 0)
            reader.skipWhiteSpace()
            guard reader.position == bytes.count else { throw reader.malformed }
            return value
        }
    }

    /// Lives as long as the reader, which never leaves the call that made it.
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: Limits
    private var position = 0
    private var values = 0

    private init(bytes: UnsafeBufferPointer<UInt8>, limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
    private var malformed: Failure { .malformed(offset: position) }

    private mutating func skipWhiteSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            position += 1
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func readValue(depth: Int) throws(Failure) -> WireValue {
        guard depth < limits.depth else { throw .tooDeep }
        values += 1
        guard values <= limits.values else { throw .tooManyValues }
        skipWhiteSpace()
        switch next {
        case UInt8(ascii: "{"): return try readObject(depth: depth)
        case UInt8(ascii: "["): return try readArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try readWord("true", .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: return try readNumber()
        }
    }

    private mutating func readObject(depth: Int) throws(Failure) -> WireValue {
        position += 1
        var members: [WireValue.Member] = []
        skipWhiteSpace()
        if skip("}") { return .object(members) }
        members.reserveCapacity(8)
        while true {
            skipWhiteSpace()
            guard next == UInt8(ascii: "\"") else { throw malformed }
            let key = try readString()
            skipWhiteSpace()
            guard skip(":") else { throw malformed }
            members.append(WireValue.Member(key, try readValue(depth: depth + 1)))
            skipWhiteSpace()
            if skip("}") { return .object(members) }
            guard skip(",") else { throw malformed }
        }
    }

    private mutating func readArray(depth: Int) throws(Failure) -> WireValue {
        position += 1
        var elements: [WireValue] = []
        skipWhiteSpace()
        if skip("]") { return .array(elements) }
        while true {
            elements.append(try readValue(depth: depth + 1))
            skipWhiteSpace()
            if skip("]") { return .array(elements) }
            guard skip(",") else { throw malformed }
        }
    }

    private mutating func readWord(_ word: StaticString, _ value: WireValue) throws(Failure) -> WireValue {
        let length = word.utf8CodeUnitCount
        guard bytes[position...].starts(with: UnsafeBufferPointer(start: word.utf8Start, count: length)) else {
            throw malformed
        }
        position += length
        return value
    }

    private mutating func readNumber() throws(Failure) -> WireValue {
        let start = position
        _ = skip("-")
        try readDigits()
        if skip(".") { try readDigits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try readDigits()
        }
        return .number(text(from: start))
    }

    private mutating func readDigits() throws(Failure) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard position > start else { throw malformed }
    }

    // MARK: - Texts

    private mutating func readString() throws(Failure) -> String {
        position += 1
        var text = readPlainText()
        while true {
            if skip("\"") { return text }
            guard skip("\\") else { throw malformed }
            text.unicodeScalars.append(try readEscape())
            text += readPlainText()
        }
    }

    /// What stands before the next quote or backslash.
    ///
    /// Control characters are accepted: registers leave line breaks in texts.
    private mutating func readPlainText() -> String {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            position += 1
        }
        return text(from: start)
    }

    private func text(from start: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    }

    private mutating func readEscape() throws(Failure) -> Unicode.Scalar {
        guard let byte = next else { throw malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default: throw malformed
        }
    }

    private mutating func readUnicodeEscape() throws(Failure) -> Unicode.Scalar {
        let first = try readHex()
        guard (0xd800...0xdbff).contains(first) else { return Unicode.Scalar(first) ?? "\u{fffd}" }
        let resume = position
        if skip("\\"), skip("u") {
            let second = try readHex()
            if (0xdc00...0xdfff).contains(second) {
                return Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)) ?? "\u{fffd}"
            }
        }
        position = resume
        return "\u{fffd}"
    }

    private mutating func readHex() throws(Failure) -> UInt32 {
        guard bytes.count - position >= 4 else { throw malformed }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw malformed
            }
        }
        position += 4
        return value
    }
}
