import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import MenuSync

/// The procedures, called as the router calls them.
@Suite(.timeLimit(.minutes(5))) struct MenuSyncServiceTests {
    private static let context = ImportBed.context()

    @Test("A request names everything that is wrong with it, by field")
    func problems() async throws {
        try await ImportBed.with { bed in
            let service = bed.process().service
            func fields(_ call: () async throws -> Void) async -> [String] {
                do {
                    try await call()
                    return []
                } catch {
                    return RPCError(mapping: error).fields.map(\.field)
                }
            }
            let (merchant, location) = (ImportBed.merchant, ImportBed.location)
            let started = await fields {
                _ = try await service.startSync(
                    StartSyncRequest(
                        merchantId: merchant,
                        locationId: location,
                        actor: "",
                        trigger: .person,
                        provider: String(repeating: "x", count: 21)
                    ),
                    Self.context
                )
            }
            #expect(started == ["actor", "provider"])
            let edited = await fields {
                _ = try await service.editItem(
                    EditItemRequest(
                        merchantId: merchant,
                        locationId: location,
                        itemId: UUID(),
                        actor: "anna",
                        name: " ",
                        imageUrl: "http://example.test/a.png",
                        sortOrder: .max,
                        giveBack: [.sortOrder]
                    ),
                    Self.context
                )
            }
            #expect(edited == ["name", "sortOrder", "imageUrl", "giveBack"])
            let adjusted = await fields {
                _ = try await service.adjustStock(
                    AdjustStockRequest(merchantId: merchant, locationId: location, plu: "1", actor: "anna"),
                    Self.context
                )
            }
            #expect(adjusted == ["quantity"])
            let checked = await fields {
                _ = try await service.checkItems(
                    CheckItemsRequest(
                        merchantId: merchant,
                        locationId: location,
                        items: [CheckedLine(plu: "1", quantity: 0), CheckedLine(plu: "", quantity: 1)]
                    ),
                    Self.context
                )
            }
            #expect(checked == ["items[0].quantity", "items[1].plu"])
            let paged = await fields {
                _ = try await service.getMenu(
                    GetMenuRequest(merchantId: merchant, locationId: location, pageSize: 5001),
                    Self.context
                )
            }
            #expect(paged == ["pageSize"])
            let planned = await fields {
                _ = try await service.planSync(
                    PlanSyncRequest(merchantId: merchant, locationId: location),
                    Self.context
                )
            }
            #expect(planned == ["actor"])
            // It would begin another import for each page.
            let paging = await fields {
                _ = try await service.planSync(
                    PlanSyncRequest(merchantId: merchant, locationId: location, actor: "anna", cursor: "aXRlbTox"),
                    Self.context
                )
            }
            #expect(paging == ["syncId"])
        }
    }

    @Test("A location without a register cannot be imported, and says so")
    func unknownLocation() async throws {
        try await ImportBed.with { bed in
            let process = bed.process()
            await #expect(throws: SyncError.unknownLocation) { _ = try await process.start() }
        }
    }

    @Test("Stock of a location without a register cannot be set, and says so")
    func stockOfNobody() async throws {
        try await ImportBed.with { bed in
            let service = bed.process().service
            await #expect(throws: SyncError.unknownLocation) {
                _ = try await service.adjustStock(
                    AdjustStockRequest(
                        merchantId: ImportBed.merchant,
                        locationId: ImportBed.location,
                        plu: "1",
                        quantity: 1,
                        actor: "anna"
                    ),
                    Self.context
                )
            }
            let levels = try await bed.count("stock_levels")
            #expect(levels == 0)
        }
    }

    @Test("A location that was connected a moment ago is found by asking the gateway")
    func freshLocation() async throws {
        try await ImportBed.with { bed in
            bed.register.change { $0.connections = [FakeRegister.connection()] }
            let begun = try await bed.process().start()
            #expect(begun.sync.state == .known(.pending))
        }
    }

    @Test("GetSync with afterRevision waits for a change, and answers by its deadline without one")
    func waiting() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            let begun = try await process.start().sync
            let start = ContinuousClock.now
            let same = try await process.service.getSync(
                GetSyncRequest(merchantId: ImportBed.merchant, syncId: begun.syncId, afterRevision: begun.revision),
                ImportBed.context(.seconds(4))
            ).sync
            #expect(start.duration(to: .now) >= .milliseconds(300))
            #expect(same.revision == begun.revision)
        }
    }

    @Test("Rules K5, K26, K27: What subscribers are told is committed with each change")
    func notifications() async throws {
        try await ImportBed.with { bed in
            try await bed.pool.execute(
                "INSERT INTO notification_subscribers (name, events, merchants) VALUES ('test', '{*}', '{*}')"
            )
            bed.register.change { $0.stock = [StockLevel(plu: "100", quantity: 3)] }
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                #expect(try await process.importMenu().state == .known(.succeeded))
                let menu = try await process.service.getMenu(
                    GetMenuRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location, pageSize: 1),
                    Self.context
                )
                let item = try #require(menu.items.first)
                for name in ["Frites", "Frites"] {
                    _ = try await process.service.editItem(
                        EditItemRequest(
                            merchantId: ImportBed.merchant,
                            locationId: ImportBed.location,
                            itemId: item.itemId,
                            actor: "anna",
                            name: name
                        ),
                        Self.context
                    )
                }
                // Nothing new is no news.
                #expect(try await process.importMenu().menuVersion == nil)
                try await bed.connect(FakeRegister.connection(version: 2, isDeleted: true))
                process.parts.removals.wake()
                try await until("it is gone") { try await bed.count("removals") == 0 }
            }
            let told = try await bed.pool.query(
                """
                SELECT type || coalesce(' ' || (payload->>'cause'), '') AS news, merchant_id
                FROM notifications
                ORDER BY seq
                """
            )
            #expect(
                try told.map { try $0["news", as: String.self] } == [
                    "menu.reload import", "stock.changed", "setup.progressed", "menu.reload edit", "setup.progressed",
                    "menu.reload deletion",
                ]
            )
            #expect(try told.allSatisfy { try $0["merchant_id", as: MerchantID.self] == ImportBed.merchant })
        }
    }

    @Test("Rule P3: Lines of an order are checked against the last import and the last stock reading")
    func checkItems() async throws {
        try await ImportBed.with { bed in
            bed.register.change {
                $0.stock = [StockLevel(plu: "101", quantity: 1), StockLevel(plu: "102", quantity: 0)]
            }
            try await bed.connect()
            let process = bed.process()
            func check(
                _ items: [CheckedLine],
                _ merchant: MerchantID = ImportBed.merchant
            ) async throws
                -> CheckItemsResponse
            {
                try await process.service.checkItems(
                    CheckItemsRequest(merchantId: merchant, locationId: ImportBed.location, items: items),
                    Self.context
                )
            }
            // Before the first import nothing is known, and so nothing is unknown.
            #expect(try await check([CheckedLine(plu: "7", quantity: 1)]).problems.isEmpty)
            try await process.run { _ = try await process.importMenu() }
            let answer = try await check([
                CheckedLine(
                    plu: "100",
                    quantity: 1,
                    unitPriceCents: 500,
                    modifiers: [CheckedModifier(plu: "900", quantity: 1, unitPriceCents: 100)]
                ),
                CheckedLine(plu: "100", quantity: 1, unitPriceCents: 499),
                CheckedLine(plu: "101", quantity: 2),
                CheckedLine(plu: "102", quantity: 1),
                CheckedLine(plu: "7777", quantity: 1),
                CheckedLine(plu: "103", quantity: 1, modifiers: [CheckedModifier(plu: "900", quantity: 1)]),
            ])
            #expect(answer.menuVersion == 1)
            #expect(answer.stockAsOf != nil)
            #expect(
                answer.problems.map { "\($0.line) \($0.plu) \($0.reason.text)" } == [
                    "1 100 price_differs", "2 101 out_of_stock", "3 102 out_of_stock", "4 7777 unknown_plu",
                    "5 900 modifier_not_offered",
                ]
            )
            #expect(answer.problems[0].menuPriceCents == 500)
            #expect(answer.problems[1].available == 1)
            // Another merchant's location of that name has no menu.
            let other = try await check([CheckedLine(plu: "100", quantity: 1)], MerchantID(unchecked: "m-2"))
            #expect(other.menuVersion == nil)
        }
    }

    @Test("EraseExpired keeps what is young, the latest success and the versions that are kept")
    func retention() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                for products in [42, 43, 44] {
                    bed.register.change { $0.catalog = FakeRegister.catalog(products: products) }
                    #expect(try await process.importMenu().state == .known(.succeeded))
                }
                try await until("nothing is kept aside") { try await bed.count("staged_products") == 0 }
            }
            let store = RetentionStore(pool: bed.pool, times: RetentionTimes(days: 30, versions: 2))
            var first = try await store.erase(limit: 1000)
            #expect(first.erased.filter { $0.rows > 0 }.map(\.what) == ["menu_versions"])
            #expect(!first.isMore)
            #expect(try await bed.count("versions") == 2)
            try await bed.pool.execute("UPDATE syncs SET ended_at = ended_at - interval '31 days'")
            first = try await store.erase(limit: 1)
            #expect(first.isMore)
            #expect(try await bed.count("syncs") == 2)
            _ = try await store.erase(limit: 1000)
            #expect(try await bed.count("syncs") == 1)
            #expect(try await bed.menu().count == 44)
            // The versions that are kept are whole.
            let older = try await bed.process().service.getMenu(
                GetMenuRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location, version: 2),
                Self.context
            )
            #expect(older.items.count == 43)
        }
    }

    @Test("Only a caller for all merchants may erase, and list locations of all")
    func allMerchants() async throws {
        try await ImportBed.with { bed in
            let service = bed.process().service
            var context = ImportBed.context()
            context.caller = Caller(name: "one", services: .all, merchants: .only([ImportBed.merchant]))
            let limited = context
            let erase = await #expect(throws: RPCError.self) {
                _ = try await service.eraseExpired(EraseExpiredRequest(), limited)
            }
            #expect(erase?.reason == "merchant_not_allowed")
            await #expect(throws: RPCError.self) {
                _ = try await service.listStockLocations(ListStockLocationsRequest(), limited)
            }
            let erased = try await service.eraseExpired(EraseExpiredRequest(), Self.context)
            #expect(!erased.isMore)
        }
    }

    @Test("Pages of imports go back to the first, each import once")
    func pages() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            var begun: [UUID] = []
            try await process.run {
                for _ in 0..<5 { begun.append(try await process.importMenu().syncId) }
            }
            var listed: [UUID] = []
            var cursor: String?
            repeat {
                let page = try await process.service.listSyncs(
                    ListSyncsRequest(
                        merchantId: ImportBed.merchant,
                        locationId: ImportBed.location,
                        pageSize: 2,
                        cursor: cursor
                    ),
                    Self.context
                )
                listed += page.syncs.map(\.syncId)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(listed == begun.reversed())
        }
    }
}
