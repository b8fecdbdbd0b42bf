import Foundation
package import RPC

/// What menu-sync checks of what it is asked, and shows in its document.
package enum MenuLimits {
    package static let pageSize = 1...1000
    /// Of `GetMenu`, which also says which sizes fit into one answer.
    package static let menuPageSize = 1...5000
    /// In bytes of UTF-8, as the limits of all texts here.
    package static let actor = 1...100
    package static let name = 1...200
    package static let description = 0...2000
    package static let imageURL = 1...2000
    package static let plu = 1...40
    package static let provider = 1...20
    package static let cursor = 1...500
    package static let etag = 1...200

    package static let version = 1...1_000_000_000
    package static let revision = 0...Int.max
    package static let sortOrder = -1_000_000...1_000_000
    package static let quantity = -1_000_000...1_000_000
    package static let giveBack = 0...4
    package static let changeKinds = 0...3
    package static let exceptPlus = 0...5000
    package static let checkedItems = 1...500
    package static let checkedModifiers = 0...500
    package static let checkedQuantity = 1...999
    package static let cents = 0...100_000_000
}

private let demoMerchant = MerchantID(unchecked: "demo-merchant")
private let demoLocation = LocationID(unchecked: "brasserie-du-port")

extension SchemaHint {
    fileprivate static var actor: SchemaHint {
        .text(bytes: MenuLimits.actor, "Who asks, by a name that people recognise.", example: "anna@upvendo")
    }
    fileprivate static var pageSize: SchemaHint { .number(MenuLimits.pageSize, "100 without it.") }
    fileprivate static var cursor: SchemaHint {
        .text(bytes: MenuLimits.cursor, "The `nextCursor` of the page before.")
    }
}

extension StartSyncRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "actor": .actor,
            "trigger": .about("Only known values are taken."),
            "planOnly": .about("Stops when the plan is made; nothing is changed."),
            "provider": .text(
                bytes: MenuLimits.provider,
                "Whose register is meant; without it whichever is connected.",
                example: "vanhoutte"
            ),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        StartSyncRequest(
            merchantId: demoMerchant,
            locationId: demoLocation,
            actor: "anna@upvendo",
            trigger: .person,
            planOnly: true
        )
    }
}

extension GetSyncRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "afterRevision": .number(
                MenuLimits.revision,
                "Waits until the import's revision is beyond this one, or the deadline is near."
            )
        ]
    }
}

extension ListSyncsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { ["pageSize": .pageSize, "cursor": .cursor] }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListSyncsRequest(merchantId: demoMerchant, locationId: demoLocation, pageSize: 10)
    }
}

extension PlanSyncRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "syncId": .about("Shows this import's plan; without it the register is read now."),
            "actor": .text(bytes: MenuLimits.actor, "Who asks; required without `syncId`.", example: "anna@upvendo"),
            "changes": .list(MenuLimits.changeKinds, "Only changes of these kinds. Only known values are taken."),
            "pageSize": .pageSize,
            "cursor": .cursor,
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        PlanSyncRequest(
            merchantId: demoMerchant,
            locationId: demoLocation,
            actor: "anna@upvendo",
            changes: [.removed],
            pageSize: 100
        )
    }
}

extension ApprovePlanRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "actor": .actor,
            "removals": .about("Whether items that the register no longer has are removed; true without it."),
            "priceChanges": .about("Whether changed prices are taken; true without it."),
            "exceptPlus": .list(MenuLimits.exceptPlus, "Items that stay as they are, by PLU of 1 to 40 bytes."),
        ]
    }
}

extension DiscardPlanRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { ["actor": .actor] }
}

extension GetMenuRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "version": .number(MenuLimits.version, "One of `ListVersions`; without it the current."),
            "ifNoneMatch": .text(bytes: MenuLimits.etag, "The `etag` of the menu that the caller has."),
            "pageSize": .number(MenuLimits.menuPageSize, "Items on a page; 1000 without it."),
            "cursor": .cursor,
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        GetMenuRequest(merchantId: demoMerchant, locationId: demoLocation, pageSize: 100)
    }
}

extension EditItemRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "actor": .actor,
            "name": .text(bytes: MenuLimits.name),
            "description": .text(bytes: MenuLimits.description),
            "imageUrl": .text(bytes: MenuLimits.imageURL, "An https address."),
            "sortOrder": .number(MenuLimits.sortOrder),
            "giveBack": .list(
                MenuLimits.giveBack,
                "Fields that follow the register again. Only known values are taken."
            ),
        ]
    }
}

extension ListVersionsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { ["pageSize": .pageSize, "cursor": .cursor] }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListVersionsRequest(merchantId: demoMerchant, locationId: demoLocation, pageSize: 10)
    }
}

extension RollbackMenuRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["version": .number(MenuLimits.version, "The version to go back to."), "actor": .actor]
    }
}

extension ListStockRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { ["pageSize": .pageSize, "cursor": .cursor] }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListStockRequest(merchantId: demoMerchant, locationId: demoLocation, outOfStockOnly: true)
    }
}

extension AdjustStockRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "plu": .text(bytes: MenuLimits.plu, example: "103"),
            "quantity": .number(MenuLimits.quantity, "What is left. This or `delta`, exactly one of them."),
            "delta": .number(MenuLimits.quantity, "How much more or less. This or `quantity`, exactly one of them."),
            "actor": .actor,
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        AdjustStockRequest(
            merchantId: demoMerchant,
            locationId: demoLocation,
            plu: "103",
            quantity: 12,
            actor: "anna@upvendo"
        )
    }
}

extension SyncStockRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { [:] }

    package static var schemaExample: (any Encodable & Sendable)? {
        SyncStockRequest(merchantId: demoMerchant, locationId: demoLocation)
    }
}

extension ListStockLocationsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] { ["pageSize": .pageSize, "cursor": .cursor] }

    package static var schemaExample: (any Encodable & Sendable)? { ListStockLocationsRequest(pageSize: 100) }
}

extension CheckItemsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["items": .list(MenuLimits.checkedItems)]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        CheckItemsRequest(
            merchantId: demoMerchant,
            locationId: demoLocation,
            items: [CheckedLine(plu: "103", quantity: 1, unitPriceCents: 1400)]
        )
    }
}

extension CheckedLine: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "plu": .text(bytes: MenuLimits.plu, example: "103"),
            "quantity": .number(MenuLimits.checkedQuantity),
            "unitPriceCents": .number(MenuLimits.cents, "What the guest would pay for one, without its modifiers."),
            "modifiers": .list(MenuLimits.checkedModifiers, "Each per unit of the line."),
        ]
    }
}

extension CheckedModifier: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "plu": .text(bytes: MenuLimits.plu, example: "902"),
            "quantity": .number(MenuLimits.checkedQuantity),
            "unitPriceCents": .number(MenuLimits.cents),
        ]
    }
}
