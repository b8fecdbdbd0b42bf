import Contracts
import Foundation
import Logging
import Postgres
import RPC
import ServiceKit

/// Does the steps of imports (rules K20 to K27).
///
/// Each step can be done again from its beginning, and ends in one guarded statement: an import that was killed anywhere
/// goes on at its step and makes the same menu.
struct ImportRun: Sendable {
    let pool: PostgresPool
    let syncs: SyncStore
    let locations: LocationStore
    let plans: PlanStore
    let menus: MenuStore
    let stock: StockStore
    let desk: RegisterDesk
    let watch: SyncWatch
    /// When a plan waits for a person.
    let planGuard: PlanGuard
    /// Called after something was committed that subscribers are told of.
    let announce: @Sendable () -> Void
    let logger: Logger

    private var staging: StagingStore { StagingStore(pool: pool) }

    /// Does the import's next step and stores what came of it.
    func perform(_ record: ImportRecord) async throws -> ImportRecord {
        switch record.step {
        case .read: try await read(record)
        case .categories:
            try await arrange(record) {
                try await staging.arrangeCategories(record.id, provider: record.provider)
            }
        case .products:
            try await arrange(record) {
                try await staging.arrangeProducts(record.id, provider: record.provider)
            }
        case .displayGroups:
            try await arrange(record) {
                try await staging.arrangeDisplayGroups(record.id, provider: record.provider)
            }
        case .plan: try await plan(record)
        case .apply: try await apply(record)
        case .tables: try await bringTables(record)
        case .stock: try await bringStock(record)
        }
    }

    // MARK: - Stages

    private func read(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        let stager = CatalogStager(pool: pool, sync: record.id, key: record.key)
        try await stager.begin()
        var progress = StageProgress(record, syncs, watch)
        var notices = NoticeList()
        var done = 0
        let summary = try await desk.readCatalog(record, limit: syncs.timing.limit, logger: logger) { part in
            try await stager.add(part)
            for notice in part.notices { notices.add(notice) }
            done += part.products.count + part.categories.count + part.selections.count
            try await progress.reached(done)
        }
        let staged = try await stager.finish()
        notices.add(staged.notices, of: staged.noticeCount)
        record.findings = ImportFindings()
        record.findings.skipped[record.step.rawValue] = summary.skipped + staged.noticeCount
        record.findings.set(notices.first, notices.count, by: .read)
        return try await advance(record, progress, done: done, of: done)
    }

    private func arrange(
        _ record: ImportRecord,
        _ arrange: () async throws -> StageOutcome
    ) async throws -> ImportRecord {
        var record = record
        let progress = StageProgress(record, syncs, watch)
        let outcome = try await arrange()
        record.findings.set(outcome.notices, outcome.noticeCount, by: record.step)
        record.findings.skipped[record.step.rawValue] = outcome.skipped
        if record.step == .products { record.findings.counts["placeholders_removed"] = outcome.placeholders }
        return try await advance(record, progress, done: outcome.entries, of: outcome.entries)
    }

    /// Ends a step: the next one is what comes now.
    private func advance(
        _ record: ImportRecord,
        _ progress: StageProgress? = nil,
        done: Int = 0,
        of total: Int = 0
    ) async throws -> ImportRecord {
        var record = record
        let finished = record.step
        guard let next = finished.next else { return record }
        record.change(finished.stage) { stage in
            progress?.note(done, of: total, in: &stage)
            guard next.stage != finished.stage else { return }
            stage.state = .known(.done)
            stage.endedAt = Date()
            stage.problem = nil
            stage.nextAttemptAt = nil
        }
        record.step = next
        record.takeovers = 0
        if next.countsAnew { record.failures = 0 }
        record.reason = nil
        record.message = SyncWords.begun
        return try await noticed(syncs.save(record))
    }

    // MARK: - Plan and menu

    private func plan(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        let stored = try await plans.plan(record.id, record.key, guard: planGuard)
        record.plan = stored.summary
        record.baseVersion = stored.baseVersion
        // Somebody may have asked for more than a plan meanwhile.
        let isPlanOnly = try await syncs.reread(record).planOnly
        if isPlanOnly || !stored.summary.heldBecause.isEmpty {
            record.step = .apply
            record.reason = isPlanOnly ? nil : stored.summary.heldBecause.first
            record.message = isPlanOnly ? SyncWords.planned(stored.summary) : SyncWords.held(stored.summary)
            record.change(.displayGroups) { $0.state = .known(.waiting) }
            do {
                return try await noticed(syncs.end(record, in: isPlanOnly ? .planned : .held))
            } catch is ImportLost where isPlanOnly {
                return try await syncs.reread(record)
            }
        }
        return try await advance(record)
    }

