import Contracts

/// What of a catalogue is in staging.
struct StagedCatalog: Sendable, Equatable {
    var products: Int
    var categories: Int
    var selections: Int
    /// What could not be staged, by name; the first 100 of `noticeCount`.
    var notices: [CatalogNotice]
    var noticeCount: Int
}

/// What a stage made of what is in staging.
struct StageOutcome: Codable, Sendable, Equatable {
    /// Entries that will stand in the menu: categories, items or display groups, by the stage.
    var entries: Int
    /// Entries that were left out because they were there twice or could not be used.
    var skipped: Int = 0
    /// Products that only stood for something else and were dropped (rule K24).
    var placeholders: Int = 0
    /// What was left out or changed, by name; the first 100 of `noticeCount`.
    var notices: [CatalogNotice] = []
    var noticeCount: Int = 0
}

/// The first notices of many, and how many there were.
struct NoticeList: Sendable {
    static let limit = 100

    private(set) var first: [CatalogNotice] = []
    private(set) var count = 0

    mutating func add(_ notice: CatalogNotice) {
        count += 1
        if first.count < Self.limit { first.append(notice) }
    }

    /// Adds notices of which only the first were read.
    mutating func add(_ notices: [CatalogNotice], of total: Int) {
        for notice in notices { add(notice) }
        count += total - notices.count
    }
}
