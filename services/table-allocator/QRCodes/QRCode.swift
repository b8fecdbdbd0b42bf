import CQRCode

/// A text as the dark and light modules of a QR code (ISO/IEC 18004), through libqrencode.
struct QRCode: Sendable, Hashable {
    /// How much of a code may be dirty or torn before nobody can read it.
    enum Correction: Sendable, Hashable {
        /// About 15 % (level M).
        case medium
        /// About 25 % (level Q).
        case quartile

        fileprivate var level: QRecLevel {
            switch self {
            case .medium: QR_ECLEVEL_M
            case .quartile: QR_ECLEVEL_Q
            }
        }
    }

    /// Dark modules of one row that stand side by side.
    struct Run: Sendable, Hashable {
        let x: Int
        let y: Int
        let length: Int
    }

    /// How many light modules a reader wants to see on each side.
    static let quietZone = 4

    /// Modules on a side, without the quiet zone.
    let size: Int
    /// Row by row, from the top left.
    private let modules: [Bool]

    /// The smallest code that holds the text.
    ///
    /// Throws ``QRCodeError`` for a text that is empty, longer than any code holds, or has U+0000 in it.
    init(_ text: String, correction: Correction) throws(QRCodeError) {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw QRCodeError(bytes: text.utf8.count) }
        // The hint leaves digits and capitals to their denser modes; all other bytes stand as they are.
        guard let code = QRcode_encodeString(text, 0, correction.level, QR_MODE_8, 1) else {
            throw QRCodeError(bytes: text.utf8.count)
        }
        defer { QRcode_free(code) }
        size = Int(code.pointee.width)
        // Of the bits of a module only the lowest tells its colour.
        modules = UnsafeBufferPointer(start: code.pointee.data, count: size * size).map { $0 & 1 == 1 }
    }

    /// Whether the module is dark; outside of the code none is.
    func isDark(x: Int, y: Int) -> Bool {
        (0..<size).contains(x) && (0..<size).contains(y) && modules[y * size + x]
    }

    /// All dark modules, row by row.
    var runs: [Run] {
        var runs: [Run] = []
        for y in 0..<size {
            var x = 0
            while x < size {
                let start = x
                while isDark(x: x, y: y) { x += 1 }
                if x > start { runs.append(Run(x: start, y: y, length: x - start)) }
                x += 1
            }
        }
        return runs
    }
}

/// The text fits no QR code.
struct QRCodeError: Error, Hashable {
    /// How long it is, in UTF-8.
    let bytes: Int
}
