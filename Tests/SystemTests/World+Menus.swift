import Contracts
import Foundation
import RPC
import RPCClient
import TestBed

extension World {
    var menus: RPCClient { fleet.client(.menuSync) }

    /// Begins an import by hand, as soon as menu-sync has heard of the location.
    func startSync(planOnly: Bool = false) async throws -> SyncView {
        let request = StartSyncRequest(
            merchantId: Self.merchant,
            locationId: Self.location,
            actor: "system tests",
            trigger: .person,
            planOnly: planOnly
        )
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            do {
                return try await menus.call(MenuSyncV1.startSync, request, context: .byHand()).sync
            } catch {
                guard error.code == .notFound, ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    /// The import when it no longer runs, whatever happens to menu-sync meanwhile.
    func ended(_ sync: UUID, timeout: Duration = .seconds(120)) async throws -> SyncView {
        let deadline = ContinuousClock.now + timeout
        var last: SyncView?
        while ContinuousClock.now < deadline {
            if let view = try? await menus.call(
                MenuSyncV1.getSync,
                GetSyncRequest(merchantId: Self.merchant, syncId: sync),
                context: .byHand()
            ).sync {
                last = view
                if ![.pending, .inProgress].contains(view.state.knownValue) { return view }
            }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw TestBedError("The import did not end: \(last.map { "\($0.state.text), \($0.message)" } ?? "unknown")")
    }

    /// Imports the menu, and says how that ended.
    @discardableResult
    func importMenu() async throws -> SyncView { try await ended(try await startSync().syncId) }

    /// The newest import of the location, once it is as wanted.
    func newestSync(until isWanted: (SyncView) -> Bool) async throws -> SyncView {
        let request = ListSyncsRequest(merchantId: Self.merchant, locationId: Self.location, pageSize: 1)
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let newest = try await menus.call(MenuSyncV1.listSyncs, request, context: .byHand()).syncs.first
            if let newest, isWanted(newest) { return newest }
            guard ContinuousClock.now < deadline else {
                throw TestBedError("The newest import is \(newest?.state.text ?? "not there").")
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    /// The whole menu, page by page, begun again whenever it changed in between.
    func wholeMenu(pageSize: Int = 500) async throws -> (menu: MenuView, items: [MenuItem]) {
        while true {
            do {
                return try await menuRead(pageSize: pageSize)
            } catch let error as RPCError where error.reason == "menu_changed" {
                continue
            }
        }
    }

    private func menuRead(pageSize: Int) async throws -> (menu: MenuView, items: [MenuItem]) {
        var request = GetMenuRequest(merchantId: Self.merchant, locationId: Self.location, pageSize: pageSize)
        let first = try await menus.call(MenuSyncV1.getMenu, request, context: .byHand())
        guard let menu = first.menu else { throw TestBedError("The first page has no menu.") }
        var items = first.items
        request.cursor = first.nextCursor
        while request.cursor != nil {
            let page = try await menus.call(MenuSyncV1.getMenu, request, context: .byHand())
            items += page.items
            request.cursor = page.nextCursor
        }
        return (menu, items)
    }

    /// Presses "Sync now" in the backoffice (rule K5).
    func syncNow() async throws {
        let answer = try await fleet.request("POST", "\(route)/sync-menu", headers: headers)
        guard answer.status == 200 else { throw TestBedError("sync-menu: \(answer.body)") }
    }

    /// Deletes the integration (rule K5).
    func deleteIntegration() async throws {
        let answer = try await fleet.request("DELETE", route, headers: headers)
        guard answer.status == 200 else { throw TestBedError("delete: \(answer.body)") }
    }
}
