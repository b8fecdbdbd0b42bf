import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// Menus, tables and stock on their way from a register, through real processes (I12, F33).
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MenuTests {
    /// Short, so that a dead importer's work is taken up while a test watches.
    private static let quick: [Fleet.Member: [String: String]] = [
        .menuSync: ["IMPORT_LEASE": "3s", "IMPORT_PAUSE": "300ms", "POLL_INTERVAL": "100ms"]
    ]

    @Test(
        "Sync now brings menu, tables with QR codes and stock, and creates nothing in the register; deleting takes them away, and keeps the orders (K5, K20, K22)"
    )
    func bringsAndTakesAway() async throws {
        try await World.run(and: [.menuSync], settings: Self.quick) { world in
            let accepted = try await world.submit(World.order("1"))
            _ = try await world.order(accepted.orderId, in: .delivered)
            let effects = await world.register.ledger.count
            try await world.syncNow()
            let sync = try await world.newestSync { $0.state.knownValue == .succeeded }
            #expect(sync.trigger.knownValue == .backoffice)
            let (menu, items) = try await world.wholeMenu()
            #expect(menu.provider == "vanhoutte")
            #expect(items.contains { $0.plu == "102" && $0.name == "Crème brûlée" && $0.priceCents == 650 })
            let sections = try await self.sections(world)
            let section = try #require(sections.first)
            #expect(section.provider == "vanhoutte")
            #expect(section.tables.count == 40)
            // The gateway is told after the import has ended.
            try await until("the backoffice to know of it") {
                try await world.status().contains(#""status":"success""#)
            }

            try await world.deleteIntegration()
            try await until("the end of the menu") {
                await (try? world.wholeMenu()) == nil
            }
            try await until("the end of the tables") { try await self.sections(world).isEmpty }
            #expect(try await world.order(accepted.orderId).order.state.knownValue == .delivered)
            #expect(await world.register.ledger.count == effects)
        }
    }

    /// A moment in an import, recognised by what the register has just been asked.
    static let moments = ["GetAllProducts", "GetProductSelection", "TableNumbers", "GetCountdownPluState"]

    @Test("An import killed at any of its stages gives the same menu when it goes on (K21, I12)", arguments: moments)
    func killedAtAStage(_ endpoint: String) async throws {
        try await World.run(register: Self.register(products: 2_000), and: [.menuSync], settings: Self.quick) { world in
            await world.register.add(RegisterFault(.slow, on: endpoint, delayMs: 700))
            let sync = try await world.startSync()
            try await world.register.waitForRequest(endpoint: endpoint, count: 1)
            await world.fleet.kill(.menuSync)
            try await world.fleet.start([.menuSync])
            #expect(try await world.ended(sync.syncId).state.knownValue == .succeeded)
            let interrupted = try await world.wholeMenu()
            let again = try await world.importMenu()
            let plan = try #require(again.plan)
            #expect(plan.added == 0 && plan.changed == 0 && plan.removed == 0)
            #expect(try await world.wholeMenu().items == interrupted.items)
            #expect(interrupted.items.count > 2_000)
        }
    }

    @Test("An import killed after every sign of progress still gives the whole menu")
    func killedAgainAndAgain() async throws {
        try await World.run(register: Self.register(products: 3_000), and: [.menuSync], settings: Self.quick) { world in
            var sync = try await world.startSync()
            for _ in 1...5 where [.pending, .inProgress].contains(sync.state.knownValue) {
                sync = try await world.menus.call(
                    MenuSyncV1.getSync,
                    GetSyncRequest(merchantId: World.merchant, syncId: sync.syncId, afterRevision: sync.revision),
                    context: .byHand()
                ).sync
                await world.fleet.kill(.menuSync)
                try await world.fleet.start([.menuSync])
            }
            let ended = try await world.ended(sync.syncId)
            #expect(ended.state.knownValue == .succeeded, "\(ended.message)")
            #expect(try await world.wholeMenu().items.count > 3_000)
            let again = try #require(try await world.importMenu().plan)
            #expect(again.added == 0 && again.changed == 0 && again.removed == 0)
        }
    }

    @Test("Whoever reads the menu while it is replaced sees the old one or the new one (I12)")
    func neverAMixture() async throws {
        let count = 2_000
        var settings = Self.quick
        settings[.menuSync]?["PLAN_MAX_REPRICED_PERCENT"] = "100"
        try await World.run(register: Self.register(products: count), and: [.menuSync], settings: settings) { world in
            try await world.importMenu()
            let old = Self.prices(try await world.wholeMenu().items)
            await world.register.changeSettings { settings in
                settings.priceShiftCents = 11
                settings.priceShiftEvery = 1
            }
            let new = old.mapValues { $0 + 11 }
            // It waits for the register until the menu was read once.
            await world.register.add(RegisterFault(.slow, on: "GetProductSelection", delayMs: 12_000))
            let sync = try await world.startSync()
            var readings = 0
            var hasEnded = false
            while !hasEnded {
                let state = try await world.menus.call(
                    MenuSyncV1.getSync,
                    GetSyncRequest(merchantId: World.merchant, syncId: sync.syncId),
                    context: .byHand()
                ).sync.state.knownValue
                hasEnded = ![.pending, .inProgress].contains(state)
                #expect(!hasEnded || state == .succeeded)
                let prices = Self.prices(try await world.wholeMenu().items)
                #expect(prices == old || prices == new)
                readings += 1
                world.register.endSlowness()
            }
            #expect(Self.prices(try await world.wholeMenu().items) == new)
            #expect(readings > 1)
        }
    }

    @Test("A catalogue that lost nine tenths of its products is held until a person says so (F33)")
    func shrinkIsHeld() async throws {
        try await World.run(register: Self.register(products: 500), and: [.menuSync], settings: Self.quick) { world in
            try await world.importMenu()
            let before = try await world.wholeMenu().items
            await world.register.changeSettings { $0.keepEvery = 10 }
            let held = try await world.importMenu()
            #expect(held.state.knownValue == .held)
            #expect(held.plan?.heldBecause == ["removes_too_much"])
            #expect(try await world.wholeMenu().items == before)
            _ = try await world.menus.call(
                MenuSyncV1.approvePlan,
                ApprovePlanRequest(merchantId: World.merchant, syncId: held.syncId, actor: "the owner"),
                context: .byHand()
            )
            #expect(try await world.ended(held.syncId).state.knownValue == .succeeded)
            #expect(try await world.wholeMenu().items.count < before.count / 5)
        }
    }

    @Test("Before a guest pays, a changed price, a missing article and one that is sold out are told apart (P3)")
    func checkedBeforePaying() async throws {
        try await World.run(and: [.menuSync], settings: Self.quick) { world in
            try await world.register.setStock(of: 101, to: 1)
            try await world.importMenu()
            let verdict = try await world.orders.call(
                OrderRouterV1.checkOrder,
                CheckOrderRequest(
                    merchantId: World.merchant,
                    locationId: World.location,
                    channel: .kiosk,
                    serviceType: .takeaway,
                    items: [
                        OrderItem(plu: "102", name: "Crème brûlée", unitPriceCents: 600),
                        OrderItem(plu: "101", name: "Coffee", quantity: 2, unitPriceCents: 250),
                        OrderItem(plu: "4711", name: "Nothing", unitPriceCents: 100),
                    ]
                ),
                context: .byHand()
            )
            #expect(!verdict.canOrder)
            let reasons = Set(verdict.problems.compactMap(\.reason.knownValue))
            #expect(reasons.isSuperset(of: [.priceDiffers, .outOfStock, .unknownPlu]))
        }
    }

    // MARK: -

    private static func register(products: Int) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.settings.generatedProducts = products
        return configuration
    }

    private static func prices(_ items: [MenuItem]) -> [String: Cents] {
        // Made-up products have numbers from a million; the register's own keep their prices.
        Dictionary(
            items.filter { Int($0.plu).map { $0 >= 1_000_000 } ?? false }.map { ($0.plu, $0.priceCents) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private func sections(_ world: World) async throws -> [SectionView] {
        try await world.fleet.client(.tableAllocator).call(
            TableAllocatorV1.listSections,
            ListSectionsRequest(merchantId: World.merchant, locationId: World.location),
            context: .byHand()
        ).sections
    }
}
