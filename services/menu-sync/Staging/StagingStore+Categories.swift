import Contracts
import Foundation
import Postgres

extension StagingStore {
    /// Arranges the categories: each id once, and every parent leading to the top level (rule K22).
    ///
    /// Gateways repair their catalogues; what is still wrong here is repaired again and named.
    func arrangeCategories(_ sync: UUID, provider: String) async throws -> StageOutcome {
        try await once(.categories, of: sync) { transaction, staged in
            try await transaction.execute("UPDATE stagings SET provider = \(provider) WHERE sync_id = \(sync)")
            let kept = try await transaction.execute(
                """
                INSERT INTO arranged_parts (sync_id, kind, external_id, name, content)
                SELECT DISTINCT ON (external_id) sync_id, 'category', external_id, name,
                    jsonb_strip_nulls(jsonb_build_object('parentId', parent_id, 'sortOrder', sort_order))
                FROM staged_categories
                WHERE sync_id = \(sync)
                ORDER BY external_id, position
                """
            )
            var notices = NoticeList()
            let twice = try await twice("staged_categories", of: sync, in: transaction)
            for row in twice {
                let (id, name) = try row.decode(String.self, String.self)
                notices.add(CatalogNotice(.skipped, "Category \(id) \"\(name)\" was skipped: its id is listed twice."))
            }
            notices.add([], of: staged.categories - kept - twice.count)
            for row in try await liftLost(of: sync, in: transaction) {
                let (id, name) = try row.decode(String.self, String.self)
                notices.add(
                    CatalogNotice(
                        .adjusted,
                        "Category \(id) \"\(name)\" became top level: its parents do not lead there."
                    )
                )
            }
            return StageOutcome(
                entries: kept,
                skipped: staged.categories - kept,
                notices: notices.first,
                noticeCount: notices.count
            )
        }
    }

    /// Makes categories top level that cannot be reached from there: their parent is missing, or parents lead in a circle.
    private func liftLost(of sync: UUID, in transaction: PostgresTransaction) async throws -> [Row] {
        try await transaction.query(
            """
            WITH RECURSIVE tree AS (
                SELECT external_id, content->>'parentId' AS parent_id
                FROM arranged_parts
                WHERE sync_id = \(sync) AND kind = 'category'
            ), reached AS (
                SELECT external_id FROM tree WHERE parent_id IS NULL
                UNION ALL
                SELECT tree.external_id FROM reached JOIN tree ON tree.parent_id = reached.external_id
            )
            UPDATE arranged_parts AS p
            SET content = p.content - 'parentId'
            WHERE p.sync_id = \(sync) AND p.kind = 'category'
                AND NOT EXISTS (SELECT FROM reached WHERE reached.external_id = p.external_id)
            RETURNING p.external_id, p.name
            """
        )
    }

    /// The first entries whose id another entry had before them.
    func twice(_ table: String, of sync: UUID, in transaction: PostgresTransaction) async throws -> [Row] {
        try await transaction.query(
            """
            SELECT external_id, name
            FROM (
                SELECT external_id, name, position,
                    row_number() OVER (PARTITION BY external_id ORDER BY position) AS place
                FROM \(identifier: table)
                WHERE sync_id = \(sync)
            ) AS entry
            WHERE place > 1
            ORDER BY position
            LIMIT \(NoticeList.limit)
            """
        )
    }
}
