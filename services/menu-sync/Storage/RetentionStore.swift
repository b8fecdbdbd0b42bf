import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// How long what grows is kept.
struct RetentionTimes: Sendable {
    var days = 30
    /// Of each menu, the current one included.
    var versions = 50
}

/// Erases what has been kept long enough, a bounded number of rows at a time.
struct RetentionStore: Sendable {
    let pool: PostgresPool
    let times: RetentionTimes

    /// Erases ended imports with their plans, what no import keeps aside any more, old versions of menus, and stock by hand of articles that are gone.
    ///
    /// `limit` holds for each kind.
    func erase(limit: Int) async throws -> EraseExpiredResponse {
        let erased = [
            ErasedRows(what: "menu_imports", rows: try await eraseImports(limit)),
            ErasedRows(what: "menu_imports_kept_aside", rows: try await eraseLostStaging(limit)),
            ErasedRows(what: "menu_versions", rows: try await eraseVersions(limit)),
            ErasedRows(what: "menu_items_of_versions", rows: try await eraseRows("items", limit)),
            ErasedRows(what: "menu_parts_of_versions", rows: try await eraseRows("parts", limit)),
            ErasedRows(what: "stock_by_hand", rows: try await eraseStock(limit)),
        ]
        return EraseExpiredResponse(erased: erased, isMore: erased.contains { $0.rows >= limit })
    }

    private var age: String { "\(times.days) days" }

    /// The latest success of each location stays: it is what the backoffice shows as the last import.
    private func eraseImports(_ limit: Int) async throws -> Int {
        let syncs = try await pool.query(
            """
            SELECT sync_id FROM syncs s
            WHERE ended_at < now() - \(age)::interval AND NOT (
                state = 'succeeded' AND NOT EXISTS (
                    SELECT FROM syncs later
                    WHERE later.merchant_id = s.merchant_id AND later.location_id = s.location_id
                        AND later.state = 'succeeded' AND later.ended_at > s.ended_at
                )
            )
            ORDER BY ended_at
            LIMIT \(limit)
            """
        ).map { try $0["sync_id", as: UUID.self] }
        for sync in syncs { try await StagingStore(pool: pool).clear(sync) }
        return try await pool.execute(
            "DELETE FROM syncs WHERE sync_id = ANY (\(syncs)) AND ended_at IS NOT NULL"
        )
    }

    /// What lies aside of imports that are over or gone, such as what a worker added after its import had been ended.
    private func eraseLostStaging(_ limit: Int) async throws -> Int {
        let lost = try await pool.query(
            """
            SELECT sync_id FROM stagings st
            WHERE begun_at < now() - interval '1 hour' AND NOT EXISTS (
                SELECT FROM syncs s WHERE s.sync_id = st.sync_id AND (s.ended_at IS NULL OR s.is_staged)
            )
            ORDER BY begun_at
            LIMIT \(limit)
            """
        ).map { try $0["sync_id", as: UUID.self] }
        for sync in lost { try await StagingStore(pool: pool).clear(sync) }
        return lost.count
    }

    /// Erases old versions; one that is being gone back to stays.
    ///
    /// They go before their rows: what only they had can be seen by nobody then.
    private func eraseVersions(_ limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM versions
            WHERE ctid = ANY (ARRAY(
                SELECT v.ctid
                FROM versions v
                JOIN menus m ON m.merchant_id = v.merchant_id AND m.location_id = v.location_id
                WHERE v.version <= m.current_version - \(times.versions)
                LIMIT \(limit)
                FOR UPDATE OF v SKIP LOCKED
            ))
            """
        )
    }

    /// Rows of a menu that ended before its oldest version began.
    ///
    /// Those that ended with it stay: they tell what it changed. It goes by the versions that are there, not by how many
    /// are kept: a version has all of its rows for as long as it can be asked for.
    private func eraseRows(_ table: String, _ limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM \(identifier: table)
            WHERE ctid = ANY (ARRAY(
                SELECT i.ctid
                FROM (SELECT merchant_id, location_id, min(version) AS version FROM versions GROUP BY 1, 2) AS oldest
                JOIN \(identifier: table) i ON i.merchant_id = oldest.merchant_id AND i.location_id = oldest.location_id
                WHERE i.to_version < oldest.version
                LIMIT \(limit)
            ))
            """
        )
    }

    /// What the register counts is replaced by each reading; what a person set stays as long as the article does.
    private func eraseStock(_ limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM stock_levels
            WHERE ctid = ANY (ARRAY(
                SELECT l.ctid
                FROM stock_levels l
                WHERE l.source = 'person' AND l.at < now() - \(age)::interval
                    AND NOT EXISTS (
                        SELECT FROM items i
                        WHERE i.merchant_id = l.merchant_id AND i.location_id = l.location_id AND i.plu = l.plu
                            AND i.to_version IS NULL
                    )
                    AND NOT EXISTS (
                        SELECT FROM parts p
                        WHERE p.merchant_id = l.merchant_id AND p.location_id = l.location_id
                            AND p.kind = 'modifier_group' AND p.to_version IS NULL
                            AND p.content->'modifiers' @> jsonb_build_array(jsonb_build_object('plu', l.plu))
                    )
                LIMIT \(limit)
            ))
            """
        )
    }
}
