/// An article of the register: something sold by itself, or a modifier of something else.
package struct RegisterProduct: Codable, Sendable, Equatable {
    package var id: Int
    package var name: String
    package var priceCents: Int
    package var kitchenName: String?
    package var categoryId: Int?
    package var vatPercentage: Int?
    package var sortOrder: Int?
    /// How many are left; nil when nobody counts.
    package var stock: Int?
    package var modifierGroups: [ModifierGroup]?
    /// Whether `GetAllProducts` lists it; a modifier is an article too, and is listed only in its groups.
    package var listed: Bool?

    package init(
        id: Int,
        name: String,
        priceCents: Int,
        kitchenName: String? = nil,
        categoryId: Int? = nil,
        vatPercentage: Int? = nil,
        sortOrder: Int? = nil,
        stock: Int? = nil,
        modifierGroups: [ModifierGroup]? = nil,
        listed: Bool? = nil
    ) {
        self.id = id
        self.name = name
        self.priceCents = priceCents
        self.kitchenName = kitchenName
        self.categoryId = categoryId
        self.vatPercentage = vatPercentage
        self.sortOrder = sortOrder
        self.stock = stock
        self.modifierGroups = modifierGroups
        self.listed = listed
    }

    /// Modifiers that a guest chooses from; each names an article by its id.
    package struct ModifierGroup: Codable, Sendable, Equatable {
        package var id: Int
        package var name: String
        package var min: Int
        /// The most that may be chosen; 0 means any number.
        package var max: Int
        package var modifiers: [Int]

        package init(id: Int, name: String, min: Int, max: Int, modifiers: [Int]) {
            self.id = id
            self.name = name
            self.min = min
            self.max = max
            self.modifiers = modifiers
        }
    }
}

/// A node of the register's category tree.
package struct RegisterCategory: Codable, Sendable, Equatable {
    package var id: Int
    package var name: String
    package var parentId: Int?
    package var sortOrder: Int?

    package init(id: Int, name: String, parentId: Int? = nil, sortOrder: Int? = nil) {
        self.id = id
        self.name = name
        self.parentId = parentId
        self.sortOrder = sortOrder
    }
}

/// A named choice of products, such as a lunch card.
package struct RegisterSelection: Codable, Sendable, Equatable {
    package var id: Int
    package var name: String
    package var sortOrder: Int?
    package var products: [Int]

    package init(id: Int, name: String, sortOrder: Int? = nil, products: [Int]) {
        self.id = id
        self.name = name
        self.sortOrder = sortOrder
        self.products = products
    }
}
