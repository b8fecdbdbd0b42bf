import Foundation

/// A text in the encoding that the standard fonts of PDF have: WinAnsi, which is Windows-1252.
///
/// What is outside of it falls back: to its base letter where that is inside (`ş` to `s`), otherwise to `?`. See
/// ``isReadable``.
struct PDFText: Sendable, Hashable {
    let bytes: [UInt8]
    /// False where something became `?`: then the text alone may not say which table it names.
    let isReadable: Bool

    init(_ text: String) {
        var bytes: [UInt8] = []
        var isReadable = true
        for character in text {
            let composed = String(character).precomposedStringWithCanonicalMapping
            // Marks that composed with nothing are left out.
            let base = composed.decomposedStringWithCanonicalMapping.unicodeScalars.first
            if let byte = composed.unicodeScalars.first.flatMap(Self.byte) ?? base.flatMap(Self.byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "?"))
                isReadable = false
            }
        }
        self.bytes = bytes
        self.isReadable = isReadable
    }

    /// As a literal string of PDF, in ASCII.
    var literal: String {
        var text = "("
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\\"):
                text += "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7E: text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "\\" + String(Int(byte) + 0o1000, radix: 8).dropFirst()
            }
        }
        return text + ")"
    }

    /// How wide it is in Helvetica, in thousandths of the font's size.
    var width: Int { bytes.reduce(0) { $0 + Self.widths[Int($1) - 0x20] } }

    // MARK: - Windows-1252

    private static func byte(_ scalar: UnicodeScalar) -> UInt8? {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0xFF: UInt8(scalar.value)
        default: special[scalar.value]
        }
    }

    private static let special: [UInt32: UInt8] = [
        0x20AC: 0x80, 0x201A: 0x82, 0x0192: 0x83, 0x201E: 0x84, 0x2026: 0x85, 0x2020: 0x86, 0x2021: 0x87, 0x02C6: 0x88,
        0x2030: 0x89, 0x0160: 0x8A, 0x2039: 0x8B, 0x0152: 0x8C, 0x017D: 0x8E, 0x2018: 0x91, 0x2019: 0x92, 0x201C: 0x93,
        0x201D: 0x94, 0x2022: 0x95, 0x2013: 0x96, 0x2014: 0x97, 0x02DC: 0x98, 0x2122: 0x99, 0x0161: 0x9A, 0x203A: 0x9B,
        0x0153: 0x9C, 0x017E: 0x9E, 0x0178: 0x9F,
    ]

    // MARK: - Helvetica's widths, from Adobe's metrics

    private static let widths: [Int] = [
        // 0x20: space to slash, digits, colon to question mark
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        // 0x40: at, capitals
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
        667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        // 0x60: small letters
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
        // 0x80: what Windows added
        556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
        350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
        // 0xA0: signs
        278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
        400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
        // 0xC0: capitals with accents
        667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
        722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
        // 0xE0: small letters with accents
        556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
    ]
}
