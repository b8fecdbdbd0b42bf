import Contracts
import Crypto
import Foundation
import Postgres

/// Entries of a catalogue as rows of the staging tables, until they are written.
///
/// An entry that no table could hold is left out with a notice that names it.
struct StagingRows {
    /// What is in staging of a catalogue so far.
    struct Counts: Sendable {
        var products = 0
        var categories = 0
        var selections = 0
    }

    private(set) var counts = Counts()

    private let sync: UUID
    private var products = CopyBuffer()
    private var categories = CopyBuffer()
    private var selections = CopyBuffer()
    private var groups = CopyBuffer()
    private var combinations = CopyBuffer()

    /// What is in staging already, so that what thousands of products share is written once; forgotten now and then.
    private var knownGroups: Set<UUID> = []
    private var knownCombinations: Set<UUID> = []

    private static let maxRows = 5_000
    private static let maxBytes = 1 << 20
    private static let maxKnown = 20_000
    /// Longer ids cannot stand in an index of PostgreSQL; a register's have some digits.
    private static let maxID = 200

    init(sync: UUID) {
        self.sync = sync
    }

    var isFull: Bool {
        products.rows >= Self.maxRows || byteCount >= Self.maxBytes
            || max(groups.rows, combinations.rows, categories.rows, selections.rows) >= Self.maxRows
    }

    /// What waits to be written.
    var byteCount: Int {
        products.byteCount + groups.byteCount + combinations.byteCount + categories.byteCount + selections.byteCount
    }

    /// How many groups and lists of groups are remembered as written.
    var remembered: Int { knownGroups.count + knownCombinations.count }

    var isEmpty: Bool { tables.allSatisfy { $0.buffer.rows == 0 } }

    var tables: [(name: String, columns: [String], buffer: CopyBuffer)] {
        [
            ("staged_groups", Self.groupColumns, groups),
            ("staged_combinations", Self.combinationColumns, combinations),
            ("staged_categories", Self.categoryColumns, categories),
            ("staged_products", Self.productColumns, products),
            ("staged_selections", Self.selectionColumns, selections),
        ]
    }

    mutating func removeAll() {
        products.removeAll()
        categories.removeAll()
        selections.removeAll()
        groups.removeAll()
        combinations.removeAll()
    }

    // MARK: Entries

    mutating func add(_ product: CatalogProduct) throws -> CatalogNotice? {
        guard Self.isID(product.plu) else { return Self.skipped("Product", product.plu, product.name, Self.badID) }
        // JSON has a way to write it, and a column of JSON still takes none.
        guard !product.modifierGroups.contains(where: { $0.modifiers.contains(where: Self.holdsZero) }) else {
            return Self.skipped("Product", product.plu, product.name, Self.zeroCharacter)
        }
        do {
            let combination = try combination(product.modifierGroups)
            products.append(sync)
            products.append(counts.products)
            try products.append(product.plu)
            products.append(product.priceCents)
            products.append(product.vatBasisPoints)
            products.append(product.sortOrder)
            products.append(combination)
            try products.append(product.name)
            try products.append(product.kitchenName)
            try products.append(product.categoryId)
        } catch let error as PostgresError where error.kind == .zeroCharacter {
            products.dropRow()
            return Self.skipped("Product", product.plu, product.name, Self.zeroCharacter)
        }
        products.endRow()
        counts.products += 1
        return nil
    }

    mutating func add(_ category: CatalogCategory) throws -> CatalogNotice? {
        guard Self.isID(category.id) else { return Self.skipped("Category", category.id, category.name, Self.badID) }
        do {
            categories.append(sync)
            categories.append(counts.categories)
            try categories.append(category.id)
            try categories.append(category.name)
            try categories.append(category.parentId)
            categories.append(category.sortOrder)
        } catch  where error.kind == .zeroCharacter {
            categories.dropRow()
            return Self.skipped("Category", category.id, category.name, Self.zeroCharacter)
        }
        categories.endRow()
        counts.categories += 1
        return nil
    }

    mutating func add(_ selection: CatalogSelection) throws -> CatalogNotice? {
        guard Self.isID(selection.id) else {
            return Self.skipped("Selection", selection.id, selection.name, Self.badID)
        }
        do {
            selections.append(sync)
            selections.append(counts.selections)
            try selections.append(selection.id)
            try selections.append(selection.name)
            selections.append(selection.sortOrder)
            try selections.append(value: selection.plus)
        } catch let error as PostgresError where error.kind == .zeroCharacter {
            selections.dropRow()
            return Self.skipped("Selection", selection.id, selection.name, Self.zeroCharacter)
        }
        selections.endRow()
        counts.selections += 1
        return nil
    }

