import Contracts
import Foundation
import Logging
import Postgres
import RPC
import Secrets
import TestBed

@testable import MenuSync

/// The menu store of one test, in a migrated database of its own.
struct MenuBed: Sendable {
    let pool: PostgresPool
    let staging: StagingStore
    let plans: PlanStore
    let menus: MenuStore
    let stock: StockStore

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let provider = "vanhoutte"

    static func with<Value: Sendable>(_ body: (MenuBed) async throws -> Value) async throws -> Value {
        let url = try await PrivatePostgres.shared.freshDatabase(template: "menu-sync-store") { url in
            try await withPool(url) { pool in
                _ = try await Migrator(Migrations.all).apply(pool, schema: Migrations.schema)
            }
        }
        return try await withPool(url) { pool in
            try await body(
                MenuBed(
                    pool: pool,
                    staging: StagingStore(pool: pool),
                    plans: PlanStore(pool: pool),
                    menus: MenuStore(pool: pool),
                    stock: StockStore(pool: pool)
                )
            )
        }
    }

    private static func withPool<Value: Sendable>(
        _ url: Secret,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let configuration = PostgresConfiguration(
            url: url,
            searchPath: Migrations.schema,
            maxConnections: 6,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            applicationName: "menu-sync-tests"
        )
        let pool = PostgresPool(configuration, logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(pool))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }
}

extension MenuKey {
    static let first = MenuKey("merchant-1", "location-1")
    /// The same location's name at another merchant.
    static let elsewhere = MenuKey("merchant-2", "location-1")

    init(_ merchant: String, _ location: String) {
        self.init(merchantID: MerchantID(unchecked: merchant), locationID: LocationID(unchecked: location))
    }
}

// MARK: - An import, as the runner does it

extension MenuBed {
    struct Stages {
        var staged: StagedCatalog
        var categories: StageOutcome
        var products: StageOutcome
        var displayGroups: StageOutcome
    }

    @discardableResult
    func stage(_ catalog: CatalogPart, as sync: UUID, of key: MenuKey = .first, parts: Int = 3) async throws -> Stages {
        let stager = CatalogStager(pool: pool, sync: sync, key: key)
        try await stager.begin()
        for part in catalog.split(into: parts) { try await stager.add(part) }
        let staged = try await stager.finish()
        return Stages(
            staged: staged,
            categories: try await staging.arrangeCategories(sync, provider: Self.provider),
            products: try await staging.arrangeProducts(sync, provider: Self.provider),
            displayGroups: try await staging.arrangeDisplayGroups(sync, provider: Self.provider)
        )
    }

    func plan(
        _ catalog: CatalogPart,
        as sync: UUID,
        of key: MenuKey = .first,
        guard limits: PlanGuard = PlanGuard()
    ) async throws -> StoredPlan {
        try await stage(catalog, as: sync, of: key)
        return try await plans.plan(sync, key, guard: limits)
    }

    func apply(
        _ sync: UUID,
        _ key: MenuKey = .first,
        _ selection: PlanSelection = .whole
    ) async throws -> AppliedPlan {
        try await plans.apply(sync, key, provider: Self.provider, selection: selection, actor: "Ann")
    }

    /// A whole import, applied whatever the guard says.
    @discardableResult
    func take(
        _ catalog: CatalogPart,
        _ key: MenuKey = .first,
        _ selection: PlanSelection = .whole
    ) async throws
        -> AppliedPlan
    {
        let sync = UUID()
        _ = try await plan(catalog, as: sync, of: key)
        let applied = try await apply(sync, key, selection)
        try await staging.clear(sync)
        return applied
    }

    func changes(_ sync: UUID, _ key: MenuKey = .first, kinds: [PlanChangeKind] = []) async throws -> [PlanChange] {
        try await plans.changes(sync, key, kinds: kinds, limit: 1_000)
    }

    /// The whole menu, read in pages of `limit`.
    func read(_ key: MenuKey = .first, version: Int? = nil, limit: Int = 1_000) async throws -> ReadMenu {
        let first = try await menus.page(key, version: version, limit: limit)
        guard let view = first.menu else { throw MenuError.noMenu }
        var menu = ReadMenu(view: view, items: first.items, etag: first.etag)
        var next = first.nextCursor
        while let text = next {
            guard let cursor = MenuCursor(text) else { throw MenuError.malformedCursor }
            let page = try await menus.page(key, after: cursor, limit: limit)
            menu.items += page.items
            next = page.nextCursor
        }
        return menu
    }

