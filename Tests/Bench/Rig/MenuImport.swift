import Contracts
import RPC
import RPCClient
import TestBed

/// A location's menu on its way from its register, as a caller sees it.
struct MenuImport {
    let rig: Rig
    let location: LocationID

    /// Imports the menu and says how many seconds that took.
    func run() async throws -> Double {
        let menus = rig.fleet.client(.menuSync)
        let start = ContinuousClock.now
        var sync = try await begin(menus)
        while sync.state.knownValue == .pending || sync.state.knownValue == .inProgress {
            sync = try await menus.call(
                MenuSyncV1.getSync,
                GetSyncRequest(merchantId: Rig.merchant, syncId: sync.syncId, afterRevision: sync.revision),
                context: .byHand()
            ).sync
        }
        guard sync.state.knownValue == .succeeded else { throw TestBedError("An import failed: \(sync.message)") }
        return start.duration(to: .now) / .seconds(1)
    }

    /// Begins an import, as soon as menu-sync has heard of the location.
    private func begin(_ menus: RPCClient) async throws -> SyncView {
        let deadline = ContinuousClock.now + .seconds(10)
        let request = StartSyncRequest(
            merchantId: Rig.merchant,
            locationId: location,
            actor: "bench",
            trigger: .person
        )
        while true {
            do {
                return try await menus.call(MenuSyncV1.startSync, request, context: .byHand()).sync
            } catch {
                // Not a `where` of the catch: Swift 6.3.1 crashes on one in a loop whose body throws a type of its own.
                guard error.code == .notFound, ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
