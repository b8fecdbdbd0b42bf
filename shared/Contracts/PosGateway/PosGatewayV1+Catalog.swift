package import RPC

/// A part of a register's catalogue; parts add up, in the order in which they come.
///
/// Each list may be empty in any part. The last part of a whole catalogue has the ``summary``; a stream that ends without
/// one is not the whole catalogue, whatever it gave, and is asked for again from the beginning.
package struct CatalogPart: Codable, Hashable, Sendable {
    package var products: [CatalogProduct]
    package var categories: [CatalogCategory]
    package var selections: [CatalogSelection]
    /// What could not be read and was left out, or was read with a change, each by name.
    package var notices: [CatalogNotice]
    package var summary: CatalogSummary?

    package init(
        products: [CatalogProduct] = [],
        categories: [CatalogCategory] = [],
        selections: [CatalogSelection] = [],
        notices: [CatalogNotice] = [],
        summary: CatalogSummary? = nil
    ) {
        self.products = products
        self.categories = categories
        self.selections = selections
        self.notices = notices
        self.summary = summary
    }
}

/// An article as the register sells it.
package struct CatalogProduct: Codable, Hashable, Sendable {
    /// The article number, which orders name.
    package var plu: String
    package var name: String
    package var priceCents: Cents
    /// What the kitchen reads; also marks placeholders (rule K24).
    package var kitchenName: String?
    /// May name a category that the register does not list.
    package var categoryId: String?
    /// In hundredths of a percent: 21 % is 2100.
    package var vatBasisPoints: Int?
    package var sortOrder: Int?
    package var modifierGroups: [CatalogModifierGroup]

    package init(
        plu: String,
        name: String,
        priceCents: Cents,
        kitchenName: String? = nil,
        categoryId: String? = nil,
        vatBasisPoints: Int? = nil,
        sortOrder: Int? = nil,
        modifierGroups: [CatalogModifierGroup] = []
    ) {
        self.plu = plu
        self.name = name
        self.priceCents = priceCents
        self.kitchenName = kitchenName
        self.categoryId = categoryId
        self.vatBasisPoints = vatBasisPoints
        self.sortOrder = sortOrder
        self.modifierGroups = modifierGroups
    }
}

/// A choice that a guest makes on an article.
package struct CatalogModifierGroup: Codable, Hashable, Sendable {
    package var id: String
    package var name: String
    package var minimum: Int
    /// Absent where there is no bound.
    package var maximum: Int?
    package var modifiers: [CatalogModifier]

    package init(id: String, name: String, minimum: Int, maximum: Int?, modifiers: [CatalogModifier]) {
        self.id = id
        self.name = name
        self.minimum = minimum
        self.maximum = maximum
        self.modifiers = modifiers
    }
}

package struct CatalogModifier: Codable, Hashable, Sendable {
    /// The article number that an order names for it.
    package var plu: String
    package var name: String
    package var priceCents: Cents

    package init(plu: String, name: String, priceCents: Cents) {
        self.plu = plu
        self.name = name
        self.priceCents = priceCents
    }
}

/// A group of articles; nested through `parentId`, which names a category of the same catalogue and never leads in a circle.
package struct CatalogCategory: Codable, Hashable, Sendable {
    package var id: String
    package var name: String
    /// Absent at the top level.
    package var parentId: String?
    package var sortOrder: Int?

    package init(id: String, name: String, parentId: String? = nil, sortOrder: Int? = nil) {
        self.id = id
        self.name = name
        self.parentId = parentId
        self.sortOrder = sortOrder
    }
}

/// A named choice of articles that the register shows together, such as a lunch card.
package struct CatalogSelection: Codable, Hashable, Sendable {
    package var id: String
    package var name: String
    package var sortOrder: Int?
    /// In the register's order.
    package var plus: [String]

    package init(id: String, name: String, sortOrder: Int? = nil, plus: [String]) {
        self.id = id
        self.name = name
        self.sortOrder = sortOrder
        self.plus = plus
    }
}

/// What was left out or changed on reading, for people.
package struct CatalogNotice: Codable, Hashable, Sendable {
    package var kind: Open<CatalogNoticeKind>
    /// Names the thing as far as it could be read, and says what is wrong with it.
    package var message: String

    package init(_ kind: CatalogNoticeKind, _ message: String) {
        self.kind = Open(kind)
        self.message = message
    }
}

package enum CatalogNoticeKind: String, CaseIterable, Sendable, Codable {
    /// Something could not be read and is missing here.
    case skipped
    /// Something was read, and not as it was written.
    case adjusted
}

/// What a whole catalogue holds.
package struct CatalogSummary: Codable, Hashable, Sendable {
    package var products: Int
    package var categories: Int
    package var selections: Int
    /// How many products, categories and selections could not be read.
    package var skipped: Int

    package init(products: Int = 0, categories: Int = 0, selections: Int = 0, skipped: Int = 0) {
        self.products = products
        self.categories = categories
        self.selections = selections
        self.skipped = skipped
    }
}

package struct ReadStockRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Asks only for what is at or under it (rule K27).
    package var threshold: Int?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, threshold: Int? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.threshold = threshold
    }
}

package struct ReadStockResponse: Codable, Hashable, Sendable {
    /// Articles that are not listed are not limited, or are above the threshold.
    package var levels: [StockLevel]
    package var notices: [CatalogNotice]

    package init(levels: [StockLevel], notices: [CatalogNotice] = []) {
        self.levels = levels
        self.notices = notices
    }
}

package struct StockLevel: Codable, Hashable, Sendable {
    package var plu: String
    package var name: String?
    /// 0 or less means out of stock.
    package var quantity: Int

    package init(plu: String, name: String? = nil, quantity: Int) {
        self.plu = plu
        self.name = name
        self.quantity = quantity
    }
}
