package import Foundation
package import RPC

// Menus as guests see them, and what a merchant changes in them.

/// Asks for a location's menu, page by page.
///
/// All pages are of one version: a page that could no longer fit the first fails with `aborted` (`menu_changed`).
package struct GetMenuRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// One of `ListVersions`; absent: the current.
    package var version: Int?
    /// The `etag` of the menu the caller has; where it is still that, the answer says so and holds nothing else.
    package var ifNoneMatch: String?
    /// Items on a page.
    package var pageSize: Int?
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        version: Int? = nil,
        ifNoneMatch: String? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.version = version
        self.ifNoneMatch = ifNoneMatch
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct GetMenuResponse: Codable, Hashable, Sendable {
    /// Changes with everything this answer could show.
    package var etag: String
    package var notModified: Bool
    /// On the first page only.
    package var menu: MenuView?
    /// By PLU.
    package var items: [MenuItem]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(
        etag: String,
        notModified: Bool,
        menu: MenuView? = nil,
        items: [MenuItem],
        nextCursor: String? = nil
    ) {
        self.etag = etag
        self.notModified = notModified
        self.menu = menu
        self.items = items
        self.nextCursor = nextCursor
    }
}

/// A menu but for its items.
package struct MenuView: Codable, Hashable, Sendable {
    package var menuId: UUID
    package var version: Int
    /// Whose register it comes from, such as `vanhoutte`.
    package var provider: String
    package var importedAt: Date
    package var itemCount: Int
    /// Nested through `parentId`.
    package var categories: [MenuCategory]
    package var modifierGroups: [MenuModifierGroup]
    package var displayGroups: [MenuDisplayGroup]

    package init(
        menuId: UUID,
        version: Int,
        provider: String,
        importedAt: Date,
        itemCount: Int,
        categories: [MenuCategory],
        modifierGroups: [MenuModifierGroup],
        displayGroups: [MenuDisplayGroup]
    ) {
        self.menuId = menuId
        self.version = version
        self.provider = provider
        self.importedAt = importedAt
        self.itemCount = itemCount
        self.categories = categories
        self.modifierGroups = modifierGroups
        self.displayGroups = displayGroups
    }
}

package struct MenuCategory: Codable, Hashable, Sendable {
    package var categoryId: UUID
    /// The register's id by provider (rule K23).
    package var externalIds: [String: String]
    package var name: String
    /// Absent at the top level.
    package var parentId: UUID?
    package var sortOrder: Int?

    package init(
        categoryId: UUID,
        externalIds: [String: String],
        name: String,
        parentId: UUID? = nil,
        sortOrder: Int? = nil
    ) {
        self.categoryId = categoryId
        self.externalIds = externalIds
        self.name = name
        self.parentId = parentId
        self.sortOrder = sortOrder
    }
}

/// An article as guests see it.
///
/// Price, PLU and tax are the register's; description, image and order the merchant's; the name follows the register until a
/// merchant edits it.
package struct MenuItem: Codable, Hashable, Sendable {
    package var itemId: UUID
    /// The register's id by provider (rule K23).
    package var externalIds: [String: String]
    package var plu: String
    package var name: String
    /// The register's name, where the merchant chose another.
    package var registerName: String?
    /// What the kitchen reads.
    package var kitchenName: String?
    package var priceCents: Cents
    /// In hundredths of a percent: 21 % is 2100.
    package var taxBasisPoints: Int?
    package var categoryId: UUID?
    /// The merchant's where chosen, else the register's.
    package var sortOrder: Int?
    package var description: String?
    package var imageUrl: String?
    package var modifierGroupIds: [UUID]

    package init(
        itemId: UUID,
        externalIds: [String: String],
        plu: String,
        name: String,
        registerName: String? = nil,
        kitchenName: String? = nil,
        priceCents: Cents,
        taxBasisPoints: Int? = nil,
        categoryId: UUID? = nil,
        sortOrder: Int? = nil,
        description: String? = nil,
        imageUrl: String? = nil,
        modifierGroupIds: [UUID]
    ) {
        self.itemId = itemId
        self.externalIds = externalIds
        self.plu = plu
        self.name = name
        self.registerName = registerName
        self.kitchenName = kitchenName
        self.priceCents = priceCents
        self.taxBasisPoints = taxBasisPoints
        self.categoryId = categoryId
        self.sortOrder = sortOrder
        self.description = description
        self.imageUrl = imageUrl
        self.modifierGroupIds = modifierGroupIds
    }
}

