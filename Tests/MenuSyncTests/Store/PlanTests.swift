import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

@Suite struct PlanTests {
    @Test("Pages of a long plan hold each change once, in order, wherever among the items they are")
    func longPlans() async throws {
        try await MenuBed.with { bed in
            let count = 3 * PlanStore.stretch
            try await bed.take(.plain(count))
            let sync = UUID()
            // A stretch in which nothing changes, one that is gone, one that is new, and single ones at both ends.
            var products = CatalogPart.plain(count).products.sorted { $0.plu < $1.plu }
            let gone = products[2_500..<5_000].map(\.plu)
            products[0].priceCents += 1
            products[count - 1].priceCents += 1
            products.removeSubrange(2_500..<5_000)
            let new = (0..<2_500).map { CatalogProduct.of("5x\(10_000 + $0)") }
            _ = try await bed.plan(.of(products + new), as: sync)
            let expected = (gone + new.map(\.plu) + [products[0].plu, products[products.count - 1].plu]).sorted()
            var listed: [String] = []
            var cursor: PlanCursor?
            repeat {
                let page = try await bed.plans.changes(sync, .first, after: cursor, limit: 400)
                listed += page.map(\.externalId)
                cursor = page.count == 400 ? page.last.flatMap { PlanCursor(after: $0) } : nil
            } while cursor != nil
            #expect(listed == expected)
            let changed = try await bed.plans.changes(sync, .first, kinds: [.changed], limit: 5)
            #expect(changed.map(\.externalId) == [expected[0], expected[expected.count - 1]])
        }
    }

