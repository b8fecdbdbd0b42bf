import Foundation

/// What a reader has of a menu: which menu, which version, and how far merchants had edited it.
struct MenuMark: Sendable, Hashable {
    let menu: UUID
    let version: Int
    let edits: Int

    /// Changes with everything a menu shows.
    var etag: String { "\"\(menu.uuidString.lowercased().prefix(8)).\(version).\(edits)\"" }
}

/// Where a page of a menu ended.
struct MenuCursor: Sendable, Hashable {
    let mark: MenuMark
    let plu: String

    init(mark: MenuMark, plu: String) {
        self.mark = mark
        self.plu = plu
    }

    var text: String {
        Data("\(mark.menu.uuidString):\(mark.version):\(mark.edits):\(plu)".utf8).base64EncodedString()
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self)
            .split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let menu = UUID(uuidString: String(parts[0])), let version = Int(parts[1]),
            let edits = Int(parts[2]), !parts[3].contains("\0")
        else { return nil }
        self.init(mark: MenuMark(menu: menu, version: version, edits: edits), plu: String(parts[3]))
    }
}
