/// Everything that the register sells.
package struct RegisterCatalog: Codable, Sendable, Equatable {
    package var products: [RegisterProduct]
    package var categories: [RegisterCategory]
    package var selections: [RegisterSelection]

    package init(
        products: [RegisterProduct],
        categories: [RegisterCategory] = [],
        selections: [RegisterSelection] = []
    ) {
        self.products = products
        self.categories = categories
        self.selections = selections
    }

    /// The first product of that id; a test may plant a second one.
    package func product(_ id: Int) -> RegisterProduct? {
        products.first { $0.id == id }
    }

    /// A small brasserie: drinks, mains, desserts, and what may go on them.
    package static let brasserie = RegisterCatalog(
        products: [
            RegisterProduct(
                id: 101,
                name: "Coffee",
                priceCents: 250,
                kitchenName: "COF",
                categoryId: 3,
                vatPercentage: 21,
                sortOrder: 1,
                modifierGroups: [.init(id: 7, name: "Milk", min: 0, max: 1, modifiers: [901])]
            ),
            RegisterProduct(
                id: 102,
                name: "Crème brûlée",
                priceCents: 650,
                kitchenName: "CRB",
                categoryId: 5,
                vatPercentage: 12,
                sortOrder: 2
            ),
            RegisterProduct(
                id: 103,
                name: "Burger",
                priceCents: 1400,
                kitchenName: "BUR",
                categoryId: 4,
                vatPercentage: 12,
                sortOrder: 3,
                modifierGroups: [.init(id: 8, name: "Extras", min: 0, max: 0, modifiers: [902, 903])]
            ),
            RegisterProduct(
                id: 104,
                name: "Mint tea",
                priceCents: 320,
                kitchenName: "TEA",
                categoryId: 3,
                vatPercentage: 21,
                sortOrder: 4
            ),
            RegisterProduct(
                id: 105,
                name: "Soup of the day",
                priceCents: 590,
                kitchenName: "SOU",
                categoryId: 4,
                vatPercentage: 12,
                sortOrder: 5,
                stock: 12
            ),
            RegisterProduct(
                id: 106,
                name: "Service fee",
                priceCents: 100,
                kitchenName: "FEE",
                categoryId: 6,
                vatPercentage: 21,
                sortOrder: 6
            ),
            RegisterProduct(id: 107, name: "42", priceCents: 0, kitchenName: "42", categoryId: 6, sortOrder: 7),
            RegisterProduct(id: 901, name: "Oat milk", priceCents: 50, kitchenName: "OAT", listed: false),
            RegisterProduct(id: 902, name: "Extra cheese", priceCents: 150, kitchenName: "CHE", listed: false),
            RegisterProduct(id: 903, name: "Bacon", priceCents: 200, kitchenName: "BAC", listed: false),
        ],
        categories: [
            RegisterCategory(id: 1, name: "Drinks", sortOrder: 1),
            RegisterCategory(id: 2, name: "Food", sortOrder: 2),
            RegisterCategory(id: 3, name: "Hot drinks", parentId: 1, sortOrder: 1),
            RegisterCategory(id: 4, name: "Mains", parentId: 2, sortOrder: 1),
            RegisterCategory(id: 5, name: "Desserts", parentId: 2, sortOrder: 2),
            RegisterCategory(id: 6, name: "Other", sortOrder: 3),
        ],
        selections: [
            RegisterSelection(id: 1, name: "Lunch", sortOrder: 1, products: [101, 103, 105]),
            RegisterSelection(id: 2, name: "Takeaway", sortOrder: 2, products: [101, 102, 104]),
        ]
    )
}
