import Foundation

/// The text that is being written, and which of its arrays and objects are not closed yet.
///
/// Encoding goes straight into the text: an array or object is closed when the one around it goes on. One that was
/// closed cannot be written to any more, and says so.
final class JSONOutput {
    /// An array or object that is open, as the container that writes to it knows it.
    struct Place {
        fileprivate var depth: UInt32
        fileprivate var serial: UInt32

        /// Where nobody can write.
        fileprivate static let none = Place(depth: 0, serial: 0)
    }

    private struct Level {
        var isObject: Bool
        var serial: UInt32
        var count = 0
        /// Where the last member's name stands in the text, behind its quote.
        var name = 0
    }

    private let instants: JSONInstants
    // Unchecked: one encoding has the object to itself, and no access here is open while another's code runs. Checked,
    // a sixth of the time goes into the checks.
    @exclusivity(unchecked) private var base: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) private var capacity = 1024
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var levels: [Level] = []
    @exclusivity(unchecked) private var serial: UInt32 = 0

    init(instants: JSONInstants) {
        self.instants = instants
        base = .allocate(capacity: capacity)
        levels.reserveCapacity(8)
    }

    deinit { base.deallocate() }

    var depth: Int { levels.count }

    /// The text; it may be used as long as this object lives.
    var written: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    // MARK: Bytes

    @inline(__always)
    private func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }

    @inline(__always)
    private func put(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    func put(_ text: StaticString) {
        reserve(text.utf8CodeUnitCount)
        (base + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    // MARK: Arrays and objects

    /// Begins an array or object where a value is due.
    func open(isObject: Bool) -> Place {
        serial &+= 1
        levels.append(Level(isObject: isObject, serial: serial))
        put(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
        return Place(depth: UInt32(levels.count), serial: serial)
    }

    /// The array or object that an encoder began at this depth, if it is still open and of that kind.
    ///
    /// Where it is not, a place nobody can write to.
    func opened(at depth: Int, isObject: Bool) -> Place {
        guard levels.count > depth, levels[depth].isObject == isObject else { return .none }
        return Place(depth: UInt32(depth + 1), serial: levels[depth].serial)
    }

    /// Closes what is open beyond this depth.
    func close(to depth: Int) {
        while levels.count > depth {
            fill()
            put(levels.removeLast().isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        }
    }

    /// Makes an encoder that was handed out and wrote nothing an empty object, as it is elsewhere.
    @inline(__always)
    private func fill() {
        guard count > 0, let level = levels.last, level.count > 0 else { return }
        let last = base[count - 1]
        // No value ends so: a string ends with its quote.
        let isOwed =
            level.isObject ? last == UInt8(ascii: ":") : last == UInt8(ascii: ",") || last == UInt8(ascii: "[")
        if isOwed { put("{}") }
    }

    /// Goes on in an array or object, behind what was written to it before.
    @inline(__always)
    private func proceed(in place: Place) throws {
        let depth = Int(place.depth)
        guard depth > 0, levels.count >= depth, levels[depth - 1].serial == place.serial else {
            throw EncodingError.invalidValue(
                place,
                .init(codingPath: path(toDepth: levels.count), debugDescription: "the container is closed")
            )
        }
        if levels.count > depth { close(to: depth) }
        if levels[depth - 1].count > 0 {
            fill()
            put(UInt8(ascii: ","))
        }
        levels[depth - 1].count += 1
    }

    /// Begins a member; its value is due next.
    func name(_ name: String, in place: Place) throws {
        try proceed(in: place)
        levels[Int(place.depth) - 1].name = count + 1
        write(name)
        put(UInt8(ascii: ":"))
    }

    /// Begins an element, which is due next.
    func element(in place: Place) throws {
        try proceed(in: place)
    }

    func elements(in place: Place) -> Int {
        let depth = Int(place.depth)
        guard depth > 0, levels.count >= depth, levels[depth - 1].serial == place.serial else { return 0 }
        return levels[depth - 1].count
    }

    /// The way from the root to what is written now.
    func path(toDepth depth: Int) -> [any CodingKey] {
        levels.prefix(depth).filter { $0.count > 0 }.map { level in
            guard level.isObject else { return JSONKey(position: level.count - 1) }
            let rest = UnsafeBufferPointer(rebasing: written[level.name...])
            var end = 0
            while end < rest.count, rest[end] != UInt8(ascii: "\"") {
                end += rest[end] == UInt8(ascii: "\\") ? JSONEscapes.length(rest, end) ?? 1 : 1
            }
            let name = UnsafeBufferPointer(rebasing: rest[..<end])
            return JSONKey(
                name: String(unsafeUninitializedCapacity: name.count) { JSONEscapes.resolve(name, into: $0) }
            )
        }
    }

    func path(to place: Place) -> [any CodingKey] { path(toDepth: max(0, Int(place.depth) - 1)) }

    // MARK: Values

    func encode<Value: Encodable>(_ value: Value) throws {
        // Each cast is to the type that was just found to be the same.
        if Value.self == UUID.self { return write(unsafeBitCast(value, to: UUID.self)) }
        if Value.self == Date.self { return try write(unsafeBitCast(value, to: Date.self)) }
        if Value.self == Data.self { return write(unsafeBitCast(value, to: Data.self).base64EncodedString()) }
        if Value.self == URL.self { return write(unsafeBitCast(value, to: URL.self).absoluteString) }
        let depth = levels.count
        let start = count
        try value.encode(to: JSONEncoding(output: self, depth: depth, start: start))
        if count == start { put("{}") }
        close(to: depth)
    }

    func write(_ value: Bool) { put(value ? "true" : "false") }

    func writeNull() { put("null") }

    func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            reserve(bytes.count + 2)
            base[count] = UInt8(ascii: "\"")
            count += 1
            if Self.isPlain(bytes) {
                if let start = bytes.baseAddress { (base + count).update(from: start, count: bytes.count) }
                count += bytes.count
            } else {
                for byte in bytes { putEscaped(byte) }
            }
            put(UInt8(ascii: "\""))
        }
    }

    /// Whether no byte needs an escape.
    @inline(__always)
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var at = 0
        let raw = UnsafeRawBufferPointer(bytes)
        while at + 8 <= raw.count {
            // A high bit is left where a byte is a control character, a quote or a backslash.
            let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let special =
                (((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash)) & highs
            guard special == 0 else { return false }
            at += 8
        }
        while at < bytes.count {
            guard bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") else {
                return false
            }
            at += 1
        }
        return true
    }

    private func putEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): put(#"\""#)
        case UInt8(ascii: "\\"): put(#"\\"#)
        case 0x08: put(#"\b"#)
        case 0x09: put(#"\t"#)
        case 0x0A: put(#"\n"#)
        case 0x0C: put(#"\f"#)
        case 0x0D: put(#"\r"#)
        case 0..<0x20:
            put(#"\u00"#)
            put(Self.hexDigit(byte >> 4))
            put(Self.hexDigit(byte & 0x0F))
        default: put(byte)
        }
    }

    func write(_ value: some FixedWidthInteger) {
        guard let small = Int64(exactly: value) else { return putASCII(String(value)) }
        reserve(20)
        var magnitude = small.magnitude
        if small < 0 { put(UInt8(ascii: "-")) }
        var length = 1
        var bound: UInt64 = 10
        while length < 19, magnitude >= bound {
            length += 1
            bound &*= 10
        }
        var at = count + length
        count = at
        repeat {
            at -= 1
            base[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
            magnitude /= 10
        } while magnitude > 0
    }

    func write(_ value: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: path(toDepth: levels.count), debugDescription: "JSON has no such number")
            )
        }
        let text = value.description
        putASCII(text.hasSuffix(".0") ? text.dropLast(2) : text[...])
    }

    private func putASCII(_ text: some StringProtocol) {
        for byte in text.utf8 { put(byte) }
    }

    private func write(_ value: UUID) {
        reserve(38)
        base[count] = UInt8(ascii: "\"")
        var at = count + 1
        withUnsafeBytes(of: value.uuid) { bytes in
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    base[at] = UInt8(ascii: "-")
                    at += 1
                }
                base[at] = Self.hexDigit(bytes[index] >> 4)
                base[at + 1] = Self.hexDigit(bytes[index] & 0x0F)
                at += 2
            }
        }
        base[at] = UInt8(ascii: "\"")
        count = at + 1
    }

    private func write(_ value: Date) throws {
        reserve(JSONInstants.maxLength + 2)
        put(UInt8(ascii: "\""))
        let room = UnsafeMutableBufferPointer(start: base + count, count: JSONInstants.maxLength)
        guard let length = instants.write(value, room) else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: path(toDepth: levels.count), debugDescription: "the instant has no text")
            )
        }
        count += length
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension JSONOutput {
    /// Begins a member, or an element where it has no name; whether that was possible.
    private func begin(_ name: String?, in place: Place) -> Bool {
        do {
            if let name { try self.name(name, in: place) } else { try element(in: place) }
            return true
        } catch {
            return false
        }
    }

    /// An array or object in another.
    func nested(_ name: String?, in place: Place, isObject: Bool) -> Place {
        begin(name, in: place) ? open(isObject: isObject) : .none
    }

    /// An encoder for a value that is due in an array or object.
    func encoder(under name: String?, in place: Place) -> JSONEncoding {
        // Where nothing can be begun, the text is taken to have been written already, which every write refuses.
        begin(name, in: place)
            ? JSONEncoding(output: self, depth: depth, start: count)
            : JSONEncoding(output: self, depth: depth, start: -1)
    }
}
