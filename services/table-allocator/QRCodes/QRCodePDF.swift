import Crypto
import Foundation

/// The QR codes of a location to print and cut: A4 pages of twelve, each code with its table's name below, and the section's
/// name at the head of the page.
///
/// The same sections give the same bytes: no date and no random id stands in the file. Pages are written as they are
/// taken, so memory holds one page and the offsets.
///
/// Names are set in Helvetica, which every reader has and none needs to be told of. It has the letters of western Europe;
/// what else a name has falls back (``PDFText``), and then the table's number follows in brackets.
struct QRCodePDF: Sendable {
    struct Section: Sendable, Hashable {
        let name: String
        let labels: [QRLabel]
    }

    /// Changes whenever the bytes change for equal sections: what a browser kept is then not taken for the current file.
    static let revision = 1

    let title: String
    let sections: [Section]

    /// Tells files apart without writing them.
    var tag: String {
        var hash = SHA256()
        func add(_ text: String) {
            hash.update(data: Data("\(text.utf8.count):\(text)".utf8))
        }
        add("\(Self.revision)")
        add(title)
        for section in sections {
            add("section")
            add(section.name)
            for label in section.labels {
                add(label.name)
                add("\(label.tableNumber)")
                add(label.address)
            }
        }
        return hash.finalize().prefix(16).map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    /// Writes the file, a page at a time; waits for each to be taken.
    func write(to send: @Sendable (Data) async throws -> Void) async throws {
        var objects = PDFObjects()
        try await send(objects.header())
        let (root, pages, font, info) = (objects.number(), objects.number(), objects.number(), objects.number())
        try await send(
            objects.object(root, "/Type /Catalog /Pages \(pages) 0 R /ViewerPreferences << /PrintScaling /None >>")
                + objects.object(
                    font,
                    "/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
                )
                + objects.object(info, "/Title \(PDFText(title).literal) /Producer (Upvendo table-allocator)")
        )
        var kids: [Int] = []
        for section in sections {
            let count = (section.labels.count + Page.most - 1) / Page.most
            for index in 0..<count {
                let first = index * Page.most
                let page = Page(
                    head: section.name,
                    foot: count > 1 ? "\(index + 1) / \(count)" : nil,
                    labels: section.labels[first..<min(first + Page.most, section.labels.count)]
                )
                let (number, content) = (objects.number(), objects.number())
                kids.append(number)
                try await send(
                    objects.object(
                        number,
                        """
                        /Type /Page /Parent \(pages) 0 R /Contents \(content) 0 R \
                        /Resources << /Font << /F1 \(font) 0 R >> >>
                        """
                    ) + objects.object(content, "", stream: try page.content())
                )
            }
        }
        try await send(
            objects.object(
                pages,
                """
                /Type /Pages /MediaBox [0 0 \(Page.width) \(Page.height)] /Count \(kids.count) \
                /Kids [\(kids.map { "\($0) 0 R" }.joined(separator: " "))]
                """
            ) + objects.end(root: root, info: info)
        )
    }
}

/// Twelve codes of one section, in three columns; lengths in points (1/72 inch).
private struct Page {
    static let width = 595
    static let height = 842
    static let columns = 3
    static let most = 12

    private static let margin = 36
    private static let cell = (width: 174, height: 180)
    private static let gridTop = 772
    /// A side of a code, quiet zone included: 53 mm.
    private static let side = 150

    let head: String
    let foot: String?
    let labels: ArraySlice<QRLabel>

    func content() throws(QRCodeError) -> String {
        var lines = [Self.text(Self.fitted(head, 16, Self.width - 2 * Self.margin), left: Self.margin, y: 790)]
        for (place, label) in labels.enumerated() {
            let left = Self.margin + place % Self.columns * Self.cell.width
            let top = Self.gridTop - place / Self.columns * Self.cell.height
            lines.append(try Self.drawing(of: label.code(), left: left + (Self.cell.width - Self.side) / 2, top: top))
            var name = PDFText(label.name)
            if !name.isReadable { name = PDFText("\(label.name) (\(label.tableNumber))") }
            let caption = Self.fitted(name, 12, Self.cell.width - 10)
            lines.append(Self.text(caption, centre: left + Self.cell.width / 2, y: top - Self.side - 8))
        }
        if let foot {
            lines.append(Self.text((PDFText(foot), 9_000), centre: Self.width / 2, y: 30))
        }
        return lines.joined(separator: "\n")
    }

    /// One path, filled once, in a grid of modules that runs downwards.
    private static func drawing(of code: QRCode, left: Int, top: Int) -> String {
        let module = side * 1_000 / (code.size + 2 * QRCode.quietZone)
        let modules = code.runs.map { "\($0.x + QRCode.quietZone) \($0.y + QRCode.quietZone) \($0.length) 1 re" }
        return """
            q \(thousandths: module) 0 0 -\(thousandths: module) \(left) \(top) cm
            \(modules.joined(separator: "\n"))
            f Q
            """
    }

    private typealias Fitted = (text: PDFText, size: Int)

    /// The text in a size, in thousandths of a point, in which it is no wider than `width`.
    private static func fitted(_ text: PDFText, _ size: Int, _ width: Int) -> Fitted {
        (text, min(size * 1_000, width * 1_000_000 / max(text.width, 1)))
    }

    private static func fitted(_ text: String, _ size: Int, _ width: Int) -> Fitted {
        fitted(PDFText(text), size, width)
    }

    private static func text(_ fitted: Fitted, left: Int, y: Int) -> String {
        "BT /F1 \(thousandths: fitted.size) Tf \(left) \(y) Td \(fitted.text.literal) Tj ET"
    }

    private static func text(_ fitted: Fitted, centre: Int, y: Int) -> String {
        let left = centre * 1_000 - fitted.text.width * fitted.size / 2_000
        return "BT /F1 \(thousandths: fitted.size) Tf \(thousandths: left) \(y) Td \(fitted.text.literal) Tj ET"
    }
}
