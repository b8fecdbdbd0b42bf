import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import MenuSync

@Suite struct MenuTests {
    // MARK: - Versions

    @Test("Every applied plan is a version, and any of them can be gone back to")
    func anyVersionCanBeGoneBackTo() async throws {
        try await MenuBed.with { bed in
            var maker = CatalogMaker(seed: 3)
            let catalogs = (0..<4).map { _ in maker.catalog() }
            for catalog in catalogs { try await bed.take(catalog) }
            for (index, catalog) in catalogs.enumerated() {
                let back = try await bed.menus.rollBack(.first, to: index + 1, actor: "Bea")
                #expect(back.changed)
                #expect(back.version.rollbackOf == index + 1)
                #expect(back.version.syncId == nil)
                #expect(back.version.isCurrent)
                let menu = try await bed.read()
                #expect(menu.view.version == back.version.version)
                #expect(menu.content == MenuModel(catalog))
                #expect(menu.items.count == back.version.itemCount)
            }
            // Where the menu has that content already nothing is written.
            let rows = try await bed.rows()
            let same = try await bed.menus.rollBack(.first, to: 4, actor: "Bea")
            #expect(!same.changed)
            #expect(same.version.version == 8)
            #expect(try await bed.rows() == rows)

            let versions = try await bed.menus.versions(.first, limit: 5)
            #expect(versions.map(\.version) == [8, 7, 6, 5, 4])
            #expect(versions.map(\.actor) == ["Bea", "Bea", "Bea", "Bea", "Ann"])
            #expect(versions.map(\.isCurrent) == [true, false, false, false, false])
            #expect(try await bed.menus.versions(.first, before: 4, limit: 5).map(\.version) == [3, 2, 1])
            #expect(try await bed.menus.versions(.elsewhere, limit: 5).isEmpty)

            await #expect(throws: MenuError.unknownVersion) {
                _ = try await bed.menus.rollBack(.first, to: 99, actor: "Bea")
            }
            await #expect(throws: MenuError.noMenu) {
                _ = try await bed.menus.rollBack(.elsewhere, to: 1, actor: "Bea")
            }
            await #expect(throws: MenuError.unknownVersion) { _ = try await bed.read(version: 99) }
            // The next import goes by the register again.
            try await bed.take(catalogs[1])
            #expect(try await bed.read().content == MenuModel(catalogs[1]))
        }
    }

    @Test("A version costs what it changes, and no more")
    func aVersionCostsWhatItChanges() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(500))
            var products = CatalogPart.plain(500).products
            products[10].priceCents = 999
            products.removeLast()
            try await bed.take(.of(products))
            let rows = try await bed.pool.queryOne(
                "SELECT count(*) AS n, count(*) FILTER (WHERE to_version IS NULL) AS current FROM items"
            )
            #expect(try rows?["n", as: Int.self] == 501)
            #expect(try rows?["current", as: Int.self] == 499)
        }
    }

    // MARK: - Edits

    @Test("What a merchant changed survives every import and rollback, and can be given back (rule K25)")
    func editsSurvive() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.of([.of("1", "Coffee", 250), .of("2", "Tea", 200)]))
            try await bed.take(.of([.of("1", "Coffee", 250)]), .elsewhere)
            let item = try #require(try await bed.read().item("1"))
            let edit = ItemEdit(
                name: "Espresso",
                description: "Fort en goût",
                imageURL: "https://img.example/1.jpg",
                sortOrder: 3
            )
            let edited = try await bed.menus.edit(.first, item: item.itemId, edit, actor: "Ann")
            #expect(edited.changed)
            #expect(edited.item.name == "Espresso")
            #expect(edited.item.registerName == "Coffee")
            #expect(edited.item.description == "Fort en goût")
            #expect(edited.item.imageUrl == "https://img.example/1.jpg")
            #expect(edited.item.sortOrder == 3)
            let again = try await bed.menus.edit(.first, item: item.itemId, edit, actor: "Bea")
            #expect(!again.changed)

            // Imports, removal and return, rollback: the edit stays, what is the register's follows it.
            try await bed.take(.of([.of("1", "Kaffee", 300), .of("2", "Tea", 200)]))
            var now = try #require(try await bed.read().item("1"))
            #expect(now.name == "Espresso")
            #expect(now.registerName == "Kaffee")
            #expect(now.priceCents == 300)
            #expect(now.description == "Fort en goût")
            try await bed.take(.of([.of("2", "Tea", 200)]))
            #expect(try await bed.read().item("1") == nil)
            try await bed.take(.of([.of("1", "Kaffee", 310), .of("2", "Tea", 200)]))
            now = try #require(try await bed.read().item("1"))
            #expect(now.itemId == item.itemId)
            #expect(now.name == "Espresso")
            _ = try await bed.menus.rollBack(.first, to: 1, actor: "Ann")
            #expect(try await bed.read().item("1")?.name == "Espresso")
            #expect(try await bed.read().item("1")?.priceCents == 250)

            // Given back field by field.
            let back = try await bed.menus.edit(
                .first,
                item: item.itemId,
                ItemEdit(giveBack: [.name, .description]),
                actor: "Ann"
            )
            #expect(back.changed)
            #expect(back.item.name == "Coffee")
            #expect(back.item.registerName == nil)
            #expect(back.item.description == nil)
            #expect(back.item.imageUrl == "https://img.example/1.jpg")
            _ = try await bed.menus.edit(
                .first,
                item: item.itemId,
                ItemEdit(giveBack: Set(EditableField.allCases)),
                actor: "Ann"
            )
            #expect(try await bed.pool.query("SELECT FROM item_edits").isEmpty)
            try await bed.take(.of([.of("1", "Café", 250), .of("2", "Tea", 200)]))
            #expect(try await bed.read().item("1")?.name == "Café")

            // The other merchant's item is another one, and was never touched.
            let other = try #require(try await bed.read(.elsewhere).item("1"))
            #expect(other.itemId != item.itemId)
            #expect(other.name == "Coffee")
            await #expect(throws: MenuError.unknownItem) {
                _ = try await bed.menus.edit(.elsewhere, item: item.itemId, ItemEdit(name: "x"), actor: "Ann")
            }
            await #expect(throws: MenuError.noMenu) {
                _ = try await bed.menus.edit(MenuKey("m", "l"), item: item.itemId, ItemEdit(name: "x"), actor: "Ann")
            }
        }
    }

    @Test("The name follows the register until it is edited; each edit says who and when (rule K25)")
    func theNameFollows() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.of([.of("1", "Coffee")]))
            let item = try #require(try await bed.read().item("1")).itemId
            _ = try await bed.menus.edit(.first, item: item, ItemEdit(description: "Hot"), actor: "Ann")
            try await bed.take(.of([.of("1", "Café")]))
            #expect(try await bed.read().item("1")?.name == "Café")
            _ = try await bed.menus.edit(.first, item: item, ItemEdit(name: "Café"), actor: "Bea")
            try await bed.take(.of([.of("1", "Kaffee")]))
            #expect(try await bed.read().item("1")?.name == "Café")
            let row = try await bed.pool.queryOne(
                "SELECT name_by, name_at, description_by, image_url_by, image_url_at FROM item_edits"
            )
            #expect(try row?["name_by"] == "Bea")
            #expect(try row?["description_by"] == "Ann")
            #expect(try row?["name_at", as: Date?.self] != nil)
            #expect(try row?["image_url_by", as: String?.self] == nil)
            #expect(try row?["image_url_at", as: Date?.self] == nil)
        }
    }

    // Rule K23: what the register names by an id is found again under ours.
    @Test("Our own ids are the same in Swift and in SQL, and others for another merchant, location, provider and kind")
    func idsAgree() async throws {
        try await MenuBed.with { bed in
            var ids: Set<UUID> = []
            for key in [MenuKey.first, .elsewhere, MenuKey("merchant-1", "location-2")] {
                for provider in ["vanhoutte", "hendrickx"] {
                    for kind in MenuEntryKind.allCases {
                        let id = EntryID(key: key, provider: provider)(kind, "é/1")
                        let row = try await bed.pool.queryOne(
                            """
                            SELECT entry_id(
                                \(key.merchantID.rawValue), \(key.locationID.rawValue), \(provider), \(kind.rawValue), 'é/1'
                            ) AS id
                            """
                        )
                        #expect(try row?["id"] == id)
                        ids.insert(id)
                    }
                }
            }
            #expect(ids.count == 24)
        }
    }

    // MARK: - Reading

    @Test("The ETag changes with everything a menu shows, and nothing is sent again while it stands")
    func theEtagCoversEverything() async throws {
        try await MenuBed.with { bed in
            await #expect(throws: MenuError.noMenu) { _ = try await bed.menus.page(.first, limit: 10) }
            try await bed.take(.plain(3))
            try await bed.take(.plain(3), .elsewhere)
            let first = try await bed.read()
            #expect(try await bed.read(.elsewhere).etag != first.etag)
            let same = try await bed.menus.page(.first, ifNoneMatch: first.etag, limit: 10)
            #expect(same == GetMenuResponse(etag: first.etag, notModified: true, items: []))

            let item = try #require(first.items.first).itemId
            _ = try await bed.menus.edit(.first, item: item, ItemEdit(name: "Edited"), actor: "Ann")
            let edited = try await bed.menus.page(.first, ifNoneMatch: first.etag, limit: 10)
            #expect(!edited.notModified)
            #expect(edited.items.first?.name == "Edited")
            try await bed.take(.plain(4))
            let imported = try await bed.menus.page(.first, ifNoneMatch: edited.etag, limit: 10)
            #expect(imported.items.count == 4)
            _ = try await bed.menus.rollBack(.first, to: 1, actor: "Ann")
            let back = try await bed.menus.page(.first, ifNoneMatch: imported.etag, limit: 10)
            #expect(back.items.count == 3)
            // Deleted and imported again it is another menu.
            try await bed.menus.deleteEverything(.first)
            try await bed.take(.plain(3))
            let anew = try await bed.menus.page(.first, ifNoneMatch: first.etag, limit: 10)
            #expect(!anew.notModified)
            #expect(Set([first.etag, edited.etag, imported.etag, back.etag, anew.etag]).count == 5)
        }
    }

    @Test("A reader who pages through while imports are applied never sees a mixture (I12)")
    func aReaderNeverSeesAMixture() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(300, priceCents: 1_000))
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for round in 1...8 { try await bed.take(.plain(300 - round, priceCents: 1_000 + round)) }
                }
                group.addTask {
                    var versions: Set<Int> = []
                    while versions.max() ?? 0 < 9 {
                        let menu = try await bed.read(limit: 37)
                        let round = menu.view.version - 1
                        #expect(menu.items.count == 300 - round)
                        #expect(menu.view.itemCount == menu.items.count)
                        #expect(Set(menu.items.map(\.priceCents)) == [1_000 + round])
                        versions.insert(menu.view.version)
                        try Task.checkCancellation()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A page that would not fit the first is refused: after an edit, and after a deletion")
    func aPageThatDoesNotFitIsRefused() async throws {
        try await MenuBed.with { bed in
            try await bed.take(.plain(10))
            let first = try await bed.menus.page(.first, limit: 4)
            let cursor = try #require(first.nextCursor.flatMap { MenuCursor($0) })
            #expect(try await bed.menus.page(.first, after: cursor, limit: 4).items.count == 4)
            let item = try #require(first.items.first).itemId
            _ = try await bed.menus.edit(.first, item: item, ItemEdit(sortOrder: 1), actor: "Ann")
            await #expect(throws: MenuError.menuChanged) {
                _ = try await bed.menus.page(.first, after: cursor, limit: 4)
            }
            let next = try #require(
                try await bed.menus.page(.first, limit: 4).nextCursor.flatMap { MenuCursor($0) }
            )
            try await bed.take(.plain(5))
            #expect(try await bed.menus.page(.first, after: next, limit: 10).items.count == 6)
            try await bed.menus.deleteEverything(.first)
            await #expect(throws: MenuError.menuChanged) {
                _ = try await bed.menus.page(.first, after: next, limit: 4)
            }
            try await bed.take(.plain(10))
            await #expect(throws: MenuError.menuChanged) {
                _ = try await bed.menus.page(.first, after: next, limit: 4)
            }
            #expect(MenuCursor("nonsense") == nil)
            #expect(PlanCursor("nonsense") == nil)
            // Nor one that holds what no database takes.
            #expect(MenuCursor(MenuCursor(mark: cursor.mark, plu: "1\0").text) == nil)
            #expect(PlanCursor(PlanCursor(entry: .item, externalID: "1\0").text) == nil)
        }
    }

    // MARK: - Deletion

    @Test("Deleting an integration takes everything of its menu and nothing of another's (rule K5)")
    func deletionTakesEverything() async throws {
        try await MenuBed.with { bed in
            let catalog = CatalogPart.of(
                [.of("1", category: "1", groups: [.of("7")]), .of("2")],
                categories: [CatalogCategory(id: "1", name: "Hot")],
                selections: [CatalogSelection(id: "1", name: "Lunch", plus: ["1"])]
            )
            let tables = try await bed.pool.query(
                """
                SELECT c.relname AS name
                FROM pg_class AS c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                    AND c.relname NOT IN ('schema_migrations', 'deleted_menus')
                """
            ).map { try $0["name", as: String.self] }
            func counts() async throws -> [String: Int] {
                var counts: [String: Int] = [:]
                for table in tables {
                    let row = try await bed.pool.queryOne("SELECT count(*) AS n FROM \(identifier: table)")
                    counts[table] = try row?["n"]
                }
                return counts
            }
            func fill(_ key: MenuKey) async throws {
                try await bed.take(catalog, key)
                try await bed.take(.of(catalog.products), key)
                let item = try #require(try await bed.read(key).item("1")).itemId
                _ = try await bed.menus.edit(key, item: item, ItemEdit(name: "Edited"), actor: "Ann")
                _ = try await bed.stock.replaceFromRegister(key, [StockLevel(plu: "1", quantity: 1)])
                _ = try await bed.plan(catalog, as: UUID(), of: key)
            }
            try await fill(.elsewhere)
            let others = try await counts()
            try await fill(.first)
            #expect(try await counts() != others)
            #expect(try await bed.menus.deleteEverything(.first))
            #expect(try await counts() == others)
            #expect(try await !bed.menus.deleteEverything(.first))
            await #expect(throws: MenuError.noMenu) { _ = try await bed.read() }
            #expect(try await bed.read(.elsewhere).items.count == 2)
        }
    }

    @Test("Versions of a location never go back, whatever is deleted (rule K5)")
    func versionsNeverGoBack() async throws {
        try await MenuBed.with { bed in
            for count in 1...3 { try await bed.take(.plain(count)) }
            // Each deletion is told under a number of its own.
            for version in [5, 7] {
                try await bed.menus.deleteEverything(.first)
                try await bed.menus.deleteEverything(.first)
                let applied = try await bed.take(.plain(2))
                #expect(applied.version?.version == version)
                #expect(try await bed.read().items.count == 2)
                #expect(try await bed.menus.versions(.first, limit: 5).map(\.version) == [version])
                await #expect(throws: MenuError.unknownVersion) {
                    _ = try await bed.menus.rollBack(.first, to: 1, actor: "Ann")
                }
            }
            #expect(try await bed.take(.plain(3)).version?.version == 8)
            #expect(try await bed.menus.rollBack(.first, to: 7, actor: "Ann").version.version == 9)
            #expect(try await bed.take(.plain(1), .elsewhere).version?.version == 1)
        }
    }

    // MARK: - What an order is checked by

    @Test("What is known of articles: price, choices, stock, and whether they were ever on the menu (rule P3)")
    func knowledgeOfArticles() async throws {
        try await MenuBed.with { bed in
            let unknown = try await bed.menus.knowledge(.first, plus: ["1"])
            #expect(unknown.menuVersion == nil)
            #expect(unknown.items.isEmpty)
            let groups = [CatalogModifierGroup.of("7", "Milk", ["901": 50]), .of("8", "Sugar", ["902": 0, "901": 10])]
            try await bed.take(.of([.of("1", groups: groups), .of("2", "Tea", 200), .of("3")]))
            try await bed.take(.of([.of("1", groups: groups), .of("2", "Tea", 220)]))
            try await bed.take(.plain(9, priceCents: 1), .elsewhere)
            _ = try await bed.stock.replaceFromRegister(
                .first,
                [StockLevel(plu: "2", quantity: 0), StockLevel(plu: "902", quantity: 4)]
            )
            let known = try await bed.menus.knowledge(.first, plus: ["1", "2", "3", "4"], modifierPlus: ["902"])
            #expect(known.menuVersion == 2)
            #expect(known.menuAsOf != nil)
            #expect(known.stockAsOf != nil)
            #expect(known.items.keys.sorted() == ["1", "2"])
            #expect(known.removed == ["3"])
            #expect(known.items["2"]?.priceCents == 220)
            #expect(known.items["1"]?.modifiers.keys.sorted() == ["901", "902"])
            #expect(known.items["1"]?.modifiers["901"]?.priceCents == 50)
            #expect(known.stock == ["2": 0, "902": 4])
            try await bed.take(.of([.of("1"), .of("3")]))
            #expect(try await bed.menus.knowledge(.first, plus: ["3"]).removed.isEmpty)
        }
    }
}