    private func apply(_ record: ImportRecord) async throws -> ImportRecord {
        let approval = record.approval
        do {
            return try await noticed(applied(record, approval))
        } catch ImportError.planOutdated {
            guard approval != nil else {
                // Nobody saw the plan: the same reading is compared with the menu as it is now.
                var record = record
                record.step = .plan
                return try await noticed(syncs.save(record))
            }
            var record = record
            let stored = try await plans.plan(record.id, record.key, guard: planGuard)
            record.plan = stored.summary
            record.baseVersion = stored.baseVersion
            record.reason = "plan_outdated"
            record.message = SyncWords.outdated
            record.change(.displayGroups) { $0.state = .known(.waiting) }
            return try await noticed(syncs.end(record, in: .held))
        }
    }

    /// The menu's change, the import's and what subscribers are told are one transaction.
    private func applied(_ record: ImportRecord, _ approval: Approval?) async throws -> ImportRecord {
        var selection = PlanSelection.whole
        if let approval {
            selection = PlanSelection(
                removals: approval.removals,
                priceChanges: approval.priceChanges,
                exceptPlus: Set(approval.exceptPlus)
            )
        }
        let applied = try await plans.apply(
            record.id,
            record.key,
            provider: record.provider,
            selection: selection,
            actor: approval?.actor ?? record.actor,
            guarding: { try await SyncStore.lock(record, in: $0) },
            recording: { transaction, applied in
                var record = record
                record.menuVersion = applied.version?.version
                record.findings.isChanged = !applied.isUnchanged
                try await record.findings.count(record.key, in: transaction)
                record.step = .tables
                record.failures = 0
                record.takeovers = 0
                _ = try await SyncStore.save(record, in: transaction)
                guard let version = applied.version else { return }
                try await MenuNews.reload(record.key, version: version.version, .imported, in: transaction)
            }
        )
        if !applied.isUnchanged { announce() }
        return try await syncs.reread(record)
    }

    // MARK: - After the menu

    private func bringTables(_ record: ImportRecord) async throws -> ImportRecord {
        guard let section = try await location(of: record).tableSection else { return try await advance(record) }
        var record = record
        let tables = try await desk.readTables(record, logger: logger)
        // The register took its time; the location may have been deleted meanwhile.
        record = try await syncs.reread(record)
        try await desk.put(tables, record, into: section, logger: logger)
        record.findings.counts["tables"] = tables.tables.count
        record.findings.tableSection = section
        record.findings.set(tables.notices, tables.notices.count, by: .tables)
        return try await advance(record)
    }

    private func bringStock(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        let threshold = try await location(of: record).stockThreshold
        let read = try await desk.readStock(
            record.key,
            record.gateway,
            threshold: threshold,
            context: .background(timeout: .seconds(80), logger: logger)
        )
        let change = try await stock.replaceFromRegister(
            record.key,
            read.levels,
            threshold: threshold,
            guarding: { [record] in try await SyncStore.lock(record, in: $0) }
        )
        if !change.changed.isEmpty { announce() }
        record.findings.counts["stock_levels"] = change.levels
        record.findings.set(read.notices, read.notices.count, by: .stock)
        return try await succeed(record)
    }

    /// Goes on without what could not be brought after the menu: the menu stands.
    func goOn(_ record: ImportRecord, without problem: ImportProblem) async throws -> ImportRecord {
        var record = record
        let what = record.step == .tables ? "tables" : "stock"
        let notice = CatalogNotice(.skipped, "The register's \(what) could not be brought: \(problem.message)")
        record.findings.set([notice], 1, by: record.step)
        return try await record.step == .stock ? succeed(record) : advance(record)
    }

    private func succeed(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        record.findings.counts["skipped"] = record.findings.skipped.values.reduce(0, +)
        record.change(.displayGroups) { stage in
            stage.state = .known(.done)
            stage.endedAt = Date()
            stage.problem = nil
            stage.nextAttemptAt = nil
        }
        record.reason = nil
        record.message = SyncWords.succeeded(record)
        let ended = try await pool.transaction { [record] transaction in
            let ended = try await SyncStore.end(record, in: .succeeded, transaction)
            try await MenuNews.setup(ended, in: transaction)
            return ended
        }
        announce()
        return noticed(ended)
    }

    private func location(of record: ImportRecord) async throws -> Location {
        guard let location = try await locations.find(record.key), !location.isDeleted else {
            throw SyncError.locationDeleted
        }
        return location
    }

    private func noticed(_ record: ImportRecord) -> ImportRecord {
        watch.noticed(record.id)
        return record
    }
}