    @Test("A plan names what is added, changed and removed, field by field, and changes nothing (rule K23)")
    func aPlanIsNoChange() async throws {
        try await MenuBed.with { bed in
            try await bed.take(
                .of(
                    [
                        .of("1", "Coffee", 250, category: "1"), .of("2", "Tea", 200), .of("3", "Cake", 400),
                        .of("4", "Milk", 100, groups: [.of("7")]),
                    ],
                    categories: [CatalogCategory(id: "1", name: "Hot")]
                )
            )
            let rows = try await bed.rows()
            let sync = UUID()
            let plan = try await bed.plan(
                .of(
                    [
                        .of("1", "Café", 275, kitchen: "KOF", category: "1"), .of("2", "Tea", 200),
                        .of("5", "Soup", 600),
                        .of("4", "Milk", 100, groups: [.of("7", "Milk", ["901": 60])]),
                    ],
                    categories: [CatalogCategory(id: "1", name: "Warm", sortOrder: 4)]
                ),
                as: sync,
                guard: PlanGuard(removes: 1, reprices: 1)
            )
            #expect(
                plan.summary
                    == PlanSummary(
                        added: 1,
                        changed: 3,
                        removed: 1,
                        unchanged: 2,
                        currentItems: 4,
                        removedItems: 1,
                        repricedItems: 1,
                        heldBecause: []
                    )
            )
            #expect(try await bed.rows() == rows)

            let changes = try await bed.changes(sync)
            let before = [
                PlanChange(
                    change: .changed,
                    entry: .category,
                    externalId: "1",
                    name: "Warm",
                    fields: [
                        FieldChange(field: "name", old: "\"Hot\"", new: "\"Warm\""),
                        FieldChange(field: "sortOrder", new: "4"),
                    ]
                ),
                PlanChange(
                    change: .changed,
                    entry: .modifierGroup,
                    externalId: "7",
                    name: "Milk",
                    fields: [
                        FieldChange(
                            field: "modifiers",
                            old: #"[{"plu": "901", "name": "Choice 901", "priceCents": 50}]"#,
                            new: #"[{"plu": "901", "name": "Choice 901", "priceCents": 60}]"#
                        )
                    ]
                ),
                PlanChange(
                    change: .changed,
                    entry: .item,
                    externalId: "1",
                    name: "Café",
                    fields: [
                        FieldChange(field: "kitchenName", new: "\"KOF\""),
                        FieldChange(field: "name", old: "\"Coffee\"", new: "\"Café\""),
                        FieldChange(field: "priceCents", old: "250", new: "275"),
                    ]
                ),
                PlanChange(
                    change: .removed,
                    entry: .item,
                    externalId: "3",
                    name: "Cake",
                    fields: [
                        FieldChange(field: "name", old: "\"Cake\""),
                        FieldChange(field: "priceCents", old: "400"),
                        FieldChange(field: "taxBasisPoints", old: "2100"),
                    ]
                ),
                PlanChange(
                    change: .added,
                    entry: .item,
                    externalId: "5",
                    name: "Soup",
                    fields: [
                        FieldChange(field: "name", new: "\"Soup\""),
                        FieldChange(field: "priceCents", new: "600"),
                        FieldChange(field: "taxBasisPoints", new: "2100"),
                    ]
                ),
            ]
            #expect(changes == before)
            // Page by page it is the same, and by kind a part of it.
            var paged: [PlanChange] = []
            while true {
                let page = try await bed.plans.changes(
                    sync,
                    .first,
                    after: paged.last.flatMap { PlanCursor(after: $0) }.flatMap { PlanCursor($0.text) },
                    limit: 1
                )
                if page.isEmpty { break }
                paged += page
            }
            #expect(paged == before)
            #expect(try await bed.changes(sync, kinds: [.removed, .added]).map(\.externalId) == ["3", "5"])
            #expect(try await bed.changes(sync, .elsewhere).isEmpty)

            // Applied and cleared, the plan can still be read.
            let applied = try await bed.apply(sync)
            #expect(applied.version?.added == 1)
            #expect(applied.version?.changed == 3)
            #expect(applied.version?.removed == 1)
            #expect(applied.version?.itemCount == 4)
            try await bed.staging.clear(sync)
            #expect(try await bed.changes(sync) == before)
        }
    }

    @Test("An import that repeats writes no row and makes no version (I12)")
    func aRepeatChangesNothing() async throws {
        try await MenuBed.with { bed in
            var maker = CatalogMaker(seed: 11)
            let catalog = maker.catalog()
            try await bed.take(catalog)
            let rows = try await bed.rows()
            let etag = try await bed.read().etag
            let asOf = try await bed.menus.menu(.first)?.asOf
            let sync = UUID()
            let plan = try await bed.plan(catalog, as: sync)
            #expect(plan.isEmpty)
            #expect(!plan.isHeld)
            #expect(plan.summary.unchanged > 0)
            let applied = try await bed.apply(sync)
            #expect(applied == AppliedPlan(currentVersion: 1, version: nil))
            #expect(applied.isUnchanged)
            #expect(try await bed.apply(sync) == applied)
            #expect(try await bed.rows() == rows)
            #expect(try await bed.read().etag == etag)
            // But it is known to be right as of now.
            let confirmed = try await bed.menus.menu(.first)?.asOf
            let (before, after) = (try #require(asOf), try #require(confirmed))
            #expect(after > before)
        }
    }

    @Test(
        "A plan that removes or reprices more than its share is held, at the share it is not (I12)",
        arguments: [
            (20, 0, []), (21, 0, ["removes_too_much"]), (0, 30, []), (0, 31, ["reprices_too_much"]),
            (90, 10, ["removes_too_much"]), (40, 60, ["removes_too_much", "reprices_too_much"]),
        ] as [(Int, Int, [String])]
    )
    func theGuardHolds(removed: Int, repriced: Int, reasons: [String]) async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(100))
            var products = CatalogPart.plain(100).products
            for index in 0..<repriced { products[index].priceCents += 1 }
            products.removeLast(removed)
            let plan = try await bed.plan(.of(products), as: UUID())
            #expect(plan.summary.removedItems == removed)
            #expect(plan.summary.repricedItems == repriced)
            #expect(plan.summary.heldBecause == reasons)
            #expect(plan.isHeld == !reasons.isEmpty)
        }
    }

    @Test("A first import is never held, nor does the guard count another merchant's menu")
    func aFirstImportIsNeverHeld() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(100), .elsewhere)
            let plan = try await bed.plan(
                .plain(1, priceCents: 9),
                as: UUID(),
                guard: PlanGuard(removes: 0, reprices: 0)
            )
            #expect(!plan.isHeld)
            #expect(plan.summary.currentItems == 0)
            #expect(plan.baseVersion == 0)
        }
    }

    @Test("In part: without removals items stay, with what they need")
    func withoutRemovals() async throws {
        try await MenuBed.with { bed in
            let old = CatalogPart.of(
                [
                    .of("1", category: "2", groups: [.of("7")]), .of("2"), .of("3", category: "9"),
                ],
                categories: [
                    CatalogCategory(id: "1", name: "Top"), CatalogCategory(id: "2", name: "Under", parentId: "1"),
                    CatalogCategory(id: "9", name: "Other"),
                ],
                selections: [CatalogSelection(id: "1", name: "Lunch", plus: ["1", "2"])]
            )
            try await bed.take(old)
            let new = CatalogPart.of(
                [.of("2", "New name", 300), .of("4"), .of("3")],
                selections: [CatalogSelection(id: "1", name: "Lunch", plus: ["4", "2"])]
            )
            let applied = try await bed.take(new, .first, PlanSelection(removals: false))
            #expect(applied.version?.itemCount == 4)
            let menu = try await bed.read()
            let content = menu.content
            #expect(content.items.keys.sorted() == ["1", "2", "3", "4"])
            #expect(content.items["1"] == MenuModel(old).items["1"])
            #expect(content.items["2"] == MenuModel(new).items["2"])
            #expect(content.categories == ["1": "Top/", "2": "Under/1"])
            #expect(content.groups == MenuModel(old).groups)
            #expect(content.displayGroups == ["1": ["4", "2"]])
        }
    }

    @Test("In part: without price changes the old prices stay, in modifiers too, and everything else is taken")
    func withoutPriceChanges() async throws {
        try await MenuBed.with { bed in
            try await bed.take(
                .of([.of("1", "Coffee", 250, groups: [.of("7", "Milk", ["901": 50])]), .of("2", "Tea", 200)])
            )
            let new = CatalogPart.of([
                .of("1", "Café", 300, groups: [.of("7", "Milk", ["901": 70, "902": 30])]), .of("2", "Tea", 900),
                .of("3"),
            ])
            try await bed.take(new, .first, PlanSelection(priceChanges: false))
            let menu = try await bed.read()
            #expect(menu.item("1")?.name == "Café")
            #expect(menu.items.map(\.priceCents) == [250, 200, 250])
            #expect(menu.group("7")?.modifiers.map(\.priceCents) == [50, 30])

            // What was left out is planned again by the next import.
            let plan = try await bed.plan(new, as: UUID())
            #expect(plan.summary.changed == 3)
            #expect(plan.summary.repricedItems == 2)
            // Where a selection leaves nothing, no version comes of it.
            let rows = try await bed.rows()
            let nothing = try await bed.take(new, .first, PlanSelection(priceChanges: false))
            #expect(nothing.isUnchanged)
            #expect(try await bed.rows() == rows)
        }
    }

    @Test("In part: excepted items stay as they are, are not removed and not added")
    func exceptedItemsStay() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.of([.of("1"), .of("2"), .of("3", groups: [.of("7")]), .of("4")]))
            let new = CatalogPart.of(
                [.of("1", "New", 999), .of("2", "New", 999), .of("5"), .of("6")],
                selections: [
                    CatalogSelection(id: "1", name: "Lunch", plus: ["5", "6"]),
                    CatalogSelection(id: "2", name: "Excepted", plus: ["5"]),
                ]
            )
            try await bed.take(new, .first, PlanSelection(exceptPlus: ["1", "3", "5", "unheard of"]))
            let menu = try await bed.read()
            #expect(menu.items.map(\.plu) == ["1", "2", "3", "6"])
            #expect(menu.items.map(\.priceCents) == [250, 999, 250, 250])
            #expect(menu.item("3")?.modifierGroupIds == menu.view.modifierGroups.map(\.modifierGroupId))
            #expect(menu.content.displayGroups == ["1": ["6"]])
            #expect(menu.view.itemCount == 4)
        }
    }

    @Test("A plan is of one version: after any other change of the menu it is outdated and changes nothing")
    func anOutdatedPlanIsRefused() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(10))
            let held = UUID()
            _ = try await bed.plan(.plain(2), as: held)
            try await bed.take(.plain(11))
            let rows = try await bed.rows()
            await #expect(throws: ImportError.planOutdated) { _ = try await bed.apply(held) }
            #expect(try await bed.rows() == rows)
            // Planned again, it is of the menu as it is now.
            let plan = try await bed.plans.plan(held, .first, guard: PlanGuard())
            #expect(plan.baseVersion == 2)
            #expect(plan.summary.removedItems == 9)
            _ = try await bed.menus.rollBack(.first, to: 1, actor: "Ann")
            await #expect(throws: ImportError.planOutdated) { _ = try await bed.apply(held) }
            await #expect(throws: ImportError.noPlan) { _ = try await bed.apply(UUID()) }
            await #expect(throws: ImportError.noPlan) { _ = try await bed.apply(held, .elsewhere) }
        }
    }

    @Test("Of two plans of one version that are applied at once, one is and the other is outdated (F33)")
    func onePlanWins() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(200))
            let syncs = [UUID(), UUID()]
            for (index, sync) in syncs.enumerated() {
                _ = try await bed.plan(.plain(200, priceCents: 1_000 + index), as: sync)
            }
            let results = await withTaskGroup(of: Result<AppliedPlan, any Error>.self) { group in
                for sync in syncs {
                    group.addTask {
                        do { return .success(try await bed.apply(sync)) } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { (try? $0.get()) != nil } == 1)
            for case .failure(let error) in results { #expect(error as? ImportError == .planOutdated) }
            let menu = try await bed.read()
            #expect(menu.view.version == 2)
            #expect(Set(menu.items.map(\.priceCents)).count == 1)
        }
    }

    @Test("A menu of another provider is not mixed into: it has to be deleted first")
    func anotherProviderIsRefused() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(3))
            let sync = UUID()
            _ = try await bed.plan(.plain(4), as: sync)
            await #expect(throws: ImportError.otherProvider("vanhoutte")) {
                _ = try await bed.plans.apply(sync, .first, provider: "hendrickx", actor: "Ann")
            }
        }
    }

    @Test("Whatever two catalogues follow each other, the menu is the one of the last (rule K22)", arguments: 1...12)
    func menusFollowTheirCatalogues(seed: UInt64) async throws {
        try await MenuBed.with { bed in
            var maker = CatalogMaker(seed: seed)
            let catalogs = [maker.catalog(), maker.catalog()]
            var version = 0
            for catalog in [catalogs[0], catalogs[1], catalogs[0], catalogs[0]] {
                let sync = UUID()
                let plan = try await bed.plan(catalog, as: sync)
                let changes = try await bed.changes(sync)
                #expect(changes.count == plan.summary.added + plan.summary.changed + plan.summary.removed)
                let applied = try await bed.apply(sync)
                #expect(applied.isUnchanged == plan.isEmpty)
                version += applied.isUnchanged ? 0 : 1
                #expect(applied.currentVersion == version)
                let menu = try await bed.read(limit: 7)
                #expect(menu.content == MenuModel(catalog))
                #expect(menu.view.itemCount == menu.items.count)
            }
            // And every version is still there.
            #expect(try await bed.read(version: 1).content == MenuModel(catalogs[0]))
            if version > 1 { #expect(try await bed.read(version: 2).content == MenuModel(catalogs[1])) }
        }
    }
}
