import Contracts
import Foundation
import Postgres

extension StagingStore {
    /// Arranges the selections as display groups, without placeholders (rule K24) and unknown products.
    ///
    /// One that lists nothing of the menu is left out.
    func arrangeDisplayGroups(_ sync: UUID, provider: String) async throws -> StageOutcome {
        try await once(.displayGroups, of: sync) { transaction, staged in
            let rows = try await transaction.query(
                """
                WITH selection AS MATERIALIZED (
                    SELECT DISTINCT ON (external_id) external_id, name, sort_order, plus, position
                    FROM staged_selections
                    WHERE sync_id = \(sync)
                    ORDER BY external_id, position
                ), listed AS MATERIALIZED (
                    SELECT s.external_id, entry.plu, min(entry.place) AS place
                    FROM selection AS s
                    CROSS JOIN LATERAL unnest(s.plus) WITH ORDINALITY AS entry (plu, place)
                    GROUP BY s.external_id, entry.plu
                ), content AS MATERIALIZED (
                    SELECT listed.external_id,
                        jsonb_agg(listed.plu ORDER BY listed.place) FILTER (WHERE p.plu IS NOT NULL) AS plus,
                        count(*) FILTER (WHERE p.plu IS NULL AND placeholder.external_id IS NULL) AS unknown
                    FROM listed
                    LEFT JOIN staged_products AS p ON p.sync_id = \(sync) AND p.plu = listed.plu
                    LEFT JOIN arranged_parts AS placeholder
                        ON placeholder.sync_id = \(sync) AND placeholder.kind = 'placeholder'
                            AND placeholder.external_id = listed.plu
                    GROUP BY listed.external_id
                ), kept AS (
                    INSERT INTO arranged_parts (sync_id, kind, external_id, name, content)
                    SELECT \(sync)::uuid, 'display_group', s.external_id, s.name,
                        jsonb_strip_nulls(jsonb_build_object('sortOrder', s.sort_order, 'plus', content.plus))
                    FROM selection AS s
                    JOIN content USING (external_id)
                    WHERE content.plus IS NOT NULL
                )
                SELECT s.external_id, s.name, content.plus IS NOT NULL AS is_kept,
                    coalesce(content.unknown, 0) AS unknown
                FROM selection AS s
                LEFT JOIN content USING (external_id)
                ORDER BY s.position
                """
            )
            var notices = NoticeList()
            let twice = try await twice("staged_selections", of: sync, in: transaction)
            for row in twice {
                let (id, name) = try row.decode(String.self, String.self)
                notices.add(CatalogNotice(.skipped, "Selection \(id) \"\(name)\" was skipped: its id is listed twice."))
            }
            notices.add([], of: staged.selections - rows.count - twice.count)
            var kept = 0
            for row in rows {
                let (id, name, isKept, unknown) = try row.decode(String.self, String.self, Bool.self, Int.self)
                kept += isKept ? 1 : 0
                if !isKept {
                    notices.add(
                        CatalogNotice(
                            .skipped,
                            "Selection \(id) \"\(name)\" was skipped: nothing it lists is on the menu."
                        )
                    )
                } else if unknown > 0 {
                    notices.add(
                        CatalogNotice(
                            .adjusted,
                            "Selection \(id) \"\(name)\" is without \(unknown) of its articles: the register does not list them."
                        )
                    )
                }
            }
            return StageOutcome(
                entries: kept,
                skipped: staged.selections - kept,
                notices: notices.first,
                noticeCount: notices.count
            )
        }
    }
}
