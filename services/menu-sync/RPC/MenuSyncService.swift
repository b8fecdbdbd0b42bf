import Contracts
import Following
import Foundation
import Logging
import Postgres
import RPC
import RPCServer

/// The procedures of ``MenuSyncV1`` and ``RetentionV1``: wire to domain and back, a method each.
struct MenuSyncService: Sendable {
    let syncs: SyncStore
    let locations: LocationStore
    let plans: PlanStore
    let menus: MenuStore
    let stock: StockStore
    let desk: RegisterDesk
    let feed: ConnectionFeed
    let watch: SyncWatch
    let retention: RetentionStore
    /// Wakes those who work, after something was begun.
    let wake: @Sendable () -> Void
    /// Called after something was committed that subscribers are told of.
    let announce: @Sendable () -> Void

    /// What is served and published: every procedure, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(MenuSyncV1.startSync, startSync),
        .procedure(MenuSyncV1.getSync, getSync),
        .procedure(MenuSyncV1.listSyncs, listSyncs),
        .procedure(MenuSyncV1.planSync, planSync),
        .procedure(MenuSyncV1.approvePlan, approvePlan),
        .procedure(MenuSyncV1.discardPlan, discardPlan),
        .procedure(MenuSyncV1.getMenu, getMenu),
        .procedure(MenuSyncV1.editItem, editItem),
        .procedure(MenuSyncV1.listVersions, listVersions),
        .procedure(MenuSyncV1.rollbackMenu, rollbackMenu),
        .procedure(MenuSyncV1.listStock, listStock),
        .procedure(MenuSyncV1.adjustStock, adjustStock),
        .procedure(MenuSyncV1.syncStock, syncStock),
        .procedure(MenuSyncV1.listStockLocations, listStockLocations),
        .procedure(MenuSyncV1.checkItems, checkItems),
        .procedure(RetentionV1.eraseExpired, eraseExpired),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    // MARK: - Imports

    func startSync(_ request: StartSyncRequest, _ context: CallContext) async throws -> StartSyncResponse {
        var check = RequestCheck()
        check.text("actor", request.actor, MenuLimits.actor)
        check.text("provider", request.provider, MenuLimits.provider)
        let trigger = check.known("trigger", request.trigger)
        try check.end()
        let wish = SyncStore.Wish(
            actor: request.actor,
            trigger: trigger ?? .person,
            planOnly: request.planOnly ?? false,
            provider: request.provider
        )
        let begun = try await start(MenuKey(request.merchantId, request.locationId), wish)
        return StartSyncResponse(sync: SyncView(begun.record), joined: begun.joined)
    }

    /// A location that is not known yet may have been connected a moment ago.
    private func start(_ key: MenuKey, _ wish: SyncStore.Wish) async throws -> (record: ImportRecord, joined: Bool) {
        let begun: (record: ImportRecord, joined: Bool)
        do {
            begun = try await syncs.start(key, wish)
        } catch SyncError.unknownLocation {
            await feed.refresh()
            begun = try await syncs.start(key, wish)
        }
        watch.noticed(begun.record.id)
        wake()
        return begun
    }

    func getSync(_ request: GetSyncRequest, _ context: CallContext) async throws -> SyncResponse {
        var check = RequestCheck()
        check.number("afterRevision", request.afterRevision, MenuLimits.revision)
        try check.end()
        let record = try await watch.watched(request.merchantId, request.syncId, context) { record in
            guard let revision = request.afterRevision else { return true }
            return record.revision > revision
        }
        return SyncResponse(sync: SyncView(record))
    }

