import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

@Suite struct StagingTests {
    @Test("Categories nest, products and selections come in as the register has them, in any script (rule K22)")
    func everythingComesIn() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [
                    .of("101", "Café crème – 大", 320, kitchen: "KOF", category: "2", groups: [.of("7")]),
                    .of("102", "Tab\tline\nback\\slash \"quoted\" 🍰", 0, category: "1"),
                    .of("103", "No category", -50),
                ],
                categories: [
                    CatalogCategory(id: "1", name: "Dranken", sortOrder: 2),
                    CatalogCategory(id: "2", name: "Koffie", parentId: "1"),
                    CatalogCategory(id: "3", name: "Ristretto’s", parentId: "2"),
                ],
                selections: [CatalogSelection(id: "9", name: "Lunch", sortOrder: 1, plus: ["103", "101", "103"])]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(
                stages.staged == StagedCatalog(products: 3, categories: 3, selections: 1, notices: [], noticeCount: 0)
            )
            #expect(stages.categories == StageOutcome(entries: 3))
            #expect(stages.products == StageOutcome(entries: 3))
            #expect(stages.displayGroups == StageOutcome(entries: 1))
            let plan = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            #expect(plan.baseVersion == 0)
            #expect(plan.summary.added == 8)
            _ = try await bed.apply(sync)

