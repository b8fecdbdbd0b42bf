/// One row on its way into a table through COPY, in COPY's text format.
package struct CopyRow: Sendable {
    /// The row's line, with its line feed.
    let line: String

    /// A row of these values, in the order of the columns.
    ///
    /// Throws `.encoding` for a value that has no text, or whose text holds a zero character.
    package init(_ values: any PostgresEncodable...) throws {
        var line = ""
        for (index, value) in values.enumerated() {
            if index > 0 { line += "\t" }
            guard let text = try value.postgresText() else {
                line += "\\N"
                continue
            }
            try Self.append(text, to: &line)
        }
        self.line = line + "\n"
    }

    private static func append(_ text: String, to line: inout String) throws(PostgresError) {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\\") }) else {
            line += text
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\0": throw PostgresError(.encoding, "A value for COPY contains a zero character.")
            case "\\": line += "\\\\"
            case "\t": line += "\\t"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
}
