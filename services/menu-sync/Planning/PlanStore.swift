import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Plans: what an import would change, and its application.
struct PlanStore: Sendable {
    let pool: PostgresPool

    /// Compares what is in staging with the menu as it is.
    ///
    /// Changes nothing but the plan itself; repeated, it plans anew against the menu as it is then.
    func plan(_ sync: UUID, _ key: MenuKey, guard limits: PlanGuard) async throws -> StoredPlan {
        try await pool.transaction(limit: StagingStore.limit) { transaction in
            try await transaction.preferWholeTables()
            let staging = try await staging(sync, key, in: transaction)
            let menu = try await menu(key, of: staging.provider, in: transaction)
            let difference = MenuDifference(
                target: .staged(sync),
                current: .version(menu?.version ?? 0, of: key)
            )
            let summary = try await summary(difference, limits, isFirst: menu == nil, in: transaction)
            let plan = StoredPlan(summary: summary, baseVersion: menu?.version ?? 0)
            try await transaction.execute(
                """
                UPDATE stagings
                SET plan_base = \(plan.baseVersion), plan = \(JSON(summary))
                WHERE sync_id = \(sync) AND merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                """
            )
            return plan
        }
    }

    /// Brings a plan into the menu, whole or in part: one transaction, after which readers see the new version.
    ///
    /// The plan must be of the version that the menu has (else ``ImportError/planOutdated``). Where there is nothing to
    /// change no version comes of it. Repeated after a crash it finds its version and answers the same.
    ///
    /// `guarding` runs first, and may lock and refuse; `recording` runs last. Both share the transaction's fate.
    func apply(
        _ sync: UUID,
        _ key: MenuKey,
        provider: String,
        selection: PlanSelection = .whole,
        actor: String,
        guarding: (PostgresTransaction) async throws -> Void = { _ in },
        recording: (PostgresTransaction, AppliedPlan) async throws -> Void = { _, _ in }
    ) async throws -> AppliedPlan {
        try await pool.transaction(limit: StagingStore.limit) { transaction in
            try await guarding(transaction)
            try await transaction.preferWholeTables()
            try await MenuWriter.lock(key, in: transaction)
            let applied = try await applied(sync, key, provider, selection, actor, in: transaction)
            try await recording(transaction, applied)
            return applied
        }
    }

    private func applied(
        _ sync: UUID,
        _ key: MenuKey,
        _ provider: String,
        _ selection: PlanSelection,
        _ actor: String,
        in transaction: PostgresTransaction
    ) async throws -> AppliedPlan {
        if let version = try await MenuVersion.find(key, sync: sync, in: transaction) {
            return AppliedPlan(currentVersion: version.version, version: version)
        }
        let staging = try await staging(sync, key, in: transaction)
        guard let plan = staging.plan else { throw ImportError.noPlan }
        let menu = try await menu(key, of: provider, in: transaction)
        guard plan.baseVersion == menu?.version ?? 0 else { throw ImportError.planOutdated }
        let writer = MenuWriter(key: key, transaction: transaction)
        let version = try await nextVersion(key, after: menu, in: transaction)
        var counts = (items: MenuWriter.Counts(), parts: MenuWriter.Counts())
        if !plan.isEmpty {
            let difference = MenuDifference(
                target: .staged(sync),
                current: .version(plan.baseVersion, of: key),
                selection: selection
            )
            counts = try await writer.write(difference, as: version)
        }
        let total = counts.items + counts.parts
        guard !total.isEmpty else {
            try await noteUnchanged(key, asOf: staging.stagedAt, in: transaction)
            return AppliedPlan(currentVersion: plan.baseVersion)
        }
        try await transaction.execute(
            """
            INSERT INTO versions (
                merchant_id, location_id, version, as_of, sync_id, actor, added, changed, removed, item_count
            )
            VALUES (
                \(key.merchantID), \(key.locationID), \(version), \(staging.stagedAt), \(sync), \(actor),
                \(total.added), \(total.changed), \(total.removed),
                \((menu?.items ?? 0) + counts.items.added - counts.items.removed)
            )
            """
        )
        try await transaction.execute(
            """
            INSERT INTO menus (merchant_id, location_id, provider, current_version, as_of)
            VALUES (\(key.merchantID), \(key.locationID), \(provider), \(version), \(staging.stagedAt))
            ON CONFLICT ON CONSTRAINT menus_pkey
            DO UPDATE SET current_version = EXCLUDED.current_version, as_of = EXCLUDED.as_of
            """
        )
        let applied = try await MenuVersion.find(key, sync: sync, in: transaction)
        return AppliedPlan(currentVersion: version, version: applied)
    }