            let menu = try await bed.read()
            #expect(menu.content == MenuModel(catalog))
            #expect(menu.view.provider == "vanhoutte")
            #expect(menu.view.itemCount == 3)
            #expect(menu.item("101")?.externalIds == ["vanhoutte": "101"])
            #expect(menu.view.displayGroups.first?.sortOrder == 1)
            #expect(menu.view.categories.first { $0.name == "Dranken" }?.sortOrder == 2)
        }
    }

    @Test("Placeholders are dropped, from selections too, and nothing that only looks like one (rule K24)")
    func placeholdersAreDropped() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [
                    .of("1", "Coffee"),
                    .of("2", "Divider", kitchen: "zz"),
                    .of("3", "Buzzer", kitchen: "table Pager 7"),
                    .of("4", "Buzzer", kitchen: " PAGER "),
                    .of("5", "12", kitchen: "12"),
                    .of("6", "Not one", kitchen: "pager"),
                    .of("7", "Not one", kitchen: "the pagers"),
                    .of("8", "12", kitchen: "13"),
                    .of("9", "Same", kitchen: "Same"),
                    .of("10", "Not one", kitchen: "zzz"),
                    .of("11", "٣", kitchen: "٣"),
                ],
                selections: [
                    CatalogSelection(id: "1", name: "Lunch", plus: ["2", "1", "3", "9"]),
                    CatalogSelection(id: "2", name: "Only placeholders", plus: ["2", "4"]),
                ]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(stages.products.placeholders == 4)
            #expect(stages.products.skipped == 0)
            #expect(stages.products.entries == 7)
            #expect(stages.products.notices.map(\.message).first?.contains("2 \"Divider\"") == true)
            #expect(stages.displayGroups.entries == 1)
            #expect(stages.displayGroups.skipped == 1)
            // The placeholders in the selection that stays are no news.
            #expect(stages.displayGroups.notices.map(\.message).count { $0.contains("Lunch") } == 0)
            _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            _ = try await bed.apply(sync)
            let menu = try await bed.read()
            #expect(menu.items.map(\.plu) == ["1", "10", "11", "6", "7", "8", "9"])
            #expect(menu.content.displayGroups == ["1": ["1", "9"]])
        }
    }

    @Test("A number that is listed twice keeps its first product; the others are named and counted")
    func theFirstOfDuplicatesWins() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [.of("1", "First"), .of("2", "Other"), .of("1", "Second"), .of("1", "Third")],
                categories: [CatalogCategory(id: "5", name: "One"), CatalogCategory(id: "5", name: "Two")],
                selections: [
                    CatalogSelection(id: "8", name: "Lunch", plus: ["2"]),
                    CatalogSelection(id: "8", name: "Dinner", plus: ["1"]),
                ]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(stages.products.skipped == 2)
            #expect(stages.products.noticeCount == 2)
            #expect(stages.products.notices.map(\.kind) == [.init(.skipped), .init(.skipped)])
            #expect(stages.products.notices.first?.message.contains("1 \"Second\"") == true)
            #expect(stages.categories.skipped == 1)
            #expect(stages.categories.notices.first?.message.contains("5 \"Two\"") == true)
            #expect(stages.displayGroups.notices.first?.message.contains("8 \"Dinner\"") == true)
            _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            _ = try await bed.apply(sync)
            let menu = try await bed.read()
            #expect(menu.item("1")?.name == "First")
            #expect(menu.content == MenuModel(catalog))
        }
    }

    @Test("Equal modifier groups become one, under the smallest id, whatever order the register sends (rule K23)")
    func equalGroupsAreMerged() async throws {
        try await MenuBed.with { bed in
            let milk = ["12", "9", "101"].map { CatalogModifierGroup.of($0, "Milk", ["901": 50, "902": 0]) }
            let sugar = CatalogModifierGroup.of("4", "Sugar")
            var products = [
                CatalogProduct.of("1", groups: [milk[0], sugar]),
                .of("2", groups: [milk[1]]),
                .of("3", groups: [milk[2], milk[0], sugar]),
                .of("4", groups: [.of("9", "Milk", ["901": 60])]),
            ]
            try await bed.take(.of(products))
            let menu = try await bed.read()
            #expect(menu.view.modifierGroups.count == 3)
            let merged = try #require(menu.item("2")?.modifierGroupIds.first)
            let group = try #require(menu.view.modifierGroups.first { $0.modifierGroupId == merged })
            #expect(group.externalIds["vanhoutte"]?.hasPrefix("9") == true)
            #expect(menu.item("1")?.modifierGroupIds.first == merged)
            #expect(menu.item("3")?.modifierGroupIds.count == 2)
            #expect(menu.item("3")?.modifierGroupIds.first == merged)
            // One id of the register for two different groups: both are kept.
            #expect(menu.item("4")?.modifierGroupIds.first != merged)
            #expect(menu.content == MenuModel(.of(products)))

            products.reverse()
            let again = try await bed.take(.of(products))
            #expect(again.isUnchanged)
        }
    }

    @Test("A product of an unknown category goes to one named after the provider, and is named (rule K22)")
    func unknownCategoriesBecomeTheProviders() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [.of("1", category: "77"), .of("2", category: "1"), .of("3")],
                categories: [CatalogCategory(id: "1", name: "Known")]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(stages.products.noticeCount == 1)
            #expect(stages.products.notices.first?.message.contains("its category 77 is not listed") == true)
            _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            _ = try await bed.apply(sync)
            let menu = try await bed.read()
            let category = menu.view.categories.first { $0.categoryId == menu.item("1")?.categoryId }
            #expect(category?.name == "Vanhoutte")
            #expect(menu.item("3")?.categoryId == nil)
            #expect(menu.content == MenuModel(catalog))
        }
    }

    @Test("Categories whose parents are missing or lead in a circle become top level, although gateways repair that")
    func lostCategoriesAreLifted() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [.of("1", category: "2")],
                categories: [
                    CatalogCategory(id: "1", name: "A", parentId: "2"),
                    CatalogCategory(id: "2", name: "B", parentId: "1"),
                    CatalogCategory(id: "3", name: "C", parentId: "99"), CatalogCategory(id: "4", name: "D"),
                    CatalogCategory(id: "5", name: "E", parentId: "4"),
                ]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(stages.categories.noticeCount == 3)
            #expect(stages.categories.entries == 5)
            _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            _ = try await bed.apply(sync)
            let menu = try await bed.read()
            #expect(menu.content.categories == ["1": "A/", "2": "B/", "3": "C/", "4": "D/", "5": "E/4"])
        }
    }

    @Test("Zero products is an error that says so, never an empty menu (rule K28)", arguments: [true, false])
    func zeroProductsIsAnError(isFirst: Bool) async throws {
        try await MenuBed.with { bed in
            if !isFirst { try await bed.take(.plain(3)) }
            let rows = try await bed.rows()
            for products in [[], [CatalogProduct.of("1", kitchen: "zz")]] {
                let sync = UUID()
                let error = await #expect(throws: ImportError.self) {
                    try await bed.stage(.of(products, categories: [CatalogCategory(id: "1", name: "A")]), as: sync)
                }
                #expect(error == .noProducts(read: products.count, placeholders: products.count))
                #expect(error?.rpcError.reason == "no_products")
                await #expect(throws: ImportError.noPlan) {
                    _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
                }
            }
            #expect(try await bed.rows() == rows)
        }
    }

    @Test("A product that cannot be kept is skipped, named and counted; the others come in")
    func aMalformedProductIsSkipped() async throws {
        try await MenuBed.with { bed in
            let bad = CatalogModifierGroup.of("7", "Nul\0")
            let catalog = CatalogPart.of(
                [
                    .of("1"), .of("2", "zero\0character"), .of(""), .of(String(repeating: "9", count: 201)),
                    .of("3", groups: [bad]), .of("4", groups: [bad]), .of("5", groups: [.of("8")]),
                    .of("6", groups: [CatalogModifierGroup.of("9", "Nul", ["90\0": 1])]),
                ],
                categories: [CatalogCategory(id: "1\0", name: "bad"), CatalogCategory(id: "2", name: "good")],
                selections: [CatalogSelection(id: "1", name: "bad", plus: ["\0"])]
            )
            let sync = UUID()
            let stages = try await bed.stage(catalog, as: sync)
            #expect(stages.staged.products == 2)
            #expect(stages.staged.categories == 1)
            #expect(stages.staged.selections == 0)
            #expect(stages.staged.noticeCount == 8)
            #expect(stages.staged.notices.contains { $0.message.contains("Product 2 \"zerocharacter\" was skipped") })
            _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            _ = try await bed.apply(sync)
            #expect(try await bed.read().items.map(\.plu) == ["1", "5"])
        }
    }

    @Test("A stage that is repeated answers the same and changes nothing; a killed reading begins anew (rule K21, F33)")
    func stagesCanBeRepeated() async throws {
        try await MenuBed.with { bed in
            var maker = CatalogMaker(seed: 7)
            let catalog = maker.catalog()
            let sync = UUID()
            // Killed while it read: half of it is there, and a product that is gone when it is read again.
            let killed = CatalogStager(pool: bed.pool, sync: sync, key: .first)
            try await killed.begin()
            try await killed.add(.of(catalog.products + [.of("9999")], categories: catalog.categories))
            _ = try await killed.finish()
            _ = try await bed.staging.arrangeCategories(sync, provider: MenuBed.provider)

            let stages = try await bed.stage(catalog, as: sync)
            for _ in 0..<2 {
                #expect(try await bed.staging.arrangeCategories(sync, provider: MenuBed.provider) == stages.categories)
                #expect(try await bed.staging.arrangeProducts(sync, provider: MenuBed.provider) == stages.products)
                let groups = try await bed.staging.arrangeDisplayGroups(sync, provider: MenuBed.provider)
                #expect(groups == stages.displayGroups)
                _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            }
            let applied = try await bed.apply(sync)
            let rows = try await bed.rows()
            #expect(try await bed.apply(sync) == applied)
            #expect(try await bed.rows() == rows)
            #expect(try await bed.read().content == MenuModel(catalog))
            try await bed.staging.clear(sync)
            #expect(try await bed.apply(sync) == applied)
        }
    }

    @Test("An attempt that was given up for dead adds nothing to the next one, nor after a deletion (F33)")
    func anOldAttemptAddsNothing() async throws {
        try await MenuBed.with { bed in
            let sync = UUID()
            let old = CatalogStager(pool: bed.pool, sync: sync, key: .first)
            try await old.begin()
            try await old.add(.plain(10))
            let new = CatalogStager(pool: bed.pool, sync: sync, key: .first)
            try await new.begin()
            try await new.add(.plain(3))
            await #expect(throws: ImportError.stagingLost) { _ = try await old.finish() }
            #expect(try await new.finish().products == 3)
            try await new.add(.plain(6_000))
            try await bed.menus.deleteEverything(.first)
            await #expect(throws: ImportError.stagingLost) { try await new.add(.plain(6_000)) }
            #expect(try await bed.pool.query("SELECT FROM staged_products").isEmpty)
        }
    }

    @Test("What the database lost of staging is an error, never an empty menu or a removal of everything")
    func lostStagingIsNoticed() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(5))
            let sync = UUID()
            _ = try await bed.plan(.plain(5, priceCents: 260), as: sync)
            // As a crash of the database leaves unlogged tables.
            try await bed.pool.execute("TRUNCATE staged_products, staged_categories, arranged_parts")
            await #expect(throws: ImportError.stagingLost) { _ = try await bed.apply(sync) }
            await #expect(throws: ImportError.stagingLost) {
                _ = try await bed.plans.plan(sync, .first, guard: PlanGuard())
            }
            let stager = CatalogStager(pool: bed.pool, sync: UUID(), key: .first)
            try await stager.begin()
            for part in CatalogPart.plain(6_000).split(into: 3) { try await stager.add(part) }
            try await bed.pool.execute("TRUNCATE staged_products")
            await #expect(throws: ImportError.stagingLost) { _ = try await stager.finish() }
            #expect(try await bed.read().items.allSatisfy { $0.priceCents == 250 })
        }
    }

    @Test("What waits to be written does not grow with the catalogue, however different its groups are (G11)")
    func memoryStaysBounded() throws {
        var peaks: [Int] = []
        for count in [20_000, 100_000] {
            var rows = StagingRows(sync: UUID())
            var peak = 0
            for index in 0..<count {
                let group = CatalogModifierGroup.of("\(index)", "Group \(index)", ["901": index])
                let notice = try rows.add(CatalogProduct.of("\(index + 1)", groups: [group]))
                #expect(notice == nil)
                peak = max(peak, rows.byteCount)
                #expect(rows.remembered <= 40_000)
                if rows.isFull { rows.removeAll() }
            }
            #expect(rows.counts.products == count)
            peaks.append(peak)
        }
        #expect(peaks.allSatisfy { $0 < 1_100_000 })
    }

    @Test("20,000 products come in through the stager, chunk by chunk, and repeat without a change")
    func manyProductsComeIn() async throws {
        try await MenuBed.with { bed in
            let group = CatalogModifierGroup.of("7")
            let products = (1...20_000).map { CatalogProduct.of("\($0)", groups: $0 % 3 == 0 ? [group] : []) }
            let applied = try await bed.take(.of(products))
            #expect(applied.version?.added == 20_001)
            #expect(applied.version?.itemCount == 20_000)
            #expect(try await bed.take(.of(products)).isUnchanged)
            #expect(try await bed.read(limit: 5_000).items.count == 20_000)
        }
    }

    @Test("Two imports of different locations, and of two merchants, stage side by side")
    func importsDoNotMeet() async throws {
        try await MenuBed.with { bed in
            let keys = [MenuKey.first, .elsewhere, MenuKey("merchant-1", "location-2")]
            try await withThrowingTaskGroup { group in
                for (index, key) in keys.enumerated() {
                    group.addTask { try await bed.take(.plain(100 + index, priceCents: 100 * (index + 1)), key) }
                }
                try await group.waitForAll()
            }
            for (index, key) in keys.enumerated() {
                let menu = try await bed.read(key)
                #expect(menu.items.count == 100 + index)
                #expect(menu.items.allSatisfy { $0.priceCents == 100 * (index + 1) })
            }
            let ids = try await keys.asyncMap { try await bed.read($0).items.map(\.itemId) }
            #expect(Set(ids.flatMap(\.self)).count == 303)
            #expect(try await bed.pool.query("SELECT FROM staged_products").isEmpty)
        }
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