    // MARK: Modifier groups

    /// Stages a product's groups where they are new, and names their list.
    private mutating func combination(_ list: [CatalogModifierGroup]) throws -> UUID? {
        guard !list.isEmpty else { return nil }
        var whole = ContentDigest()
        var digests: [UUID] = []
        for group in list {
            let digest = ContentDigest.of(group)
            digests.append(digest)
            whole.add(digest)
            try stage(group, digest)
        }
        let combination = whole.finish()
        if Self.isNew(combination, &knownCombinations) {
            combinations.append(sync)
            combinations.append(combination)
            try combinations.append(value: digests)
            combinations.endRow()
        }
        return combination
    }

    private mutating func stage(_ group: CatalogModifierGroup, _ digest: UUID) throws {
        var named = ContentDigest()
        named.add(digest)
        named.add(group.id)
        let name = named.finish()
        guard Self.isNew(name, &knownGroups) else { return }
        do {
            groups.append(sync)
            groups.append(digest)
            // An id that cannot be kept gives way to the content's own name.
            try groups.append(Self.isID(group.id) ? group.id : digest.uuidString)
            try groups.append(group.name)
            groups.append(group.minimum)
            groups.append(group.maximum)
            try groups.append(value: JSON(group.modifiers))
        } catch {
            groups.dropRow()
            knownGroups.remove(name)
            throw error
        }
        groups.endRow()
    }

    private static func isNew(_ digest: UUID, _ known: inout Set<UUID>) -> Bool {
        if known.count >= maxKnown { known.removeAll(keepingCapacity: true) }
        return known.insert(digest).inserted
    }

    // MARK: What cannot be kept

    private static let badID = "its id is empty or longer than \(maxID) bytes"
    private static let zeroCharacter = "a text of it holds a zero character"

    private static func holdsZero(_ modifier: CatalogModifier) -> Bool {
        modifier.plu.contains("\0") || modifier.name.contains("\0")
    }

    private static func isID(_ id: String) -> Bool {
        (1...maxID).contains(id.utf8.count)
    }

    private static func skipped(_ what: String, _ id: String, _ name: String, _ why: String) -> CatalogNotice {
        let shown = "\(what) \(id.prefix(60)) \"\(name.prefix(60))\"".replacing("\0", with: "")
        return CatalogNotice(.skipped, "\(shown) was skipped: \(why).")
    }

    private static let productColumns = [
        "sync_id", "position", "plu", "price_cents", "tax_basis_points", "sort_order", "combination", "name",
        "kitchen_name", "category_id",
    ]
    private static let categoryColumns = ["sync_id", "position", "external_id", "name", "parent_id", "sort_order"]
    private static let selectionColumns = ["sync_id", "position", "external_id", "name", "sort_order", "plus"]
    private static let groupColumns = [
        "sync_id", "digest", "external_id", "name", "minimum", "maximum", "modifiers",
    ]
    private static let combinationColumns = ["sync_id", "combination", "digests"]
}

/// The first half of a SHA-256 over values, each with its length, so that two lists of values never read alike.
struct ContentDigest {
    private var hash = SHA256()

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            add(utf8.count)
            hash.update(bufferPointer: UnsafeRawBufferPointer(utf8))
        }
    }

    mutating func add(_ number: Int?) {
        // No count, price or length of ours reaches it.
        withUnsafeBytes(of: (number ?? .min).littleEndian) { hash.update(bufferPointer: $0) }
    }

    mutating func add(_ id: UUID) {
        withUnsafeBytes(of: id.uuid) { hash.update(bufferPointer: $0) }
    }

    consuming func finish() -> UUID {
        hash.finalize().withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    /// What makes two modifier groups equal: name, bounds and modifiers, not the register's id (rule K23).
    static func of(_ group: CatalogModifierGroup) -> UUID {
        var digest = ContentDigest()
        digest.add(group.name)
        digest.add(group.minimum)
        digest.add(group.maximum)
        for modifier in group.modifiers {
            digest.add(modifier.plu)
            digest.add(modifier.name)
            digest.add(modifier.priceCents)
        }
        return digest.finish()
    }
}
