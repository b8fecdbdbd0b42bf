package import Foundation

/// Rows on their way into a table through COPY, written into one buffer that is used again.
///
/// For many rows at a time: a value goes from its UTF-8 straight into COPY's text format, without a `String` in between.
/// Append a row's values in the order of the columns, then end the row; a row that cannot be written is dropped.
package struct CopyBuffer: Sendable {
    private var bytes: [UInt8] = []
    /// How many whole rows there are.
    package private(set) var rows = 0
    private var rowStart = 0
    private var hasValues = false

    package init() {}

    /// The size of the whole rows.
    package var byteCount: Int { rowStart }

    /// The whole rows in COPY's text format.
    var finished: [UInt8] {
        rowStart == bytes.count ? bytes : Array(bytes[..<rowStart])
    }

    /// Appends a text, or NULL.
    ///
    /// Throws `.zeroCharacter` for a text that PostgreSQL cannot hold.
    package mutating func append(_ text: String?) throws(PostgresError) {
        separate()
        guard var text else { return appendNull() }
        var isStorable = true
        text.withUTF8 { isStorable = Self.append($0, to: &bytes) }
        guard isStorable else {
            throw PostgresError(.zeroCharacter, "A value for COPY contains a zero character.")
        }
    }

    package mutating func append(_ number: Int?) {
        separate()
        guard let number else { return appendNull() }
        // Digits are written backwards, into their place.
        var rest = number.magnitude
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let first = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
    }

    package mutating func append(_ id: UUID?) {
        separate()
        guard let id else { return appendNull() }
        withUnsafeBytes(of: id.uuid) { raw in
            for (index, byte) in raw.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 { bytes.append(UInt8(ascii: "-")) }
                bytes.append(Self.digit(byte >> 4))
                bytes.append(Self.digit(byte & 15))
            }
        }
    }

    /// Appends any other value in PostgreSQL's text format, such as an array.
    package mutating func append(value: some PostgresEncodable) throws {
        try append(value.postgresText())
    }

    package mutating func endRow() {
        bytes.append(UInt8(ascii: "\n"))
        rows += 1
        rowStart = bytes.count
        hasValues = false
    }

    /// Forgets the values appended since the last whole row.
    package mutating func dropRow() {
        bytes.removeSubrange(rowStart...)
        hasValues = false
    }

    /// Forgets all rows and keeps the room.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        rows = 0
        rowStart = 0
        hasValues = false
    }

    private mutating func separate() {
        if hasValues { bytes.append(UInt8(ascii: "\t")) }
        hasValues = true
    }

    private mutating func appendNull() {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: "N"))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Whether it could be written: not with a zero in it.
    private static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) -> Bool {
        guard text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\\") }) else {
            bytes.append(contentsOf: text)
            return true
        }
        for byte in text {
            switch byte {
            case 0: return false
            case UInt8(ascii: "\\"): bytes += [byte, byte]
            case UInt8(ascii: "\t"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case UInt8(ascii: "\r"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            default: bytes.append(byte)
            }
        }
        return true
    }
}
