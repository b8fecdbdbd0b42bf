import Contracts
import Foundation

/// When a plan waits for a person: shares of the items that the menu has.
struct PlanGuard: Sendable, Equatable {
    /// More removed items than this share.
    var removes: Double = 0.20
    /// More items with another price than this share.
    var reprices: Double = 0.30

    /// Why the plan waits, as stable tokens; a first import never does.
    func reasons(removed: Int, repriced: Int, of items: Int, isFirst: Bool) -> [String] {
        guard !isFirst, items > 0 else { return [] }
        var reasons: [String] = []
        if Double(removed) > removes * Double(items) { reasons.append("removes_too_much") }
        if Double(repriced) > reprices * Double(items) { reasons.append("reprices_too_much") }
        return reasons
    }
}

/// A plan, and the version of the menu that it starts from.
struct StoredPlan: Sendable, Equatable {
    var summary: PlanSummary
    /// 0 where there is no menu yet.
    var baseVersion: Int

    var isHeld: Bool { !summary.heldBecause.isEmpty }
    /// Whether applying it would change nothing.
    var isEmpty: Bool { summary.added == 0 && summary.changed == 0 && summary.removed == 0 }
}

/// Which of a plan's changes are taken.
struct PlanSelection: Sendable, Equatable {
    /// Whether items that the register no longer has are removed.
    var removals = true
    /// Whether changed prices are taken.
    var priceChanges = true
    /// Items that stay as they are.
    var exceptPlus: Set<String> = []

    static let whole = PlanSelection()

    var isWhole: Bool { self == .whole }
}

/// What came of applying a plan.
struct AppliedPlan: Sendable, Equatable {
    /// The version that the menu has now.
    var currentVersion: Int
    /// The new version; `nil` where there was nothing to change.
    var version: MenuVersion?

    var isUnchanged: Bool { version == nil }
}

/// Where a page of a plan's changes ended.
struct PlanCursor: Sendable, Equatable {
    let entry: MenuEntryKind
    let externalID: String
}
