package import Foundation
package import RPC

// What an import would change, before it does.

/// Asks what an import would change.
///
/// Without `syncId` the register is read now, or the import under way is joined, and the answer waits for the plan until the
/// deadline is near. With it, that import's plan is shown page by page.
package struct PlanSyncRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var syncId: UUID?
    /// Who asks; required without `syncId`.
    package var actor: String?
    /// Only changes of these kinds.
    package var changes: [Open<PlanChangeKind>]?
    package var pageSize: Int?
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        syncId: UUID? = nil,
        actor: String? = nil,
        changes: [PlanChangeKind]? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.syncId = syncId
        self.actor = actor
        self.changes = changes?.map { Open($0) }
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct PlanSyncResponse: Codable, Hashable, Sendable {
    /// Its `plan` is absent while the register is still being read: ask again with its `syncId`.
    package var sync: SyncView
    package var changes: [PlanChange]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(sync: SyncView, changes: [PlanChange], nextCursor: String? = nil) {
        self.sync = sync
        self.changes = changes
        self.nextCursor = nextCursor
    }
}

/// A plan in numbers; each counts menu entries of every kind unless it says otherwise.
package struct PlanSummary: Codable, Hashable, Sendable {
    package var added: Int
    package var changed: Int
    package var removed: Int
    package var unchanged: Int
    /// Items of the menu as it is.
    package var currentItems: Int
    package var removedItems: Int
    /// Items whose price changes.
    package var repricedItems: Int
    /// Why a person must look at it, as stable tokens: `removes_too_much`, `reprices_too_much`.
    package var heldBecause: [String]

    package init(
        added: Int,
        changed: Int,
        removed: Int,
        unchanged: Int,
        currentItems: Int,
        removedItems: Int,
        repricedItems: Int,
        heldBecause: [String]
    ) {
        self.added = added
        self.changed = changed
        self.removed = removed
        self.unchanged = unchanged
        self.currentItems = currentItems
        self.removedItems = removedItems
        self.repricedItems = repricedItems
        self.heldBecause = heldBecause
    }
}

/// One entry that the plan adds, changes or removes.
package struct PlanChange: Codable, Hashable, Sendable {
    package var change: Open<PlanChangeKind>
    package var entry: Open<MenuEntryKind>
    /// The register's own id; of an item its PLU.
    package var externalId: String
    package var name: String
    /// What changes, field by field; of an added entry its new values, of a removed one its old.
    package var fields: [FieldChange]

    package init(
        change: PlanChangeKind,
        entry: MenuEntryKind,
        externalId: String,
        name: String,
        fields: [FieldChange]
    ) {
        self.change = Open(change)
        self.entry = Open(entry)
        self.externalId = externalId
        self.name = name
        self.fields = fields
    }
}

package struct FieldChange: Codable, Hashable, Sendable {
    package var field: String
    /// As JSON; absent where there was nothing.
    package var old: String?
    /// As JSON; absent where there will be nothing.
    package var new: String?

    package init(field: String, old: String? = nil, new: String? = nil) {
        self.field = field
        self.old = old
        self.new = new
    }
}

/// Approves a held or planned import, whole or in part.
///
/// In part means by items: what they need (categories, groups) comes with them.
package struct ApprovePlanRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var syncId: UUID
    package var actor: String
    /// Whether items that the register no longer has are removed; absent: yes.
    package var removals: Bool?
    /// Whether changed prices are taken; absent: yes.
    package var priceChanges: Bool?
    /// Items that stay as they are, by PLU.
    package var exceptPlus: [String]?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        syncId: UUID,
        actor: String,
        removals: Bool? = nil,
        priceChanges: Bool? = nil,
        exceptPlus: [String]? = nil
    ) {
        self.merchantId = merchantId
        self.syncId = syncId
        self.actor = actor
        self.removals = removals
        self.priceChanges = priceChanges
        self.exceptPlus = exceptPlus
    }
}

package struct DiscardPlanRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var syncId: UUID
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, syncId: UUID, actor: String) {
        self.merchantId = merchantId
        self.syncId = syncId
        self.actor = actor
    }
}

package enum PlanChangeKind: String, CaseIterable, Sendable, Codable {
    case added
    case changed
    case removed
}

package enum MenuEntryKind: String, CaseIterable, Sendable, Codable {
    case category
    case item
    /// With its modifiers.
    case modifierGroup = "modifier_group"
    case displayGroup = "display_group"
}
