import Contracts
import Foundation

/// What a catalogue becomes, in a few lines: the model that the store is compared with.
struct MenuModel: Equatable {
    struct Group: Hashable {
        var name: String
        var minimum: Int
        var maximum: Int?
        var modifiers: [MenuModifier]
    }

    struct Item: Equatable {
        var name: String
        var priceCents: Int
        var kitchenName: String?
        var tax: Int?
        var sortOrder: Int?
        var category: String?
        var groups: [Group]
    }

    var items: [String: Item] = [:]
    /// Name and parent by the register's id.
    var categories: [String: String] = [:]
    var groups: Set<Group> = []
    var displayGroups: [String: [String]] = [:]
}

extension MenuModel {
    init(_ catalog: CatalogPart, provider: String = MenuBed.provider) {
        for category in catalog.categories where categories[category.id] == nil {
            categories[category.id] = "\(category.name)/\(category.parentId ?? "")"
        }
        let listed = Set(categories.keys)
        for product in catalog.products where items[product.plu] == nil && !Self.isPlaceholder(product) {
            var category = product.categoryId
            if let wanted = category, !listed.contains(wanted) {
                category = provider
                categories[provider] = "\(provider.prefix(1).uppercased())\(provider.dropFirst())/"
            }
            var offered: [Group] = []
            for group in product.modifierGroups.map(Group.init) where !offered.contains(group) {
                offered.append(group)
            }
            groups.formUnion(offered)
            items[product.plu] = Item(
                name: product.name,
                priceCents: product.priceCents,
                kitchenName: product.kitchenName,
                tax: product.vatBasisPoints,
                sortOrder: product.sortOrder,
                category: category,
                groups: offered
            )
        }
        for selection in catalog.selections where displayGroups[selection.id] == nil {
            var plus: [String] = []
            for plu in selection.plus where items[plu] != nil && !plus.contains(plu) { plus.append(plu) }
            if !plus.isEmpty { displayGroups[selection.id] = plus }
        }
    }

    private static func isPlaceholder(_ product: CatalogProduct) -> Bool {
        guard let kitchen = product.kitchenName else { return false }
        let isNumber = !product.name.isEmpty && product.name.utf8.allSatisfy { (48...57).contains($0) }
        return kitchen == "zz" || kitchen.lowercased().contains(" pager ") || (isNumber && kitchen == product.name)
    }
}

extension MenuModel.Group {
    init(_ group: CatalogModifierGroup) {
        self.init(
            name: group.name,
            minimum: group.minimum,
            maximum: group.maximum,
            modifiers: group.modifiers.map { MenuModifier(plu: $0.plu, name: $0.name, priceCents: $0.priceCents) }
        )
    }

    init(_ group: MenuModifierGroup?) {
        self.init(
            name: group?.name ?? "dangling",
            minimum: group?.minimum ?? 0,
            maximum: group?.maximum,
            modifiers: group?.modifiers ?? []
        )
    }
}

/// Catalogues made up at random, the same for the same seed.
struct CatalogMaker: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    /// Ids come from a small range, so that two catalogues share most of them and repeat some.
    mutating func catalog() -> CatalogPart {
        let categories = (0..<Int.random(in: 0...8, using: &self)).map { index in
            CatalogCategory(
                id: "\(index * 3)",
                name: pick(["Dranken", "Plats chauds", "Süßes", "特別"]),
                parentId: index > 0 && chance(50) ? "\(Int.random(in: 0..<index, using: &self) * 3)" : nil,
                sortOrder: chance(50) ? index : nil
            )
        }
        var products = [CatalogProduct.of("1", "Always there")]
        for _ in 0..<Int.random(in: 0...60, using: &self) { products.append(product()) }
        let selections = (0..<Int.random(in: 0...4, using: &self)).map { index in
            CatalogSelection(
                id: "\(index)",
                name: "Card \(index)",
                plus: (0..<Int.random(in: 0...12, using: &self)).map { _ in
                    "\(Int.random(in: 1...50, using: &self))"
                }
            )
        }
        return .of(products, categories: categories, selections: selections)
    }

    private mutating func product() -> CatalogProduct {
        let plu = "\(Int.random(in: 1...45, using: &self))"
        return CatalogProduct(
            plu: plu,
            name: pick(["Koffie", "Crème brûlée", "Tab\there", "back\\slash", "🍰", plu]),
            priceCents: Int.random(in: -100...5_000, using: &self),
            kitchenName: pick([nil, nil, nil, "zz", "x PAGER y", plu, "KOF"]),
            categoryId: pick([nil, "0", "3", "6", "30"]),
            vatBasisPoints: pick([nil, 600, 2100]),
            sortOrder: pick([nil, 1, 2]),
            modifierGroups: (0..<Int.random(in: 0...3, using: &self)).map { _ in
                .of(
                    "\(Int.random(in: 1...9, using: &self))",
                    pick(["Milk", "Sauce"]),
                    ["901": pick([0, 50]), pick(["902", "903"]): 75]
                )
            }
        )
    }
}
