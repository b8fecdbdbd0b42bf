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

    @Test(
        "Memory does not grow with the catalogue: 200,000 products take at most half as much again as 20,000 (M4)",
        arguments: [true, false]
    )
    func memoryIsFlat(_ encryption: Bool) async throws {
        var peaks: [Int] = []
        for count in [20_000, 200_000] {
            try await GatewayBed.with {
                $0.encryption = encryption
                $0.settings.generatedProducts = count
            } _: { bed in
                try await bed.connect { $0.enableEncryption = encryption }
                var service = bed.service
                service.catalogTimeout = .seconds(300)
                var products = 0
                let before = try Memory.reset()
                try await service.readCatalog(Place.first.itself, bed.context()) { part in
                    products += part.products.count
                    #expect(part.products.count <= CatalogReading.partSize)
                }
                peaks.append(try Memory.peak() - before)
                #expect(products > count)
            }
        }
        // Less than 8 MB is the noise of a process that does other things too.
        let floor = 8 * 1024
        #expect(Double(max(peaks[1], floor)) <= 1.5 * Double(max(peaks[0], floor)), "kB at the peak: \(peaks)")
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

/// What this process takes of memory, in kilobytes, as the kernel counts it.
private enum Memory {
    /// Starts the peak anew, and tells what is taken now.
    static func reset() throws -> Int {
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        return try value("VmRSS")
    }

    static func peak() throws -> Int { try value("VmHWM") }

    private static func value(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }
}
