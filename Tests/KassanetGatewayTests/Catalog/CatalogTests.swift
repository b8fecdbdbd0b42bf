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
