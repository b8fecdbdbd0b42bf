package import Foundation
package import RPC

// Imports: what is asked for, and how each stands (rules K10, K21).

package struct StartSyncRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Who asks: a person or a program, by a name that people recognise.
    package var actor: String
    package var trigger: Open<SyncTrigger>
    /// Stops when the plan is made; nothing is changed.
    package var planOnly: Bool?
    /// Whose register is meant, such as `vanhoutte`; absent: whichever is connected.
    package var provider: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        actor: String,
        trigger: SyncTrigger,
        planOnly: Bool? = nil,
        provider: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.actor = actor
        self.trigger = Open(trigger)
        self.planOnly = planOnly
        self.provider = provider
    }
}

package struct StartSyncResponse: Codable, Hashable, Sendable {
    package var sync: SyncView
    /// The location was being imported already; this is that import.
    package var joined: Bool

    package init(sync: SyncView, joined: Bool) {
        self.sync = sync
        self.joined = joined
    }
}

package struct GetSyncRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var syncId: UUID
    /// Waits until the import's revision is beyond this one, or the deadline is near.
    package var afterRevision: Int?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, syncId: UUID, afterRevision: Int? = nil) {
        self.merchantId = merchantId
        self.syncId = syncId
        self.afterRevision = afterRevision
    }
}

package struct SyncResponse: Codable, Hashable, Sendable {
    package var sync: SyncView

    package init(sync: SyncView) {
        self.sync = sync
    }
}

/// A page of a location's imports, newest first.
package struct ListSyncsRequest: Codable, Hashable, Sendable, MerchantScoped {
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

package struct ListSyncsResponse: Codable, Hashable, Sendable {
    package var syncs: [SyncView]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(syncs: [SyncView], nextCursor: String? = nil) {
        self.syncs = syncs
        self.nextCursor = nextCursor
    }
}

/// An import: where it is, what it found, how it ended.
package struct SyncView: Codable, Hashable, Sendable {
    package var syncId: UUID
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Whose register was read, such as `vanhoutte`.
    package var provider: String
    package var state: Open<SyncState>
    /// Grows with every change of this import, progress included.
    package var revision: Int
    package var trigger: Open<SyncTrigger>
    package var actor: String
    package var planOnly: Bool
    /// All four, in their order.
    package var stages: [StageView]
    /// Absent until the plan is made.
    package var plan: PlanSummary?
    /// Why it waits or failed, as a stable token.
    package var reason: String?
    /// For the restaurant owner: the cause and the next action (rule P1).
    package var message: String
    /// The version of the menu that came of it; absent where nothing was applied.
    package var menuVersion: Int?
    /// What was left out or read with a change, by name; the first 100 of `noticeCount`.
    package var notices: [CatalogNotice]
    package var noticeCount: Int
    package var requestedAt: Date
    package var startedAt: Date?
    package var endedAt: Date?

    package init(
        syncId: UUID,
        merchantId: MerchantID,
        locationId: LocationID,
        provider: String,
        state: SyncState,
        revision: Int,
        trigger: SyncTrigger,
        actor: String,
        planOnly: Bool,
        stages: [StageView],
        plan: PlanSummary? = nil,
        reason: String? = nil,
        message: String,
        menuVersion: Int? = nil,
        notices: [CatalogNotice],
        noticeCount: Int,
        requestedAt: Date,
        startedAt: Date? = nil,
        endedAt: Date? = nil
    ) {
        self.syncId = syncId
        self.merchantId = merchantId
        self.locationId = locationId
        self.provider = provider
        self.state = Open(state)
        self.revision = revision
        self.trigger = Open(trigger)
        self.actor = actor
        self.planOnly = planOnly
        self.stages = stages
        self.plan = plan
        self.reason = reason
        self.message = message
        self.menuVersion = menuVersion
        self.notices = notices
        self.noticeCount = noticeCount
        self.requestedAt = requestedAt
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}

/// How one of the four chained stages stands.
package struct StageView: Codable, Hashable, Sendable {
    package var stage: Open<SyncStage>
    package var state: Open<StageState>
    /// Which of three attempts this is, from 1; 0 before the first (rule K21).
    package var attempt: Int
    /// How many entries are through.
    package var done: Int
    /// How many there are; absent while that is not known.
    package var total: Int?
    /// Entries per second of the running or last attempt.
    package var ratePerSecond: Double?
    package var startedAt: Date?
    package var endedAt: Date?
    /// When the next attempt begins, after one that failed.
    package var nextAttemptAt: Date?
    /// Why the last attempt failed.
    package var problem: String?

    package init(
        stage: SyncStage,
        state: StageState,
        attempt: Int,
        done: Int,
        total: Int? = nil,
        ratePerSecond: Double? = nil,
        startedAt: Date? = nil,
        endedAt: Date? = nil,
        nextAttemptAt: Date? = nil,
        problem: String? = nil
    ) {
        self.stage = Open(stage)
        self.state = Open(state)
        self.attempt = attempt
        self.done = done
        self.total = total
        self.ratePerSecond = ratePerSecond
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.nextAttemptAt = nextAttemptAt
        self.problem = problem
    }
}

/// What set an import off.
package enum SyncTrigger: String, CaseIterable, Sendable, Codable {
    /// A call of ours.
    case person
    /// `sync-menu` in the backoffice (rule K5).
    case backoffice
    /// The location's daily time (rule K9).
    case schedule
    /// `menu-sync import` (rule K28).
    case commandLine = "command_line"
}

package enum SyncState: String, CaseIterable, Sendable, Codable {
    /// Asked for, and not begun.
    case pending
    case inProgress = "in_progress"
    /// The plan takes away or reprices too much; a person decides (`ApprovePlan`, `DiscardPlan`).
    case held
    /// The plan was asked for, and is there; nothing was changed.
    case planned
    case succeeded
    case failed
    /// A person dismissed the plan, or a newer import took its place.
    case discarded
}

/// The chain (rule K21).
package enum SyncStage: String, CaseIterable, Sendable, Codable {
    /// The register's whole catalogue is read into staging.
    case menu
    case categories
    case products
    /// Display groups, then the plan, its application, tables and stock.
    case displayGroups = "display_groups"
}

package enum StageState: String, CaseIterable, Sendable, Codable {
    case waiting
    case running
    case done
    case failed
}