    // MARK: - What they stand on

    private struct Staging {
        let stagedAt: Date
        let provider: String
        let plan: StoredPlan?
    }

    private struct Menu {
        let version: Int
        let items: Int
    }

    /// An import whose stages are through and whose rows are still there.
    private func staging(
        _ sync: UUID,
        _ key: MenuKey,
        in transaction: PostgresTransaction
    ) async throws -> Staging {
        let row = try await transaction.queryOne(
            """
            SELECT staged_at, provider, plan_base, plan,
                NOT EXISTS (SELECT FROM staged_products AS p WHERE p.sync_id = s.sync_id) AS is_lost
            FROM stagings AS s
            WHERE sync_id = \(sync) AND merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                AND categories_outcome IS NOT NULL AND products_outcome IS NOT NULL
                AND display_groups_outcome IS NOT NULL
            FOR UPDATE
            """
        )
        guard let row else { throw ImportError.noPlan }
        guard try !row["is_lost", as: Bool.self] else { throw ImportError.stagingLost }
        let base: Int? = try row["plan_base"]
        let summary: JSON<PlanSummary>? = try row["plan"]
        return Staging(
            stagedAt: try row["staged_at"],
            provider: try row["provider"],
            plan: summary.flatMap { summary in base.map { StoredPlan(summary: summary.value, baseVersion: $0) } }
        )
    }

    private func menu(
        _ key: MenuKey,
        of provider: String,
        in transaction: PostgresTransaction
    ) async throws -> Menu? {
        let row = try await transaction.queryOne(
            """
            SELECT m.provider, m.current_version, v.item_count
            FROM menus AS m
            JOIN versions AS v
                ON v.merchant_id = m.merchant_id AND v.location_id = m.location_id AND v.version = m.current_version
            WHERE m.merchant_id = \(key.merchantID) AND m.location_id = \(key.locationID)
            """
        )
        guard let row else { return nil }
        let known: String = try row["provider"]
        guard known == provider else { throw ImportError.otherProvider(known) }
        return Menu(version: try row["current_version"], items: try row["item_count"])
    }

    /// The number of the menu's next version: greater than every one before, those of a deleted menu included.
    private func nextVersion(_ key: MenuKey, after menu: Menu?, in transaction: PostgresTransaction) async throws -> Int
    {
        if let menu { return menu.version + 1 }
        let deleted = try await transaction.queryOne(
            """
            SELECT last_version
            FROM deleted_menus
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        return try (deleted?["last_version"] ?? 0) + 1
    }

    private func noteUnchanged(_ key: MenuKey, asOf: Date, in transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE menus
            SET as_of = \(asOf)
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND as_of < \(asOf)
            """
        )
    }

    private func summary(
        _ difference: MenuDifference,
        _ limits: PlanGuard,
        isFirst: Bool,
        in transaction: PostgresTransaction
    ) async throws -> PlanSummary {
        let row = try await transaction.queryOne(
            """
            WITH counted (is_item, change, is_current, is_repriced) AS (
                SELECT true, change, is_current, is_repriced FROM (\(difference.items)) AS i
                UNION ALL
                SELECT false, change, false, false FROM (\(difference.parts)) AS p
            )
            SELECT count(*) FILTER (WHERE change = 'added') AS added,
                count(*) FILTER (WHERE change = 'changed') AS changed,
                count(*) FILTER (WHERE change = 'removed') AS removed,
                count(*) FILTER (WHERE change IS NULL) AS unchanged,
                count(*) FILTER (WHERE is_current) AS current_items,
                count(*) FILTER (WHERE is_item AND change = 'removed') AS removed_items,
                count(*) FILTER (WHERE is_repriced) AS repriced_items
            FROM counted
            """
        )
        guard let row else { throw ImportError.noPlan }
        let current: Int = try row["current_items"]
        let removed: Int = try row["removed_items"]
        let repriced: Int = try row["repriced_items"]
        return PlanSummary(
            added: try row["added"],
            changed: try row["changed"],
            removed: try row["removed"],
            unchanged: try row["unchanged"],
            currentItems: current,
            removedItems: removed,
            repricedItems: repriced,
            heldBecause: limits.reasons(removed: removed, repriced: repriced, of: current, isFirst: isFirst)
        )
    }
}
