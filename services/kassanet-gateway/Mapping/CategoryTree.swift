import Contracts

/// Makes a tree of categories out of whatever the register lists.
///
/// A parent that does not exist, or a loop, is reported, and the category becomes top level (kassanet-wire.md, Endpoints).
enum CategoryTree {
    static func repaired(_ categories: [CatalogCategory]) -> (categories: [CatalogCategory], notices: [CatalogNotice]) {
        var notices: [CatalogNotice] = []
        var seen: Set<String> = []
        var repaired = categories.filter { category in
            guard !seen.insert(category.id).inserted else { return true }
            notices.append(CatalogNotice(.skipped, "Category \(named(category)) was skipped: its id is listed twice."))
            return false
        }
        for index in repaired.indices {
            guard let parent = repaired[index].parentId, !seen.contains(parent) else { continue }
            notices.append(
                CatalogNotice(
                    .adjusted,
                    "Category \(named(repaired[index])) became top level: its parent \(parent) does not exist."
                )
            )
            repaired[index].parentId = nil
        }
        let places = Dictionary(uniqueKeysWithValues: zip(repaired.map(\.id), repaired.indices))
        /// Categories that are known to lead to the top level.
        var leadUp: Set<Int> = []
        for start in repaired.indices {
            var path: Set<Int> = []
            var place: Int? = start
            while let current = place, !leadUp.contains(current) {
                path.insert(current)
                place = repaired[current].parentId.flatMap { places[$0] }
                if let next = place, path.contains(next) {
                    notices.append(
                        CatalogNotice(
                            .adjusted,
                            "Category \(named(repaired[next])) became top level: its parents lead in a circle."
                        )
                    )
                    repaired[next].parentId = nil
                    place = nil
                }
            }
            leadUp.formUnion(path)
        }
        return (repaired, notices)
    }

    private static func named(_ category: CatalogCategory) -> String { "\(category.id) (\"\(category.name)\")" }
}