    /// Every row of the menu's tables, with the transaction that wrote it and where it lies.
    func rows() async throws -> [String] {
        var rows: [String] = []
        for table in ["items", "parts", "versions", "item_edits"] {
            rows += try await pool.query(
                "SELECT concat_ws(' ', xmin, ctid, to_jsonb(t)) AS row FROM \(identifier: table) AS t ORDER BY 1"
            ).map { "\(table) \(try $0["row", as: String.self])" }
        }
        return rows
    }
}

/// A menu as a reader has it.
struct ReadMenu: Equatable {
    var view: MenuView
    var items: [MenuItem]
    var etag: String

    func item(_ plu: String) -> MenuItem? { items.first { $0.plu == plu } }

    func group(_ id: String) -> MenuModifierGroup? {
        view.modifierGroups.first { $0.externalIds[MenuBed.provider] == id }
    }

    /// What it holds, in the register's terms.
    var content: MenuModel {
        let groups = Dictionary(uniqueKeysWithValues: view.modifierGroups.map { ($0.modifierGroupId, $0) })
        let categories = Dictionary(uniqueKeysWithValues: view.categories.map { ($0.categoryId, $0) })
        func external(_ ids: [String: String]?) -> String? { ids?[MenuBed.provider] }
        return MenuModel(
            items: Dictionary(
                uniqueKeysWithValues: items.map { item in
                    (
                        item.plu,
                        MenuModel.Item(
                            name: item.name,
                            priceCents: item.priceCents,
                            kitchenName: item.kitchenName,
                            tax: item.taxBasisPoints,
                            sortOrder: item.sortOrder,
                            category: item.categoryId.map { external(categories[$0]?.externalIds) ?? "dangling" },
                            groups: item.modifierGroupIds.map { MenuModel.Group(groups[$0]) }
                        )
                    )
                }
            ),
            categories: Dictionary(
                uniqueKeysWithValues: view.categories.map { category in
                    let parent = category.parentId.map { external(categories[$0]?.externalIds) ?? "dangling" }
                    return (external(category.externalIds) ?? "", "\(category.name)/\(parent ?? "")")
                }
            ),
            groups: Set(view.modifierGroups.map { MenuModel.Group($0) }),
            displayGroups: Dictionary(
                uniqueKeysWithValues: view.displayGroups.map { group in
                    let plus = Dictionary(uniqueKeysWithValues: items.map { ($0.itemId, $0.plu) })
                    return (external(group.externalIds) ?? "", group.itemIds.map { plus[$0] ?? "dangling" })
                }
            )
        )
    }
}

// MARK: - Catalogues

extension CatalogPart {
    static func of(
        _ products: [CatalogProduct],
        categories: [CatalogCategory] = [],
        selections: [CatalogSelection] = []
    ) -> CatalogPart {
        CatalogPart(products: products, categories: categories, selections: selections)
    }

    func split(into count: Int) -> [CatalogPart] {
        var parts: [CatalogPart] = [CatalogPart(categories: categories)]
        let size = max(1, (products.count + count - 1) / count)
        for start in stride(from: 0, to: products.count, by: size) {
            parts.append(CatalogPart(products: Array(products[start..<min(start + size, products.count)])))
        }
        return parts + [CatalogPart(selections: selections)]
    }

    /// So many plain products from 1 on.
    static func plain(_ count: Int, priceCents: Int = 250) -> CatalogPart {
        .of((0..<count).map { .of("\($0 + 1)", "Article \($0 + 1)", priceCents) })
    }
}

extension CatalogProduct {
    static func of(
        _ plu: String,
        _ name: String? = nil,
        _ priceCents: Int = 250,
        kitchen: String? = nil,
        category: String? = nil,
        groups: [CatalogModifierGroup] = []
    ) -> CatalogProduct {
        CatalogProduct(
            plu: plu,
            name: name ?? "Article \(plu)",
            priceCents: priceCents,
            kitchenName: kitchen,
            categoryId: category,
            vatBasisPoints: 2100,
            sortOrder: nil,
            modifierGroups: groups
        )
    }
}

extension CatalogModifierGroup {
    static func of(_ id: String, _ name: String = "Milk", _ modifiers: [String: Int] = ["901": 50]) -> Self {
        CatalogModifierGroup(
            id: id,
            name: name,
            minimum: 0,
            maximum: 1,
            modifiers: modifiers.sorted { $0.key < $1.key }.map {
                CatalogModifier(plu: $0.key, name: "Choice \($0.key)", priceCents: $0.value)
            }
        )
    }
}
