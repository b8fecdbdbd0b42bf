/// What stands behind a backslash.
enum JSONEscapes {
    /// Writes what a string says; its escapes were found to be well formed.
    ///
    /// Returns the length, which is never more than that of the text.
    static func resolve(_ text: UnsafeBufferPointer<UInt8>, into room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var at = 0
        var length = 0
        func put(_ byte: UInt8) {
            room[length] = byte
            length += 1
        }
        while at < text.count {
            guard text[at] == UInt8(ascii: "\\") else {
                put(text[at])
                at += 1
                continue
            }
            let escape = text[at + 1]
            at += 2
            switch escape {
            case UInt8(ascii: "b"): put(0x08)
            case UInt8(ascii: "t"): put(0x09)
            case UInt8(ascii: "n"): put(0x0A)
            case UInt8(ascii: "f"): put(0x0C)
            case UInt8(ascii: "r"): put(0x0D)
            case UInt8(ascii: "u"):
                var scalar = UInt32(codeUnit(text, at) ?? 0)
                at += 4
                if UTF16.isLeadSurrogate(UInt16(scalar)) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + UInt32(codeUnit(text, at + 2) ?? 0xDC00) - 0xDC00
                    at += 6
                }
                UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}")?.forEach(put)
            default: put(escape)
            }
        }
        return length
    }

    /// How long the escape is that begins at the backslash; `nil` where it is none.
    static func length(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int? {
        guard at + 1 < text.count else { return nil }
        switch text[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard let first = codeUnit(text, at + 2), !UTF16.isTrailSurrogate(first) else { return nil }
            guard UTF16.isLeadSurrogate(first) else { return 6 }
            // Half a surrogate is no character.
            guard at + 7 < text.count, text[at + 6] == UInt8(ascii: "\\"), text[at + 7] == UInt8(ascii: "u"),
                let second = codeUnit(text, at + 8), UTF16.isTrailSurrogate(second)
            else { return nil }
            return 12
        default:
            return nil
        }
    }

    /// Four hexadecimal digits.
    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt16? {
        guard at + 4 <= text.count else { return nil }
        var unit: UInt16 = 0
        for byte in text[at..<at + 4] {
            guard let digit = byte.hexDigit else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
