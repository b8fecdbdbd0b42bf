import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

@Suite("A register's catalogue (K22, K27)", .timeLimit(.minutes(5)), .serialized)
struct CatalogTests {
    @Test("Products, categories, modifiers and selections arrive as the register has them", arguments: [true, false])
    func catalogIsRead(_ encryption: Bool) async throws {
        try await GatewayBed.with {
            $0.encryption = encryption
        } _: { bed in
            try await bed.connect { $0.enableEncryption = encryption }
            let catalog = try await read(bed)
            let coffee = try #require(catalog.products.first { $0.plu == "101" })
            #expect(
                coffee
                    == CatalogProduct(
                        plu: "101",
                        name: "Coffee",
                        priceCents: 250,
                        kitchenName: "COF",
                        categoryId: "3",
                        vatBasisPoints: 2100,
                        sortOrder: 1,
                        modifierGroups: [
                            CatalogModifierGroup(
                                id: "7",
                                name: "Milk",
                                minimum: 0,
                                maximum: 1,
                                modifiers: [CatalogModifier(plu: "901", name: "Oat milk", priceCents: 50)]
                            )
                        ]
                    )
            )
            let burger = catalog.products.first { $0.plu == "103" }
            #expect(burger?.modifierGroups.first?.maximum == nil)
            #expect(catalog.products.first { $0.plu == "102" }?.name == "Crème brûlée")
            let expected = await bed.register.catalog
            #expect(catalog.products.map(\.plu) == expected.products.filter { $0.listed ?? true }.map { String($0.id) })
            #expect(catalog.categories.map(\.id) == expected.categories.map { String($0.id) })
            #expect(catalog.selections.map(\.plus) == expected.selections.map { $0.products.map(String.init) })
            #expect(catalog.notices == [])
            #expect(
                catalog.summary
                    == CatalogSummary(
                        products: catalog.products.count,
                        categories: catalog.categories.count,
                        selections: catalog.selections.count
                    )
            )
        }
    }

    @Test("One malformed product is a named skip, and the rest arrives")
    func malformedProductIsSkipped() async throws {
        try await GatewayBed.with {
            $0.settings.generatedProducts = 1000
            $0.settings.brokenProductEvery = 400
        } _: { bed in
            try await bed.connect()
            let catalog = try await read(bed)
            let own = await bed.register.catalog.products.count { $0.listed ?? true }
            #expect(catalog.products.count == own + 998)
            #expect(catalog.summary?.skipped == 2)
            #expect(
                catalog.notices.map(\.message)
                    == [399, 799].map {
                        "AllProducts[\(own + $0)] (\(1_000_000 + $0) \"Broken \($0)\") was skipped: Price is missing or malformed."
                    }
            )
        }
    }

    @Test("Of a catalogue with everything wrong that may be, what can be read arrives, and the rest is named")
    func awkwardCatalogIsRead() async throws {
        try await GatewayBed.with {
            $0.settings.awkward = true
            $0.settings.generatedProducts = 100
        } _: { bed in
            try await bed.connect()
            let catalog = try await read(bed)
            let own = await bed.register.catalog.products.count { $0.listed ?? true }
            let awkward = catalog.products.filter { $0.plu.hasPrefix("800") }
            func product(_ plu: String) -> CatalogProduct? { awkward.first { $0.plu == plu } }

            #expect(catalog.products.count == own + 100 + awkward.count)
            // Both of the same number: what to make of them is not the gateway's to say.
            #expect(awkward.count { $0.plu == "800001" } == 2)
            #expect(product("800002")?.kitchenName == "zz")
            #expect(
                product("800008")?.name
                    == "Cr\u{e8}me br\u{fb}l\u{e9}e \u{1f36e} \u{65e5}\u{672c}\u{8a9e} \u{5d0}\u{5d1}"
            )
            #expect(product("800009")?.name == "\"Quoted\" \\ slashed / <b>bold</b>\nsecond line\ttab")
            #expect(product("800010")?.name.utf8.count == 2_000)
            #expect(product("800015")?.categoryId == nil)
            #expect(product("800017")?.priceCents == -150)
            #expect(product("800018")?.priceCents == 235)
            #expect(product("800019")?.priceCents == 350)
            #expect(product("800021")?.name == "Number as text")
            #expect(product("800023")?.vatBasisPoints == 550)
            #expect(product("800024")?.modifierGroups.map(\.id) == ["871", "872"])
            #expect(product("800027")?.modifierGroups.first?.modifiers.map(\.plu) == ["899001"])
            #expect(product("800028")?.modifierGroups == [])
            let messages = catalog.notices.map(\.message)
            for name in ["(800020 ", "(800029 ", "(800030 ", "(800031)", "(A12 ", "(0 ", "(-5 "] {
                #expect(messages.contains { $0.contains(name) && $0.contains("was skipped") }, "\(name)")
            }
            #expect(awkward.allSatisfy { !["800020", "800029", "800030", "800031", "800032"].contains($0.plu) })
            #expect(messages.contains { $0.contains("(800018 ") && $0.contains("Price had more than two decimals") })
            #expect(
                messages.contains {
                    $0.contains("(800027 ") && $0.contains("ModifierGroups[0].Modifiers[1] was skipped")
                }
            )
            #expect(messages.contains { $0.contains("(800028 ") && $0.contains("ModifierGroups is no list") })
            // Seven that lack what they cannot do without, five that are no products; three categories; two selections.
            #expect(catalog.summary?.skipped == 17)
            let parents = Dictionary(
                catalog.categories.map { ($0.id, $0.parentId) },
                uniquingKeysWith: { first, _ in first }
            )
            #expect(parents.count == catalog.categories.count)
            #expect(parents["801"] == .some(nil))
            #expect(parents["805"] == .some(nil))
            #expect(parents["807"] == "808")
            for parent in parents.values.compactMap(\.self) { #expect(parents.keys.contains(parent)) }
        }
    }

    @Test("An empty catalogue is whole, with nothing in it (K28)")
    func emptyCatalogIsWhole() async throws {
        try await GatewayBed.with {
            $0.settings.empty = true
        } _: { bed in
            try await bed.connect()
            #expect(try await read(bed) == CatalogPart(summary: CatalogSummary()))
        }
    }

    @Test("A category without its parent, or in a circle, becomes top level and is reported")
    func categoriesAreATree() async throws {
        try await GatewayBed.with {
            $0.catalog.categories = [
                RegisterCategory(id: 1, name: "Food"), RegisterCategory(id: 2, name: "Lost", parentId: 99),
                RegisterCategory(id: 3, name: "Egg", parentId: 4), RegisterCategory(id: 4, name: "Hen", parentId: 3),
                RegisterCategory(id: 5, name: "Chick", parentId: 3), RegisterCategory(id: 6, name: "Self", parentId: 6),
                RegisterCategory(id: 7, name: "Soup", parentId: 1), RegisterCategory(id: 7, name: "Again"),
            ]
        } _: { bed in
            try await bed.connect()
            let catalog = try await read(bed)
            #expect(catalog.categories.map(\.id) == ["1", "2", "3", "4", "5", "6", "7"])
            #expect(catalog.categories.map(\.parentId) == [nil, nil, nil, "3", "3", nil, "1"])
            #expect(catalog.notices.count == 4)
            #expect(catalog.notices.count { $0.message.contains("does not exist") } == 1)
            #expect(catalog.notices.count { $0.message.contains("in a circle") } == 2)
            #expect(catalog.summary?.skipped == 1)
        }
    }

    @Test("A refusal, a lost connection and a wrong token end the stream without a summary")
    func failuresHaveNoSummary() async throws {
        try await GatewayBed.with {
            $0.settings.generatedProducts = 20
        } _: { bed in
            for (fault, reason) in [
                (RegisterFault(.refuse, on: "GetAllProducts", message: "Not now"), "register_unreadable"),
                (RegisterFault(.truncated, on: "GetAllProducts", times: 4), "register_unreachable"),
                (RegisterFault(.truncated, on: "GetProductSelection", times: 4), "register_unreachable"),
                (RegisterFault(.wrongKey, on: "GetAllProducts", times: 4), "register_unreachable"),
                (RegisterFault(.status, on: "GetAllProducts", times: 4, status: 503), "register_unreachable"),
                (RegisterFault(.status, on: "GetAllProducts", status: 401), "register_misconfigured"),
            ] {
                try await bed.connect()
                await bed.register.add(fault)
                var parts: [CatalogPart] = []
                let error = await rpcError {
                    try await bed.service.readCatalog(Place.first.itself, bed.context()) { parts.append($0) }
                }
                #expect(error?.reason == reason, "\(fault.kind) \(fault.endpoint)")
                #expect(parts.allSatisfy { $0.summary == nil })
                await bed.register.clearFaults()
            }
        }
    }

    @Test("A read that fails before anything arrived is repeated, each time under a request id of its own (K8)")
    func earlyFailuresAreRepeated() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.status, on: "GetAllProducts", times: 2, status: 502))
            #expect(try await read(bed).summary != nil)
            let ids = await bed.register.requests(endpoint: "GetAllProducts").compactMap(\.requestId)
            #expect(Set(ids).count == 3)
        }
    }

    @Test("A catalogue that takes too long is told so, and does not disconnect the location")
    func slowCatalog() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.neverAnswer, on: "GetAllProducts", times: 4))
            var service = bed.service
            service.catalogTimeout = .milliseconds(200)
            let error = await rpcError {
                try await service.readCatalog(Place.first.itself, bed.context()) { _ in }
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.reason == "catalog_too_slow")
            #expect(try await bed.connection().status == .connected)
        }
    }

    @Test("Countdown PLUs are the stock; a threshold asks only for what is at or under it (K27)")
    func stock() async throws {
        try await GatewayBed.with {
            for index in $0.catalog.products.indices { $0.catalog.products[index].stock = nil }
            $0.catalog.products[0].stock = 0
            $0.catalog.products[1].stock = 7
        } _: { bed in
            try await bed.connect()
            func levels(_ threshold: Int?) async throws -> [StockLevel] {
                try await bed.service.readStock(
                    ReadStockRequest(
                        merchantId: Place.first.merchant,
                        locationId: Place.first.location,
                        threshold: threshold
                    ),
                    bed.context()
                ).levels
            }
            let coffee = StockLevel(plu: "101", name: "Coffee", quantity: 0)
            #expect(try await levels(nil) == [coffee, StockLevel(plu: "102", name: "Crème brûlée", quantity: 7)])
            #expect(try await levels(3) == [coffee])
            #expect(await rpcError { _ = try await levels(-1) }?.fields.map(\.field) == ["threshold"])
        }
    }

    private func read(_ bed: GatewayBed) async throws -> CatalogPart {
        var whole = CatalogPart()
        try await bed.service.readCatalog(Place.first.itself, bed.context()) { part in
            #expect(whole.summary == nil)
            whole.products += part.products
            whole.categories += part.categories
            whole.selections += part.selections
            whole.notices += part.notices
            whole.summary = part.summary
        }
        return whole
    }
}
