import Foundation

/// The objects of a PDF 1.4 file, written one after the other; remembers where each began.
///
/// Nothing is kept but one offset an object, so a file of any length takes little memory. Objects are ASCII.
struct PDFObjects {
    /// By object number, from 1; `nil` for one that was numbered and not written yet.
    private var offsets: [Int?] = []
    private var position = 0

    /// The file's first bytes; those above ASCII tell transfer programs that this is no text.
    mutating func header() -> Data {
        note(Data("%PDF-1.4\n%".utf8) + [0xE2, 0xE3, 0xCF, 0xD3, 0x0A])
    }

    /// A number for an object that is written later.
    mutating func number() -> Int {
        offsets.append(nil)
        return offsets.count
    }

    /// An object with its dictionary, `entries` without the brackets, and its stream, where it has one.
    mutating func object(_ number: Int, _ entries: String, stream: String? = nil) -> Data {
        offsets[number - 1] = position
        var text = "\(number) 0 obj\n"
        if let stream {
            text += "<< \(entries) /Length \(stream.utf8.count) >>\nstream\n\(stream)\nendstream\n"
        } else {
            text += "<< \(entries) >>\n"
        }
        return note(Data((text + "endobj\n").utf8))
    }

    /// The table of offsets and the trailer, which end the file.
    mutating func end(root: Int, info: Int) -> Data {
        let table = position
        var text = "xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            // A number without an object is a free entry; each entry has 20 bytes, its two-byte end of line included.
            text += offset.map { Self.digits($0) + " 00000 n \n" } ?? "0000000000 65535 f \n"
        }
        text += """
            trailer
            << /Size \(offsets.count + 1) /Root \(root) 0 R /Info \(info) 0 R >>
            startxref
            \(table)
            %%EOF

            """
        return note(Data(text.utf8))
    }

    private mutating func note(_ bytes: Data) -> Data {
        position += bytes.count
        return bytes
    }

    private static func digits(_ offset: Int) -> String {
        let text = String(offset)
        return String(repeating: "0", count: max(0, 10 - text.count)) + text
    }
}
