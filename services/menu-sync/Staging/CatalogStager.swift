import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// One import's way into staging.
///
/// Memory is bounded whatever the catalogue: rows are kept until there are about 5,000 or 1 MB of them, then written in one
/// short transaction. Nothing is open in the database while a register is slow.
actor CatalogStager {
    private let pool: PostgresPool
    private let sync: UUID
    private let key: MenuKey
    private let attempt = UUID()

    private var rows: StagingRows
    private var notices = NoticeList()

    init(pool: PostgresPool, sync: UUID, key: MenuKey) {
        self.pool = pool
        self.sync = sync
        self.key = key
        rows = StagingRows(sync: sync)
    }

    /// Clears what an earlier attempt of this import staged.
    ///
    /// Comes before anything else.
    func begin() async throws {
        rows = StagingRows(sync: sync)
        notices = NoticeList()
        try await pool.transaction(limit: StagingStore.limit) { @Sendable [sync, key, attempt] transaction in
            // Its row first: that waits for a chunk of an attempt that still runs, and takes its right to the next.
            try await transaction.execute("DELETE FROM stagings WHERE sync_id = \(sync)")
            try await StagingStore.deleteRows([sync], in: transaction)
            try await transaction.execute(
                """
                INSERT INTO stagings (sync_id, merchant_id, location_id, attempt)
                VALUES (\(sync), \(key.merchantID), \(key.locationID), \(attempt))
                """
            )
        }
    }

    /// Takes a part in; its own notices are the caller's.
    ///
    /// Throws ``ImportError/stagingLost`` where a newer attempt has begun, or the location's menu was deleted.
    func add(_ part: CatalogPart) async throws {
        for category in part.categories { add(try rows.add(category)) }
        for product in part.products {
            add(try rows.add(product))
            if rows.isFull { try await flush() }
        }
        for selection in part.selections { add(try rows.add(selection)) }
        if rows.isFull { try await flush() }
    }

    /// Writes what is left and notes that the catalogue is whole.
    ///
    /// Throws ``ImportError/stagingLost`` where the database lost what was staged before.
    func finish() async throws -> StagedCatalog {
        try await flush()
        let counts = rows.counts
        let stored = try await pool.transaction(limit: StagingStore.limit) {
            @Sendable [sync, key, attempt] transaction in
            try await transaction.execute(
                """
                UPDATE stagings
                SET staged_at = now(), products = \(counts.products), categories = \(counts.categories),
                    selections = \(counts.selections)
                WHERE sync_id = \(sync) AND merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                    AND attempt = \(attempt)
                    AND \(counts.products) = (SELECT count(*) FROM staged_products WHERE sync_id = \(sync))
                    AND \(counts.categories) = (SELECT count(*) FROM staged_categories WHERE sync_id = \(sync))
                    AND \(counts.selections) = (SELECT count(*) FROM staged_selections WHERE sync_id = \(sync))
                """
            )
        }
        guard stored == 1 else { throw ImportError.stagingLost }
        return StagedCatalog(
            products: counts.products,
            categories: counts.categories,
            selections: counts.selections,
            notices: notices.first,
            noticeCount: notices.count
        )
    }

    private func add(_ notice: CatalogNotice?) {
        if let notice { notices.add(notice) }
    }

    private func flush() async throws {
        guard !rows.isEmpty else { return }
        let tables = rows.tables
        try await pool.transaction { @Sendable [sync, attempt] transaction in
            // The row is held until the chunk is in: a deletion waits for it, and then finds all there is.
            let row = try await transaction.queryOne(
                "SELECT 1 FROM stagings WHERE sync_id = \(sync) AND attempt = \(attempt) FOR KEY SHARE"
            )
            guard row != nil else { throw ImportError.stagingLost }
            for (table, columns, buffer) in tables {
                try await transaction.copyIn(table, columns: columns, buffer)
            }
        }
        rows.removeAll()
    }
}
