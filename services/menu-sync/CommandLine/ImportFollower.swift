import Contracts
import Foundation
import Logging
import RPC
import RPCClient

/// Starts an import at a running menu-sync, follows it, and shows what came of it.
struct ImportFollower: Sendable {
    let client: RPCClient
    let merchant: MerchantID
    let location: LocationID
    let provider: String
    let actor: String
    let screen: ImportScreen

    private static let logger = Logger(label: "menu-sync import") { _ in SwiftLogNoOpLogHandler() }

    /// Runs to the end.
    ///
    /// - Returns: Whether it ended as it was meant to.
    func run(showsPlan: Bool, approves: Bool) async throws -> Bool {
        let started = try await client.call(
            MenuSyncV1.startSync,
            StartSyncRequest(
                merchantId: merchant,
                locationId: location,
                actor: actor,
                trigger: .commandLine,
                planOnly: showsPlan,
                provider: provider
            ),
            context: context(.seconds(20))
        )
        if started.joined { screen.line("The location is being imported already; this follows that import.") }
        var sync = try await follow(started.sync)
        if showsPlan, sync.plan != nil, sync.state != .known(.failed) { try await showPlan(of: sync) }
        if sync.state == .known(.held), approves {
            screen.line(sync.message)
            screen.line("Approving it.")
            sync = try await follow(try await approve(sync))
        }
        return end(sync, showsPlan: showsPlan)
    }

    // MARK: - Following

    /// The import when it has ended, or waits for a person.
    private func follow(_ first: SyncView) async throws -> SyncView {
        var sync = first
        var failures = 0
        screen.show(sync)
        while sync.state == .known(.pending) || sync.state == .known(.inProgress) {
            switch await next(after: sync) {
            case .success(let changed):
                sync = changed
                failures = 0
            case .failure(let error):
                // A replica may be going down; another one answers.
                let isPassing = error.code == .unavailable || error.code == .deadlineExceeded
                failures += 1
                guard isPassing, failures < 10 else { throw error }
                try await Task.sleep(for: .seconds(1))
            }
            screen.show(sync)
        }
        screen.finish()
        return sync
    }

    private func next(after sync: SyncView) async -> Result<SyncView, RPCError> {
        let request = GetSyncRequest(merchantId: merchant, syncId: sync.syncId, afterRevision: sync.revision)
        do throws(RPCError) {
            return .success(try await client.call(MenuSyncV1.getSync, request, context: context(.seconds(25))).sync)
        } catch {
            return .failure(error)
        }
    }

    private func approve(_ sync: SyncView) async throws -> SyncView {
        try await client.call(
            MenuSyncV1.approvePlan,
            ApprovePlanRequest(merchantId: merchant, syncId: sync.syncId, actor: actor),
            context: context(.seconds(60))
        ).sync
    }

    // MARK: - What came of it

    private func showPlan(of sync: SyncView) async throws {
        var cursor: String?
        repeat {
            let page = try await client.call(
                MenuSyncV1.planSync,
                PlanSyncRequest(
                    merchantId: merchant,
                    locationId: location,
                    syncId: sync.syncId,
                    pageSize: 1000,
                    cursor: cursor
                ),
                context: context(.seconds(30))
            )
            for change in page.changes { screen.line(Self.text(change)) }
            cursor = page.nextCursor
        } while cursor != nil
    }

    private static func text(_ change: PlanChange) -> String {
        let sign =
            switch change.change {
            case .known(.added): "+"
            case .known(.removed): "-"
            default: "~"
            }
        let entry = change.entry.text.replacing("_", with: " ")
        let head = "\(sign) \(pad(entry, 14)) \(pad(change.externalId, 10)) \(change.name)"
        guard change.change == .known(.changed) else { return head }
        let fields = change.fields.map { "\($0.field): \($0.old ?? "nothing") → \($0.new ?? "nothing")" }
        return "\(head)  (\(fields.joined(separator: "; ")))"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func end(_ sync: SyncView, showsPlan: Bool) -> Bool {
        for notice in sync.notices { screen.line("note: \(notice.message)") }
        if sync.noticeCount > sync.notices.count {
            screen.line("note: and \(sync.noticeCount - sync.notices.count) more")
        }
        if let plan = sync.plan {
            screen.line(
                "plan: \(plan.added) added, \(plan.changed) changed, \(plan.removed) removed, \(plan.unchanged) unchanged"
            )
        }
        screen.line(sync.message)
        switch sync.state {
        case .known(.succeeded): return true
        case .known(.planned): return showsPlan
        case .known(.held):
            screen.line(
                showsPlan
                    ? "An import would wait for a person."
                    : "Look at it with --plan, and approve it with --approve or ApprovePlan (sync \(sync.syncId.uuidString.lowercased()))."
            )
            return showsPlan
        default:
            if let reason = sync.reason { screen.line("reason: \(reason) (docs/reasons.md)") }
            return false
        }
    }

    private func context(_ timeout: Duration) -> CallContext {
        .background(timeout: timeout, logger: Self.logger)
    }
}
