/// What a JSON text is held to while it is read, so that no text costs more than its length.
package struct JSONLimits: Sendable, Hashable {
    /// How many arrays and objects may stand inside each other.
    package var maxDepth: Int
    /// Values, members and elements together.
    package var maxElements: Int

    package init(maxDepth: Int = 32, maxElements: Int = 50_000) {
        self.maxDepth = maxDepth
        self.maxElements = maxElements
    }

    /// For texts of our own making: the answer of another service of ours, a column of our own database.
    package static let trusted = JSONLimits(maxDepth: 512, maxElements: .max)
}

/// Why a text was not read at all.
///
/// It says where and never what: a text may hold guest data.
package enum JSONRefusal: Error, Hashable, Sendable {
    /// No JSON, or not UTF-8, from this byte on.
    case malformed(offset: Int)
    case tooDeep(limit: Int)
    case tooManyElements(limit: Int)
}