    func listSyncs(_ request: ListSyncsRequest, _ context: CallContext) async throws -> ListSyncsResponse {
        let size = try Self.pageSize(request.pageSize, request.cursor)
        let cursor = try request.cursor.map { text in
            guard let cursor = SyncCursor(text) else { throw SyncError.malformedCursor }
            return cursor
        }
        let key = MenuKey(request.merchantId, request.locationId)
        let page = try await syncs.list(key, after: cursor, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return ListSyncsResponse(
            syncs: page.prefix(size).map(SyncView.init),
            nextCursor: last.map { SyncCursor(requestedAt: $0.requestedAt, sync: $0.id).text }
        )
    }

    // MARK: - Plans

    func planSync(_ request: PlanSyncRequest, _ context: CallContext) async throws -> PlanSyncResponse {
        let size = try Self.pageSize(request.pageSize, request.cursor)
        var check = RequestCheck()
        check.text("actor", request.actor, MenuLimits.actor)
        check.count("changes", request.changes?.count, MenuLimits.changeKinds)
        let kinds = check.known("changes", request.changes)
        if request.syncId == nil, request.cursor != nil {
            check.add("syncId", "is missing", accepted: "the syncId of the page before, where there is a cursor")
        }
        if request.syncId == nil, request.actor == nil {
            check.add("actor", "is missing", accepted: "who asks, where there is no syncId")
        }
        try check.end()
        let key = MenuKey(request.merchantId, request.locationId)
        let id: UUID
        if let sync = request.syncId {
            id = sync
        } else {
            let wish = SyncStore.Wish(actor: request.actor ?? "", trigger: .person, planOnly: true)
            id = try await start(key, wish).record.id
        }
        let record = try await watch.watched(request.merchantId, id, context) { record in
            request.syncId != nil || record.plan != nil || !record.state.isLive
        }
        guard record.key == key else { throw SyncError.unknownSync }
        guard record.plan != nil else { return PlanSyncResponse(sync: SyncView(record), changes: []) }
        let page = try await changes(of: record, kinds, request.cursor, size)
        return PlanSyncResponse(sync: SyncView(record), changes: page.changes, nextCursor: page.next)
    }

    func approvePlan(_ request: ApprovePlanRequest, _ context: CallContext) async throws -> SyncResponse {
        var check = RequestCheck()
        check.text("actor", request.actor, MenuLimits.actor)
        check.count("exceptPlus", request.exceptPlus?.count, MenuLimits.exceptPlus)
        for (index, plu) in (request.exceptPlus ?? []).prefix(MenuLimits.exceptPlus.upperBound).enumerated() {
            check.text("exceptPlus[\(index)]", plu, MenuLimits.plu)
        }
        try check.end()
        let approval = Approval(
            actor: request.actor,
            removals: request.removals ?? true,
            priceChanges: request.priceChanges ?? true,
            exceptPlus: request.exceptPlus ?? []
        )
        let approved = try await syncs.approve(request.merchantId, request.syncId, approval)
        watch.noticed(approved.id)
        wake()
        let record = try await watch.watched(request.merchantId, request.syncId, context) { record in
            record.state != .inProgress || record.step != .apply || record.failures > 0
        }
        if record.reason == "plan_outdated" { throw SyncError.planOutdated }
        return SyncResponse(sync: SyncView(record))
    }

    func discardPlan(_ request: DiscardPlanRequest, _ context: CallContext) async throws -> SyncResponse {
        var check = RequestCheck()
        check.text("actor", request.actor, MenuLimits.actor)
        try check.end()
        let record = try await syncs.discard(request.merchantId, request.syncId, actor: request.actor)
        watch.noticed(record.id)
        wake()
        return SyncResponse(sync: SyncView(record))
    }

    // MARK: - What is kept

    func eraseExpired(_ request: EraseExpiredRequest, _ context: CallContext) async throws -> EraseExpiredResponse {
        try context.caller.requireAccessToAllMerchants()
        var check = RequestCheck()
        check.number("limit", request.limit, RetentionLimits.rows)
        try check.end()
        return try await retention.erase(limit: request.limit ?? 1000)
    }

    // MARK: - Pages

    /// How many entries a page has, of a request whose cursor is not absurd.
    static func pageSize(
        _ size: Int?,
        _ cursor: String?,
        in range: ClosedRange<Int> = MenuLimits.pageSize,
        default usual: Int = 100
    ) throws(RPCError) -> Int {
        var check = RequestCheck()
        check.number("pageSize", size, range)
        check.text("cursor", cursor, MenuLimits.cursor)
        try check.end()
        return size ?? usual
    }
}

extension MenuKey {
    init(_ merchant: MerchantID, _ location: LocationID) {
        self.init(merchantID: merchant, locationID: location)
    }
}
