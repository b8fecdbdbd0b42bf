import Testing

@testable import KassanetSimulator

/// The catalogue of a register of any length, and how it changes between two imports.
@Suite struct CatalogTests {
    private struct Listing {
        let products: [WireValue]
        let categories: [WireValue]

        func product(_ id: Int) -> WireValue? { products.first { $0["Id"]?.integer == id } }
        var ids: [Int] { products.compactMap { $0["Id"]?.integer } }
    }

    private func listing(
        encryption: Bool = false,
        _ change: (inout RegisterSettings) -> Void
    ) throws -> Listing {
        let configuration = SimulatorConfiguration.test
        var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())
        change(&state.settings)
        let catalog = LongCatalog(shelf: state, encryption: encryption, envelope: configuration.envelope)
        var parts = catalog.parts()
        var bytes: [UInt8] = []
        while let part = parts.next() { bytes += part }
        let body = try WireParser.parse(encryption ? configuration.envelope.open(bytes) : bytes)
        return Listing(products: body["AllProducts"]?.elements ?? [], categories: body["Categories"]?.elements ?? [])
    }

    @Test(arguments: [true, false])
    func aLongCatalogueIsWholeAndTheSameEachTime(_ encryption: Bool) throws {
        let first = try listing(encryption: encryption) { $0.generatedProducts = 5_000 }
        let own = RegisterCatalog.brasserie.products.filter { $0.listed ?? true }.map(\.id)
        #expect(first.ids == own + (0..<5_000).map { 1_000_000 + $0 })
        let second = try listing(encryption: encryption) { $0.generatedProducts = 5_000 }
        #expect(first.products == second.products)
        let names = first.products.dropFirst(own.count).compactMap { $0["Name"]?.text }
        #expect(Set(names).count == 5_000)
        #expect(first.products.contains { $0["Name"]?.text == "Cr\u{e8}me br\u{fb}l\u{e9}e maison" })
    }

    @Test func categoriesAreATreeAndEveryProductIsInOne() throws {
        let listing = try listing { $0.generatedProducts = 500 }
        let parents = Dictionary(
            listing.categories.map { ($0["Id"]?.integer, $0["ParentId"]?.integer) },
            uniquingKeysWith: { first, _ in first }
        )
        #expect(parents.count == listing.categories.count)
        for (_, parent) in parents where parent != nil { #expect(parents.keys.contains(parent)) }
        #expect(parents.contains { id, parent in id != nil && parents[parent] != nil && parents[parent] != .some(nil) })
        for product in listing.products { #expect(parents.keys.contains(product["CategoryId"]?.integer)) }
    }

    @Test func aCatalogueShrinksToATenth() throws {
        let listing = try listing {
            $0.generatedProducts = 1_000
            $0.keepEvery = 10
        }
        #expect(listing.ids.filter { $0 >= 1_000_000 } == stride(from: 1_000_000, to: 1_001_000, by: 10).map { $0 })
    }

    @Test func pricesOfSomeAreShiftedAndSomeAreRenamed() throws {
        let before = try listing { $0.generatedProducts = 120 }
        let after = try listing {
            $0.generatedProducts = 120
            $0.priceShiftCents = 35
            $0.priceShiftEvery = 4
            $0.renameEvery = 10
        }
        let cents = { (product: WireValue?) -> Int? in
            guard case .number(let text)? = product?["Price"] else { return nil }
            return Money.cents(text)
        }
        for index in 0..<120 {
            let (old, new) = (before.product(1_000_000 + index), after.product(1_000_000 + index))
            let oldCents = try #require(cents(old))
            #expect(cents(new) == oldCents + (index % 4 == 0 ? 35 : 0))
            #expect((old?["Name"] == new?["Name"]) == (index % 10 != 9))
        }
    }

    @Test func anEmptyCatalogueListsNothing() throws {
        var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())
        state.settings.generatedProducts = 100
        state.settings.countdownEvery = 1
        state.settings.awkward = true
        state.settings.empty = true
        #expect(state.allProductsAnswer == ["AllProducts": [], "Categories": []])
        #expect(state.selectionsAnswer == ["ProductSelections": []])
        #expect(state.madeUp.count == 0)
    }

    @Test func anAwkwardCatalogueHasOneOfEach() throws {
        for generated in [0, 10] {
            let listing = try listing {
                $0.generatedProducts = generated
                $0.awkward = true
            }
            #expect(listing.ids.count { $0 == 800_001 } == 2)
            #expect(listing.products.contains { $0["KitchenName"]?.text == "zz" })
            #expect(listing.products.contains { $0["KitchenName"]?.text == "Call pager 7" })
            #expect(listing.products.contains { $0["Name"] == $0["KitchenName"] && $0["Name"]?.text == "800" })
            #expect(listing.products.contains { $0["Name"]?.text?.contains("\u{1f36e}") == true })
            #expect(listing.products.contains { $0["Price"] == nil })
            #expect(listing.products.contains(.null))
            let parents = listing.categories.map { ($0["Id"]?.integer, $0["ParentId"]?.integer) }
            #expect(parents.contains { $0 == (802, 803) })
            #expect(parents.contains { $0 == (803, 802) })
            #expect(parents.contains { $0 == (805, 805) })
            #expect(parents.contains { $0 == (801, 899) })
            #expect(parents.count { $0.0 == 806 } == 2)
            #expect(!parents.contains { $0.0 == 899 })
        }
    }

    // MARK: - Stock

    @Test func anOrderTakesFromTheStockOfMadeUpProductsAndOfTheShelf() throws {
        var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())
        state.settings.generatedProducts = 100
        state.settings.countdownEvery = 10
        #expect(state.stock(of: 1_000_010) == 10)
        #expect(state.stock(of: 1_000_011) == nil)
        let items: [WireValue] = [105, 1_000_010].map { id in
            ["ArticleId": .int(id), "Text": "", "Quantity": .int(3), "UnitPrice": .euros(100)]
        }
        let order = try SentOrder(["TableNumber": .int(1), "TableText": "", "Items": .array(items)])
        _ = try state.create(order, requestID: "1")
        #expect(state.stock(of: 105) == 9)
        #expect(state.stock(of: 1_000_010) == 7)
        try state.count(1_000_010, stock: 2)
        let before = state
        #expect(throws: Refusal.self) { _ = try state.create(order, requestID: "2") }
        #expect(state == before)
        let counted = state.countdownAnswer(threshold: 2)["CountdownPlus"]?.elements ?? []
        #expect(counted.map { $0["Id"]?.integer } == [1_000_000, 1_000_010, 1_000_050])
        #expect(throws: Refusal.self) { try state.count(1_000_011, stock: 2) }
        #expect(throws: Refusal.self) { try state.count(999, stock: 2) }
        try state.count(105, stock: nil)
        #expect(state.stock(of: 105) == nil)
    }

    // MARK: - While it runs

    @Test func theCatalogueChangesBetweenTwoReadings() async throws {
        try await withRegister { register in
            let change = try await register.control(
                "POST",
                "/catalog",
                #"{"generatedProducts": 50, "keepEvery": 10, "priceShiftCents": 5, "awkward": true}"#
            )
            #expect(change.status == 200)
            var settings = await register.settings
            #expect(settings.generatedProducts == 50)
            #expect(settings.keepEvery == 10)
            #expect(settings.priceShiftCents == 5)
            #expect(settings.awkward)
            #expect(try await register.control("POST", "/catalog", #"{"empty": true}"#).status == 200)
            settings = await register.settings
            #expect(settings.empty)
            #expect(settings.generatedProducts == 50)
            for nonsense in [#"{"keepEvery": 0}"#, #"{"generatedProducts": -1}"#, #"{"priceShiftCents": 1000001}"#] {
                #expect(try await register.control("POST", "/catalog", nonsense).status == 400)
            }
            #expect(await register.settings == settings)
            #expect(try await register.control("POST", "/stock", #"{"articleId": 105, "stock": 1}"#).status == 200)
            #expect(await register.catalog.product(105)?.stock == 1)
            #expect(try await register.control("POST", "/stock", #"{"articleId": 1}"#).status == 409)
            try await register.setStock(of: 105, to: nil)
            #expect(await register.catalog.product(105)?.stock == nil)
        }
    }

    @Test func tablesMayBePlainNumbers() {
        var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())
        state.settings.tables = [3, 1, 7]
        state.settings.plainTables = true
        #expect(state.tablesAnswer == ["TableNumbers": [.int(3), .int(1), .int(7)]])
    }
}
