import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// Writes a menu's next version: only the rows that differ.
///
/// Works inside a transaction that holds the menu's lock.
struct MenuWriter {
    let key: MenuKey
    let transaction: PostgresTransaction

    /// How many entries of a kind a version added, changed and removed.
    struct Counts: Sendable, Equatable {
        var added = 0
        var changed = 0
        var removed = 0

        var isEmpty: Bool { added == 0 && changed == 0 && removed == 0 }

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(
                added: left.added + right.added,
                changed: left.changed + right.changed,
                removed: left.removed + right.removed
            )
        }
    }

    /// One writer of a menu at a time.
    ///
    /// A statement of its own, so that the next one sees what the writer before committed.
    static func lock(_ key: MenuKey, in transaction: PostgresTransaction) async throws {
        let lock = AdvisoryKey("menu_sync", "menu", key.merchantID.rawValue, key.locationID.rawValue)
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(lock))")
    }

    /// Closes the rows that end and adds the new ones; the version itself is the caller's to note.
    func write(_ difference: MenuDifference, as version: Int) async throws -> (items: Counts, parts: Counts) {
        let items = try await writeItems(difference, as: version)
        var parts = difference
        if !difference.selection.isWhole {
            let content = partial(difference, version: version)
            parts = MenuDifference(target: content, current: difference.current)
        }
        return (items, try await writeParts(parts, as: version))
    }

    private func writeItems(_ difference: MenuDifference, as version: Int) async throws -> Counts {
        let fields = MenuContent.itemFields.joined(separator: ", ")
        return try await counts(
            """
            WITH difference AS MATERIALIZED (\(difference.selectedItems)),
            closed AS (
                UPDATE items AS i
                SET to_version = \(version)
                FROM difference AS d
                WHERE i.merchant_id = \(key.merchantID) AND i.location_id = \(key.locationID)
                    AND i.ctid = d.place AND d.change <> 'added'
            ), opened AS (
                INSERT INTO items (merchant_id, location_id, from_version, plu, \(unescaped: fields))
                SELECT \(key.merchantID), \(key.locationID), \(version), plu, \(unescaped: fields)
                FROM difference
                WHERE change <> 'removed'
                ORDER BY plu
            )
            \(Self.counting)
            """
        )
    }

    private func writeParts(_ difference: MenuDifference, as version: Int) async throws -> Counts {
        try await counts(
            """
            WITH difference AS MATERIALIZED (SELECT * FROM (\(difference.parts)) AS d WHERE change IS NOT NULL),
            closed AS (
                UPDATE parts AS p
                SET to_version = \(version)
                FROM difference AS d
                WHERE p.merchant_id = \(key.merchantID) AND p.location_id = \(key.locationID)
                    AND p.ctid = d.place AND d.change <> 'added'
            ), opened AS (
                INSERT INTO parts (merchant_id, location_id, from_version, kind, external_id, name, content)
                SELECT \(key.merchantID), \(key.locationID), \(version), kind, external_id, name, content
                FROM difference
                WHERE change <> 'removed'
            )
            \(Self.counting)
            """
        )
    }

    private static let counting: Query = """
        SELECT count(*) FILTER (WHERE change = 'added') AS added, count(*) FILTER (WHERE change = 'changed') AS changed,
            count(*) FILTER (WHERE change = 'removed') AS removed
        FROM difference
        """

    private func counts(_ query: Query) async throws -> Counts {
        guard let row = try await transaction.queryOne(query) else { return Counts() }
        return Counts(added: try row["added"], changed: try row["changed"], removed: try row["removed"])
    }

    // MARK: - In part

    /// The parts of a menu of which only some items were taken: the new ones, and of the old those that an item still needs.
    ///
    /// The items are written already. A display group lists only what is there; modifiers keep their prices where changed
    /// prices are not taken.
    private func partial(_ difference: MenuDifference, version: Int) -> MenuContent {
        let items = MenuContent.version(version, of: key).items
        let old = difference.current.parts
        let new = difference.target.parts
        let groups: Query =
            difference.selection.priceChanges ? "content" : Self.withOldPrices(old)
        let parts: Query = """
            SELECT NULL::tid AS place, kind, external_id, name, content
            FROM (
                SELECT kind, external_id, name,
                    CASE kind
                        WHEN 'display_group' THEN jsonb_set(
                            content, '{plus}',
                            coalesce(
                                (
                                    SELECT jsonb_agg(plu ORDER BY place)
                                    FROM jsonb_array_elements_text(content->'plus') WITH ORDINALITY AS e (plu, place)
                                    WHERE plu IN (SELECT plu FROM (\(items)) AS kept)
                                ), '[]'
                            )
                        )
                        WHEN 'modifier_group' THEN \(groups)
                        ELSE content
                    END AS content
                FROM (\(new)) AS new
                UNION ALL
                SELECT kind, external_id, name, content
                FROM (\(old)) AS old
                WHERE (kind, external_id) NOT IN (SELECT kind, external_id FROM (\(new)) AS new)
                    AND (kind, external_id) IN (
                        WITH RECURSIVE needed AS (
                            SELECT 'modifier_group' AS kind, unnest(group_ids) AS external_id FROM (\(items)) AS i
                            UNION
                            SELECT 'category', category_id FROM (\(items)) AS i WHERE category_id IS NOT NULL
                            UNION
                            SELECT 'category', o.content->>'parentId' COLLATE "C"
                            FROM needed
                            JOIN (\(old)) AS o ON o.kind = needed.kind AND o.external_id = needed.external_id
                            WHERE o.content ? 'parentId'
                        )
                        SELECT kind, external_id FROM needed
                    )
            ) AS part
            WHERE kind <> 'display_group' OR content->'plus' <> '[]'
            """
        return MenuContent(items: items, parts: parts, plus: "SELECT plu FROM (\(items)) AS i")
    }

    /// A new group's content with the prices that its modifiers have in the old one.
    private static func withOldPrices(_ old: Query) -> Query {
        """
        jsonb_set(
            content, '{modifiers}',
            coalesce(
                (
                    SELECT jsonb_agg(
                        CASE
                            WHEN price.old IS NULL THEN modifier
                            ELSE jsonb_set(modifier, '{priceCents}', price.old)
                        END
                        ORDER BY place
                    )
                    FROM jsonb_array_elements(content->'modifiers') WITH ORDINALITY AS e (modifier, place)
                    LEFT JOIN LATERAL (
                        SELECT was->'priceCents' AS old
                        FROM (\(old)) AS o
                        CROSS JOIN LATERAL jsonb_array_elements(o.content->'modifiers') AS was
                        WHERE o.kind = 'modifier_group' AND o.external_id = new.external_id
                            AND was->'plu' = modifier->'plu'
                        LIMIT 1
                    ) AS price ON true
                ), '[]'
            )
        )
        """
    }
}
