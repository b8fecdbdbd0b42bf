import Contracts
import Foundation
import Postgres

extension StagingStore {
    /// Arranges the products: placeholders dropped (rule K24), each PLU once, equal modifier groups merged (rule K23).
    ///
    /// A product of an unknown category goes to one that is named after the provider. Throws ``ImportError/noProducts``
    /// where nothing is left (rule K28).
    func arrangeProducts(_ sync: UUID, provider: String) async throws -> StageOutcome {
        try await once(.products, of: sync) { transaction, staged in
            var notices = NoticeList()
            let placeholders = try await dropPlaceholders(of: sync, in: transaction, &notices)
            let skipped = try await dropSecond(of: sync, in: transaction, &notices)
            let left = staged.products - placeholders - skipped
            guard left > 0 else {
                throw ImportError.noProducts(read: staged.products, placeholders: placeholders)
            }
            try await mergeGroups(of: sync, in: transaction)
            try await houseUnknown(of: sync, provider: provider, in: transaction, &notices)
            return StageOutcome(
                entries: left,
                skipped: skipped,
                placeholders: placeholders,
                notices: notices.first,
                noticeCount: notices.count
            )
        }
    }

    /// Drops what only stands for something else: kitchen name `zz`, one with ` pager ` in it, or a number for both names.
    ///
    /// They are remembered, because selections list them too.
    private func dropPlaceholders(
        of sync: UUID,
        in transaction: PostgresTransaction,
        _ notices: inout NoticeList
    ) async throws -> Int {
        let rows = try await transaction.query(
            """
            WITH dropped AS (
                DELETE FROM staged_products
                WHERE sync_id = \(sync) AND (
                    kitchen_name = 'zz'
                    OR kitchen_name ILIKE '% pager %'
                    OR (kitchen_name = name AND name ~ '^[0-9]+$')
                )
                RETURNING plu, name, position
            ), remembered AS (
                INSERT INTO arranged_parts (sync_id, kind, external_id, name, content)
                SELECT DISTINCT ON (plu) \(sync)::uuid, 'placeholder', plu, name, '{}'::jsonb
                FROM dropped
                ORDER BY plu, position
            )
            SELECT plu, name, count(*) OVER () AS total
            FROM dropped
            ORDER BY position
            LIMIT 5
            """
        )
        guard let total = try rows.first?["total", as: Int.self] else { return 0 }
        let names = try rows.map { "\(try $0["plu", as: String.self]) \"\(try $0["name", as: String.self])\"" }
        let shown = names.joined(separator: ", ") + (total > names.count ? " and \(total - names.count) more" : "")
        notices.add(CatalogNotice(.skipped, "Placeholders are not imported: \(shown)."))
        return total
    }

    /// Keeps the first product of each PLU.
    private func dropSecond(
        of sync: UUID,
        in transaction: PostgresTransaction,
        _ notices: inout NoticeList
    ) async throws -> Int {
        let rows = try await transaction.query(
            """
            WITH firsts AS (
                SELECT plu, min(position) AS position
                FROM staged_products
                WHERE sync_id = \(sync)
                GROUP BY plu
                HAVING count(*) > 1
            ), dropped AS (
                DELETE FROM staged_products AS p
                USING firsts
                WHERE p.sync_id = \(sync) AND p.plu = firsts.plu AND p.position > firsts.position
                RETURNING p.plu, p.name, p.position
            )
            SELECT plu, name, count(*) OVER () AS total
            FROM dropped
            ORDER BY position
            LIMIT \(NoticeList.limit)
            """
        )
        guard let total = try rows.first?["total", as: Int.self] else { return 0 }
        notices.add(
            try rows.map { row in
                let (plu, name) = try row.decode(String.self, String.self)
                return CatalogNotice(.skipped, "Product \(plu) \"\(name)\" was skipped: its number is listed twice.")
            },
            of: total
        )
        return total
    }

