package import Foundation
package import RPC

// What is left of counted articles (rule K27), and whether an order could be served.

/// A page of a location's counted articles, by PLU.
package struct ListStockRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var outOfStockOnly: Bool?
    package var pageSize: Int?
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        outOfStockOnly: Bool? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.outOfStockOnly = outOfStockOnly
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListStockResponse: Codable, Hashable, Sendable {
    package var levels: [StockView]
    /// When the register was last asked; absent where it never was.
    package var readAt: Date?
    /// Absent on the last page.
    package var nextCursor: String?

    package init(levels: [StockView], readAt: Date? = nil, nextCursor: String? = nil) {
        self.levels = levels
        self.readAt = readAt
        self.nextCursor = nextCursor
    }
}

package struct StockView: Codable, Hashable, Sendable {
    package var plu: String
    /// Absent where the menu has no such item.
    package var itemId: UUID?
    package var name: String?
    /// 0 or less means out of stock.
    package var quantity: Int
    package var isOutOfStock: Bool
    package var source: Open<StockSource>
    /// Who set it; absent for the register.
    package var actor: String?
    package var at: Date

    package init(
        plu: String,
        itemId: UUID? = nil,
        name: String? = nil,
        quantity: Int,
        isOutOfStock: Bool,
        source: StockSource,
        actor: String? = nil,
        at: Date
    ) {
        self.plu = plu
        self.itemId = itemId
        self.name = name
        self.quantity = quantity
        self.isOutOfStock = isOutOfStock
        self.source = Open(source)
        self.actor = actor
        self.at = at
    }
}

/// Sets what is left of an article by hand.
///
/// Nothing is written to the register (rule K20): the next reading replaces it where the register counts the article too.
package struct AdjustStockRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var plu: String
    /// Exactly one of `quantity` and `delta`.
    package var quantity: Int?
    package var delta: Int?
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        plu: String,
        quantity: Int? = nil,
        delta: Int? = nil,
        actor: String
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.plu = plu
        self.quantity = quantity
        self.delta = delta
        self.actor = actor
    }
}

package struct AdjustStockResponse: Codable, Hashable, Sendable {
    package var level: StockView

    package init(level: StockView) {
        self.level = level
    }
}

package struct SyncStockRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID) {
        self.merchantId = merchantId
        self.locationId = locationId
    }
}

package struct SyncStockResponse: Codable, Hashable, Sendable {
    /// How many articles the register counts.
    package var levels: Int
    package var changed: Int
    package var outOfStock: Int

    package init(levels: Int, changed: Int, outOfStock: Int) {
        self.levels = levels
        self.changed = changed
        self.outOfStock = outOfStock
    }
}

package struct ListStockLocationsRequest: Codable, Hashable, Sendable {
    package var pageSize: Int?
    package var cursor: String?

    package init(pageSize: Int? = nil, cursor: String? = nil) {
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListStockLocationsResponse: Codable, Hashable, Sendable {
    package var locations: [StockLocation]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(locations: [StockLocation], nextCursor: String? = nil) {
        self.locations = locations
        self.nextCursor = nextCursor
    }
}

/// A location whose register counts articles.
package struct StockLocation: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var levels: Int
    package var readAt: Date?

    package init(merchantId: MerchantID, locationId: LocationID, levels: Int, readAt: Date? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.levels = levels
        self.readAt = readAt
    }
}

package struct CheckItemsRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var items: [CheckedLine]

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, items: [CheckedLine]) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.items = items
    }
}

/// A line of an order that is not paid yet.
package struct CheckedLine: Codable, Hashable, Sendable {
    package var plu: String
    package var quantity: Int
    /// What the guest would pay for one, without its modifiers; absent: not compared.
    package var unitPriceCents: Cents?
    /// Each per unit of the line.
    package var modifiers: [CheckedModifier]?

    package init(
        plu: String,
        quantity: Int,
        unitPriceCents: Cents? = nil,
        modifiers: [CheckedModifier]? = nil
    ) {
        self.plu = plu
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
        self.modifiers = modifiers
    }
}

package struct CheckedModifier: Codable, Hashable, Sendable {
    package var plu: String
    package var quantity: Int
    package var unitPriceCents: Cents?

    package init(plu: String, quantity: Int, unitPriceCents: Cents? = nil) {
        self.plu = plu
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
    }
}

package struct CheckItemsResponse: Codable, Hashable, Sendable {
    /// Absent where no menu was ever imported.
    package var menuVersion: Int?
    /// When the register's menu was last known to be this one.
    package var menuAsOf: Date?
    /// When the register was last asked for its stock; absent where it never was.
    package var stockAsOf: Date?
    /// Only lines with a problem, in their order.
    package var problems: [ItemProblem]

    package init(
        menuVersion: Int? = nil,
        menuAsOf: Date? = nil,
        stockAsOf: Date? = nil,
        problems: [ItemProblem]
    ) {
        self.menuVersion = menuVersion
        self.menuAsOf = menuAsOf
        self.stockAsOf = stockAsOf
        self.problems = problems
    }
}

package struct ItemProblem: Codable, Hashable, Sendable {
    /// The line's place in the request, from 0.
    package var line: Int
    /// The article it is about: the line's, or one of its modifiers'.
    package var plu: String
    package var reason: Open<ItemProblemReason>
    /// For the person at the kiosk or the one who looks after it.
    package var message: String
    /// What the menu says it costs, where the price differs.
    package var menuPriceCents: Cents?
    /// How many are left, where that is too few.
    package var available: Int?

    package init(
        line: Int,
        plu: String,
        reason: ItemProblemReason,
        message: String,
        menuPriceCents: Cents? = nil,
        available: Int? = nil
    ) {
        self.line = line
        self.plu = plu
        self.reason = Open(reason)
        self.message = message
        self.menuPriceCents = menuPriceCents
        self.available = available
    }
}

package enum StockSource: String, CaseIterable, Sendable, Codable {
    case register
    case person
}

package enum ItemProblemReason: String, CaseIterable, Sendable, Codable {
    /// No menu of this location ever had it.
    case unknownPlu = "unknown_plu"
    /// It was on the menu, and no longer is.
    case removedPlu = "removed_plu"
    case outOfStock = "out_of_stock"
    case priceDiffers = "price_differs"
    /// The item does not offer this modifier.
    case modifierNotOffered = "modifier_not_offered"
}
