import Foundation

/// A QR code as an SVG of its own, one module a unit, with the table's name below.
struct QRCodeSVG: Sendable {
    let label: QRLabel

    /// How tall the name's strip is, in modules.
    private static let strip = 6
    /// Pixels that a module has where nobody says how large the picture is to be.
    private static let scale = 8

    /// The picture, in UTF-8; the same label gives the same bytes.
    func bytes() throws(QRCodeError) -> Data {
        let code = try label.code()
        let quiet = QRCode.quietZone
        let width = code.size + 2 * quiet
        let height = width + Self.strip
        // One path, filled once: no seam shows between two modules, however large it is printed.
        let path = code.runs.map { "M\($0.x + quiet) \($0.y + quiet)h\($0.length)v1h-\($0.length)z" }.joined()
        let name = Self.escaped(label.name)
        let svg = """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width * Self.scale)" height="\(height * Self.scale)" \
            viewBox="0 0 \(width) \(height)" role="img" aria-labelledby="title">
            <title id="title">QR code of \(name)</title>
            <rect width="\(width)" height="\(height)" fill="#fff"/>
            <path fill="#000" shape-rendering="crispEdges" d="\(path)"/>
            <text x="\(thousandths: width * 500)" y="\(width + 2)" font-family="Helvetica, Arial, sans-serif" \
            font-size="\(thousandths: fontSize(for: width))" text-anchor="middle">\(name)</text>
            </svg>

            """
        return Data(svg.utf8)
    }

    /// In thousandths of a module: as large as looks well, or as the whole name fits.
    ///
    /// Which fonts a printer has nobody knows: letters are taken as 0.6 em wide, ideographs and the like as 1 em.
    private func fontSize(for width: Int) -> Int {
        let tenths = label.name.unicodeScalars.reduce(0) { $0 + ($1.value < 0x1100 ? 6 : 10) }
        return min(3_600, (width - 2) * 10_000 / max(tenths, 1))
    }

    /// The text as it may stand in XML 1.0.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension DefaultStringInterpolation {
    /// A number in thousandths, written with a point and without trailing zeros: 1500 is `1.5`.
    ///
    /// By hand, so that the bytes are the same on every machine.
    mutating func appendInterpolation(thousandths value: Int) {
        if value < 0 { appendLiteral("-") }
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1_000)
        appendLiteral(String(whole))
        guard rest > 0 else { return }
        var digits = String(rest + 1_000).dropFirst()
        while digits.last == "0" { digits = digits.dropLast() }
        appendLiteral("." + digits)
    }
}
