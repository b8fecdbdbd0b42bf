import Contracts

/// Reads a register's catalogue part by part, in memory that does not grow with it.
///
/// Products go out as they come. Categories, of which there are few, are kept until all are known, because only then does it
/// show whether their parents exist. Selections are a second call, and the summary is last.
struct CatalogReading {
    /// The most entries in one part.
    static let partSize = 200
    /// About how many bytes of the register's answer go into one part, so that parts of long entries have few of them.
    static let partBytes = 128 * 1024
    /// A register has some dozens; a list beyond this is no list of categories.
    static let maxCategories = 20_000

    private enum Stage {
        case products, selections, summary, over
    }

    private let register: KassanetClient
    private let connection: KassanetConnection
    private let call: KassanetCall
    private var stage = Stage.products
    private var stream: KassanetStream?
    private var mapping = CatalogMapping()
    private var categories: [CatalogCategory] = []
    private var summary = CatalogSummary()
    /// What was read and not given yet.
    private var ready: [CatalogPart] = []
    private var part = CatalogPart()
    private var partBytes = 0

    init(_ register: KassanetClient, _ connection: KassanetConnection, call: KassanetCall) {
        self.register = register
        self.connection = connection
        self.call = call
    }

    /// The next part, the summary last; then nil.
    mutating func next() async throws(KassanetError) -> CatalogPart? {
        while ready.isEmpty {
            switch stage {
            case .products: try await read(.allProducts, ["AllProducts", "Categories"])
            case .selections: try await read(.productSelection, ["ProductSelections"])
            case .summary:
                part.summary = summary
                closePart()
                stage = .over
            case .over: return nil
            }
        }
        return ready.removeFirst()
    }

    private mutating func read(_ endpoint: KassanetEndpoint, _ lists: Set<String>) async throws(KassanetError) {
        if stream == nil { stream = try await register.stream(endpoint, lists: lists, on: connection, call: call) }
        guard let pieces = try await stream?.next() else {
            stream = nil
            finishStage()
            return
        }
        for case .entry(let list, let index, let bytes) in pieces { take(bytes, list, index) }
        // Nothing waits for a slow register that could be on its way.
        closePart()
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>?, _ list: String, _ index: Int) {
        switch list {
        case "AllProducts":
            if let product = mapping.product(bytes, at: index) {
                part.products.append(product)
                summary.products += 1
            } else {
                summary.skipped += 1
            }
        case "Categories":
            let category = categories.count < Self.maxCategories ? mapping.category(bytes, at: index) : nil
            if let category { categories.append(category) } else { summary.skipped += 1 }
        default:
            if let selection = mapping.selection(bytes, at: index) {
                part.selections.append(selection)
                summary.selections += 1
            } else {
                summary.skipped += 1
            }
        }
        part.notices += mapping.takeNotices()
        let size = part.products.count + part.selections.count + part.notices.count
        // A selection may name thousands of products, and goes out by itself.
        partBytes += bytes?.count ?? 0
        if size >= Self.partSize || partBytes >= Self.partBytes || !part.selections.isEmpty { closePart() }
    }

    private mutating func finishStage() {
        guard stage == .products else {
            stage = .summary
            return
        }
        stage = .selections
        let tree = CategoryTree.repaired(categories)
        summary.categories = tree.categories.count
        summary.skipped += categories.count - tree.categories.count
        categories = []
        for start in stride(from: 0, to: tree.categories.count, by: Self.partSize) {
            part.categories = Array(tree.categories[start..<min(start + Self.partSize, tree.categories.count)])
            closePart()
        }
        for start in stride(from: 0, to: tree.notices.count, by: Self.partSize) {
            part.notices = Array(tree.notices[start..<min(start + Self.partSize, tree.notices.count)])
            closePart()
        }
    }

    private mutating func closePart() {
        if part != CatalogPart() { ready.append(part) }
        part = CatalogPart()
        partBytes = 0
    }
}
