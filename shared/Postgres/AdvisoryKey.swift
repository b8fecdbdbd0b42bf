/// The 64-bit key of an advisory lock, derived from names.
///
/// The key is what PostgreSQL's `hashtextextended('namespace:part:part', 0)` returns, where `:` and `\` inside a name are
/// written `\:` and `\\`; so a lock seen in `pg_locks` can be recognised, and taken, from psql. Two different names share
/// a key with a chance of one in 2⁶⁴, which would make them wait for each other needlessly and nothing worse.
package struct AdvisoryKey: Sendable, Hashable {
    package let value: Int

    package init(_ namespace: String, _ parts: String...) {
        self.init(namespace, parts)
    }

    package init(_ namespace: String, _ parts: [String]) {
        let text = ([namespace] + parts)
            .map { $0.replacing("\\", with: "\\\\").replacing(":", with: "\\:") }
            .joined(separator: ":")
        value = TextHash.extended(text)
    }
}

extension AdvisoryKey: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }

    package func postgresText() -> String? {
        String(value)
    }
}

/// PostgreSQL's 64-bit text hash with seed 0, which is Bob Jenkins' lookup3.
private enum TextHash {
    static func extended(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        let start = UInt32(truncatingIfNeeded: 0x9e37_79b9 + bytes.count + 3_923_095)
        var state = (a: start, b: start, c: start)
        var rest = bytes[...]
        while rest.count >= 12 {
            state.a &+= word(rest, 0)
            state.b &+= word(rest, 4)
            state.c &+= word(rest, 8)
            mix(&state.a, &state.b, &state.c)
            rest = rest.dropFirst(12)
        }
        state.a &+= word(rest, 0)
        state.b &+= word(rest, 4)
        state.c &+= word(rest, 8) << 8  // the lowest byte of c is kept for the length
        finish(&state.a, &state.b, &state.c)
        return Int(bitPattern: UInt(state.b) << 32 | UInt(state.c))
    }

    /// Up to four bytes from an offset on, the first one lowest; bytes past the end count as zero.
    private static func word(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt32 {
        bytes.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        step(&a, &c, 4, &b)
        step(&b, &a, 6, &c)
        step(&c, &b, 8, &a)
        step(&a, &c, 16, &b)
        step(&b, &a, 19, &c)
        step(&c, &b, 4, &a)
    }

    private static func step(_ x: inout UInt32, _ y: inout UInt32, _ bits: UInt32, _ z: inout UInt32) {
        x &-= y
        x ^= rotated(y, bits)
        y &+= z
    }

    private static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        close(&c, b, 14)
        close(&a, c, 11)
        close(&b, a, 25)
        close(&c, b, 16)
        close(&a, c, 4)
        close(&b, a, 14)
        close(&c, b, 24)
    }

    private static func close(_ x: inout UInt32, _ y: UInt32, _ bits: UInt32) {
        x ^= y
        x &-= rotated(y, bits)
    }

    private static func rotated(_ value: UInt32, _ bits: UInt32) -> UInt32 {
        value << bits | value >> (32 - bits)
    }
}