    /// Gives each group that a product offers its id: of equal groups the smallest, whatever order they came in.
    ///
    /// Where a register gives one id to groups that differ, one of them keeps it and the others get it with their content's
    /// digest. Nothing of an earlier import takes part, which is what resetting the ids means (rule K23).
    private func mergeGroups(of sync: UUID, in transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            WITH offered AS MATERIALIZED (
                SELECT DISTINCT combination FROM staged_products WHERE sync_id = \(sync) AND combination IS NOT NULL
            ), lists AS MATERIALIZED (
                SELECT DISTINCT ON (l.combination) l.combination, l.digests
                FROM staged_combinations AS l
                JOIN offered USING (combination)
                WHERE l.sync_id = \(sync)
                ORDER BY l.combination
            ), merged AS MATERIALIZED (
                SELECT DISTINCT ON (g.digest) g.digest, g.external_id, g.name, g.minimum, g.maximum, g.modifiers
                FROM staged_groups AS g
                WHERE g.sync_id = \(sync)
                    AND g.digest IN (SELECT unnest(digests) FROM lists)
                ORDER BY g.digest, length(g.external_id), g.external_id
            ), keyed AS MATERIALIZED (
                SELECT m.*,
                    CASE row_number() OVER (PARTITION BY external_id ORDER BY digest)
                        WHEN 1 THEN external_id
                        ELSE external_id || '#' || digest
                    END AS key
                FROM merged AS m
            ), kept AS (
                INSERT INTO arranged_parts (sync_id, kind, external_id, name, content)
                SELECT \(sync)::uuid, 'modifier_group', key, name,
                    jsonb_strip_nulls(
                        jsonb_build_object('minimum', minimum, 'maximum', maximum, 'modifiers', modifiers)
                    )
                FROM keyed
            )
            INSERT INTO arranged_combinations (sync_id, combination, group_ids)
            SELECT \(sync)::uuid, combination, array_agg(key ORDER BY place)
            FROM (
                SELECT lists.combination, keyed.key, min(listed.place) AS place
                FROM lists
                CROSS JOIN LATERAL unnest(lists.digests) WITH ORDINALITY AS listed (digest, place)
                JOIN keyed ON keyed.digest = listed.digest
                GROUP BY lists.combination, keyed.key
            ) AS entry
            GROUP BY combination
            """
        )
    }

    /// Makes a category for products whose own is unknown, named after the provider.
    private func houseUnknown(
        of sync: UUID,
        provider: String,
        in transaction: PostgresTransaction,
        _ notices: inout NoticeList
    ) async throws {
        let rows = try await transaction.query(
            """
            SELECT plu, name, category_id, count(*) OVER () AS total
            FROM staged_products AS p
            WHERE sync_id = \(sync) AND category_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM arranged_parts AS c
                WHERE c.sync_id = \(sync) AND c.kind = 'category' AND c.external_id = p.category_id
            )
            ORDER BY position
            LIMIT \(NoticeList.limit)
            """
        )
        guard let total = try rows.first?["total", as: Int.self] else { return }
        let category = provider.prefix(1).uppercased() + provider.dropFirst()
        notices.add(
            try rows.map { row in
                let (plu, name, unknown) = try row.decode(String.self, String.self, String.self)
                return CatalogNotice(
                    .adjusted,
                    "Product \(plu) \"\(name)\" went to the category \"\(category)\": its category \(unknown) is not listed."
                )
            },
            of: total
        )
        try await transaction.execute("UPDATE stagings SET fallback_category = \(provider) WHERE sync_id = \(sync)")
        try await transaction.execute(
            """
            INSERT INTO arranged_parts (sync_id, kind, external_id, name, content)
            VALUES (\(sync), 'category', \(provider), \(category), '{}')
            ON CONFLICT ON CONSTRAINT arranged_parts_pkey DO NOTHING
            """
        )
    }
}
