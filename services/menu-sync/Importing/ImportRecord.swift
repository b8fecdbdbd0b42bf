import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// An import as it is stored.
struct ImportRecord: Sendable {
    let id: UUID
    let key: MenuKey
    let gateway: String
    let provider: String
    var state: SyncState
    var trigger: String
    var actor: String
    var planOnly: Bool
    var step: ImportStep
    /// Attempts at the step's stage that failed.
    var failures: Int
    /// Workers that vanished during the step's stage.
    var takeovers: Int
    /// Grows with each worker that takes it; statements of an earlier one have no effect.
    var generation: Int
    var revision: Int
    /// All four, in their order.
    var stages: [StageView]
    var findings: ImportFindings
    var plan: PlanSummary?
    /// The version of the menu that the plan was made against; 0 where there was none.
    var baseVersion: Int?
    var approval: Approval?
    var reason: String?
    var message: String
    var menuVersion: Int?
    let requestedAt: Date
    var startedAt: Date?
    var endedAt: Date?

    static let columns = """
        sync_id, merchant_id, location_id, gateway, provider, state, trigger, actor, plan_only, step, failures, takeovers,
        generation, revision, stages, findings, plan, base_version, approval, reason, message, menu_version, requested_at,
        started_at, ended_at
        """

    init(_ row: Row) throws {
        id = try row["sync_id"]
        key = MenuKey(merchantID: try row["merchant_id"], locationID: try row["location_id"])
        gateway = try row["gateway"]
        provider = try row["provider"]
        state = try row["state"]
        trigger = try row["trigger"]
        actor = try row["actor"]
        planOnly = try row["plan_only"]
        step = try row["step"]
        failures = try row["failures"]
        takeovers = try row["takeovers"]
        generation = try row["generation"]
        revision = try row["revision"]
        stages = try row["stages", as: JSON<[StageView]>.self].value
        findings = try row["findings", as: JSON<ImportFindings>.self].value
        plan = try row["plan", as: JSON<PlanSummary>?.self]?.value
        baseVersion = try row["base_version"]
        approval = try row["approval", as: JSON<Approval>?.self]?.value
        reason = try row["reason"]
        message = try row["message"]
        menuVersion = try row["menu_version"]
        requestedAt = try row["requested_at"]
        startedAt = try row["started_at"]
        endedAt = try row["ended_at"]
    }

    /// Changes how a stage is shown.
    mutating func change(_ stage: SyncStage, _ change: (inout StageView) -> Void) {
        guard let index = stages.firstIndex(where: { $0.stage == .known(stage) }) else { return }
        change(&stages[index])
    }

    func view(of stage: SyncStage) -> StageView? { stages.first { $0.stage == .known(stage) } }

    /// All stages before the first attempt.
    static var freshStages: [StageView] {
        SyncStage.allCases.map { StageView(stage: $0, state: .waiting, attempt: 0, done: 0) }
    }
}

/// What an import found, stage by stage; what a stage found replaces what an earlier attempt at it did.
struct ImportFindings: Codable, Hashable, Sendable {
    /// How much of each was brought; keys are the names of rule K10, such as `display_groups_imported`.
    var counts: [String: Int] = [:]
    /// What could not be read or used, by step.
    var skipped: [String: Int] = [:]
    /// Whether the menu is another one now; absent before it was applied.
    var isChanged: Bool?
    /// By step; the first hundred of each.
    var notices: [String: [CatalogNotice]] = [:]
    /// By step; all of them.
    var noticeCounts: [String: Int] = [:]
    var tableSection: String?
    var menuID: UUID?

    static let shownNotices = 100

    mutating func set(_ notices: [CatalogNotice], _ count: Int, by step: ImportStep) {
        self.notices[step.rawValue] = Array(notices.prefix(Self.shownNotices))
        noticeCounts[step.rawValue] = count
    }

    /// In the order of the steps.
    var shown: [CatalogNotice] {
        var all: [CatalogNotice] = []
        var step: ImportStep? = .read
        while let current = step, all.count < Self.shownNotices {
            all += notices[current.rawValue] ?? []
            step = current.next
        }
        return Array(all.prefix(Self.shownNotices))
    }

    var noticeCount: Int { noticeCounts.values.reduce(0, +) }
}

/// What a person approved of a plan.
struct Approval: Codable, Hashable, Sendable {
    var actor: String
    var removals: Bool
    var priceChanges: Bool
    var exceptPlus: [String]

    /// All of it.
    init(actor: String, removals: Bool = true, priceChanges: Bool = true, exceptPlus: [String] = []) {
        self.actor = actor
        self.removals = removals
        self.priceChanges = priceChanges
        self.exceptPlus = exceptPlus
    }
}

extension SyncState: PostgresEncodable, PostgresDecodable {}

extension SyncView {
    init(_ record: ImportRecord) {
        self.init(
            syncId: record.id,
            merchantId: record.key.merchantID,
            locationId: record.key.locationID,
            provider: record.provider,
            state: record.state,
            revision: record.revision,
            trigger: SyncTrigger(rawValue: record.trigger) ?? .person,
            actor: record.actor,
            planOnly: record.planOnly,
            stages: record.stages,
            plan: record.plan,
            reason: record.reason,
            message: record.message,
            menuVersion: record.menuVersion,
            notices: record.findings.shown,
            noticeCount: record.findings.noticeCount,
            requestedAt: record.requestedAt,
            startedAt: record.startedAt,
            endedAt: record.endedAt
        )
    }
}

extension SyncState {
    /// Whether a worker has, or will have, something to do for it.
    var isLive: Bool { self == .pending || self == .inProgress }

    /// Whether nothing will change any more.
    var isFinal: Bool { self == .succeeded || self == .failed || self == .discarded }
}
