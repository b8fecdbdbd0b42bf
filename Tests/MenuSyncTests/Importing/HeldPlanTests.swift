import Contracts
import Foundation
import RPC
import TestBed
import Testing

@testable import MenuSync

/// Plans that wait for a person.
@Suite(.timeLimit(.minutes(5))) struct HeldPlanTests {
    /// A menu of 42 products, and an import of 10 that is held.
    private static func held(
        _ body: @escaping @Sendable (ImportBed, ImportProcess, SyncView) async throws -> Void
    ) async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                bed.register.change { $0.catalog = FakeRegister.catalog(products: 10) }
                try await body(bed, process, try await process.importMenu())
            }
        }
    }

    private static func approve(
        _ process: ImportProcess,
        _ sync: SyncView,
        removals: Bool? = nil,
        except: [String]? = nil
    ) async throws -> SyncView {
        try await process.service.approvePlan(
            ApprovePlanRequest(
                merchantId: ImportBed.merchant,
                syncId: sync.syncId,
                actor: "bert",
                removals: removals,
                exceptPlus: except
            ),
            ImportBed.context()
        ).sync
    }

    @Test("I12: A catalogue that shrank by most of it is held; the menu stays, and the owner reads why")
    func suspiciousShrink() async throws {
        try await Self.held { bed, _, sync in
            #expect(sync.state == .known(.held))
            #expect(sync.reason == "removes_too_much")
            #expect(sync.plan?.removedItems == 32)
            #expect(sync.message.contains("32 of 42 products"))
            #expect(try await bed.menu().count == 42)
            try await until("the backoffice shows it as pending") {
                bed.register.ledger.syncs.last?.status == .known(.pending)
                    && bed.register.ledger.syncs.last?.message == sync.message
            }
        }
    }

    @Test("A plan is shown change by change, page by page")
    func pages() async throws {
        try await Self.held { _, process, sync in
            var cursor: String?
            var removed: [String] = []
            repeat {
                let page = try await process.service.planSync(
                    PlanSyncRequest(
                        merchantId: ImportBed.merchant,
                        locationId: ImportBed.location,
                        syncId: sync.syncId,
                        changes: [.removed],
                        pageSize: 7,
                        cursor: cursor
                    ),
                    ImportBed.context()
                )
                #expect(page.changes.count <= 7)
                removed += page.changes.map(\.externalId)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(removed.count == 32)
            #expect(Set(removed).count == 32)
        }
    }

    @Test("An approved plan is applied whole, by the name of who approved it")
    func approved() async throws {
        try await Self.held { bed, process, sync in
            let approved = try await Self.approve(process, sync)
            #expect(approved.menuVersion == 2)
            #expect(try await bed.menu().count == 10)
            #expect(try await process.end(of: sync.syncId).state == .known(.succeeded))
            let versions = try await process.service.listVersions(
                ListVersionsRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location),
                ImportBed.context()
            ).versions
            #expect(versions.map(\.actor) == ["bert", "anna"])
            await #expect(throws: SyncError.noPlanToApprove(.succeeded)) { _ = try await Self.approve(process, sync) }
        }
    }

    @Test("A plan approved in part leaves the rest as it is")
    func approvedInPart() async throws {
        try await Self.held { bed, process, sync in
            _ = try await Self.approve(process, sync, except: ["141"])
            #expect(try await bed.menu().count == 11)
            #expect(try await bed.menu().contains { $0.hasPrefix("141 ") })
        }
    }

    @Test("A discarded plan changes nothing, and cannot be approved any more")
    func discarded() async throws {
        try await Self.held { bed, process, sync in
            let discarded = try await process.service.discardPlan(
                DiscardPlanRequest(merchantId: ImportBed.merchant, syncId: sync.syncId, actor: "bert"),
                ImportBed.context()
            ).sync
            #expect(discarded.state == .known(.discarded))
            #expect(discarded.message.contains("bert"))
            #expect(try await bed.menu().count == 42)
            await #expect(throws: SyncError.noPlanToApprove(.discarded)) { _ = try await Self.approve(process, sync) }
            try await until("nothing of it is kept aside") { try await bed.count("staged_products") == 0 }
        }
    }

    @Test("A newer import takes the place of a plan that waits")
    func superseded() async throws {
        try await Self.held { bed, process, sync in
            bed.register.change { $0.catalog = FakeRegister.catalog(products: 43) }
            let newer = try await process.importMenu()
            #expect(newer.state == .known(.succeeded))
            #expect(try await process.end(of: sync.syncId).state == .known(.discarded))
            #expect(try await bed.menu().count == 43)
        }
    }

    @Test("A plan of a menu that has changed since is not applied; a new one is made")
    func outdated() async throws {
        try await Self.held { bed, process, sync in
            // Back to 42 products from 43, which is another version.
            _ = try await process.service.discardPlan(
                DiscardPlanRequest(merchantId: ImportBed.merchant, syncId: sync.syncId, actor: "bert"),
                ImportBed.context()
            )
            bed.register.change { $0.catalog = FakeRegister.catalog(products: 43) }
            _ = try await process.importMenu()
            bed.register.change { $0.catalog = FakeRegister.catalog(products: 5) }
            let held = try await process.importMenu()
            #expect(held.state == .known(.held))
            _ = try await process.service.rollbackMenu(
                RollbackMenuRequest(
                    merchantId: ImportBed.merchant,
                    locationId: ImportBed.location,
                    version: 1,
                    actor: "carla"
                ),
                ImportBed.context()
            )
            await #expect(throws: SyncError.planOutdated) { _ = try await Self.approve(process, held) }
            #expect(try await bed.menu().count == 42)
            let now = try await process.end(of: held.syncId)
            #expect(now.state == .known(.held))
            #expect(now.plan?.removedItems == 37)
            #expect(try await Self.approve(process, held).menuVersion == 4)
            #expect(try await bed.menu().count == 5)
        }
    }

    @Test("A plan that was only asked for changes nothing, and can be approved")
    func planOnly() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                let page = try await process.service.planSync(
                    PlanSyncRequest(
                        merchantId: ImportBed.merchant,
                        locationId: ImportBed.location,
                        actor: "anna",
                        changes: [.added]
                    ),
                    ImportBed.context()
                )
                #expect(page.sync.state == .known(.planned))
                #expect(page.changes.contains { $0.externalId == "100" && $0.change == .known(.added) })
                #expect(try await bed.count("menus") == 0)
                // The backoffice shows imports, and this is none.
                #expect(bed.register.ledger.syncs.isEmpty)
                _ = try await Self.approve(process, page.sync)
                #expect(try await bed.menu().count == 42)
            }
        }
    }
}