/// A choice that a guest makes on an item.
package struct MenuModifierGroup: Codable, Hashable, Sendable {
    package var modifierGroupId: UUID
    /// The register's id by provider (rule K23).
    package var externalIds: [String: String]
    package var name: String
    package var minimum: Int
    /// Absent where there is no bound.
    package var maximum: Int?
    package var modifiers: [MenuModifier]

    package init(
        modifierGroupId: UUID,
        externalIds: [String: String],
        name: String,
        minimum: Int,
        maximum: Int? = nil,
        modifiers: [MenuModifier]
    ) {
        self.modifierGroupId = modifierGroupId
        self.externalIds = externalIds
        self.name = name
        self.minimum = minimum
        self.maximum = maximum
        self.modifiers = modifiers
    }
}

package struct MenuModifier: Codable, Hashable, Sendable {
    package var plu: String
    package var name: String
    package var priceCents: Cents

    package init(plu: String, name: String, priceCents: Cents) {
        self.plu = plu
        self.name = name
        self.priceCents = priceCents
    }
}

/// Items that are shown together, such as a lunch card.
package struct MenuDisplayGroup: Codable, Hashable, Sendable {
    package var displayGroupId: UUID
    /// The register's id by provider (rule K23).
    package var externalIds: [String: String]
    package var name: String
    package var sortOrder: Int?
    /// In the register's order.
    package var itemIds: [UUID]

    package init(
        displayGroupId: UUID,
        externalIds: [String: String],
        name: String,
        sortOrder: Int? = nil,
        itemIds: [UUID]
    ) {
        self.displayGroupId = displayGroupId
        self.externalIds = externalIds
        self.name = name
        self.sortOrder = sortOrder
        self.itemIds = itemIds
    }
}

/// Changes what is the merchant's in an item; what is absent stays.
package struct EditItemRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var itemId: UUID
    package var actor: String
    package var name: String?
    package var description: String?
    /// An https address.
    package var imageUrl: String?
    package var sortOrder: Int?
    /// Fields that follow the register again, or are empty where it has none.
    package var giveBack: [Open<EditableField>]?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        itemId: UUID,
        actor: String,
        name: String? = nil,
        description: String? = nil,
        imageUrl: String? = nil,
        sortOrder: Int? = nil,
        giveBack: [EditableField]? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.itemId = itemId
        self.actor = actor
        self.name = name
        self.description = description
        self.imageUrl = imageUrl
        self.sortOrder = sortOrder
        self.giveBack = giveBack?.map { Open($0) }
    }
}

package struct EditItemResponse: Codable, Hashable, Sendable {
    package var item: MenuItem
    /// False where the item was like that already.
    package var changed: Bool

    package init(item: MenuItem, changed: Bool) {
        self.item = item
        self.changed = changed
    }
}

/// A page of a menu's versions, newest first.
package struct ListVersionsRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var pageSize: Int?
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListVersionsResponse: Codable, Hashable, Sendable {
    package var versions: [MenuVersion]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(versions: [MenuVersion], nextCursor: String? = nil) {
        self.versions = versions
        self.nextCursor = nextCursor
    }
}

package struct MenuVersion: Codable, Hashable, Sendable {
    package var version: Int
    package var appliedAt: Date
    /// The import it came from; absent for a rollback.
    package var syncId: UUID?
    /// The version it went back to.
    package var rollbackOf: Int?
    package var actor: String
    package var added: Int
    package var changed: Int
    package var removed: Int
    package var itemCount: Int
    package var isCurrent: Bool

    package init(
        version: Int,
        appliedAt: Date,
        syncId: UUID? = nil,
        rollbackOf: Int? = nil,
        actor: String,
        added: Int,
        changed: Int,
        removed: Int,
        itemCount: Int,
        isCurrent: Bool
    ) {
        self.version = version
        self.appliedAt = appliedAt
        self.syncId = syncId
        self.rollbackOf = rollbackOf
        self.actor = actor
        self.added = added
        self.changed = changed
        self.removed = removed
        self.itemCount = itemCount
        self.isCurrent = isCurrent
    }
}

package struct RollbackMenuRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// The version to go back to.
    package var version: Int
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, version: Int, actor: String) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.version = version
        self.actor = actor
    }
}

package struct RollbackMenuResponse: Codable, Hashable, Sendable {
    /// A new one, with the content of the one gone back to.
    package var version: MenuVersion
    /// False where the menu had that content already.
    package var changed: Bool

    package init(version: MenuVersion, changed: Bool) {
        self.version = version
        self.changed = changed
    }
}

/// What a merchant may change in an item (rule K25).
package enum EditableField: String, CaseIterable, Sendable, Codable {
    case name
    case description
    case imageUrl
    case sortOrder
}
