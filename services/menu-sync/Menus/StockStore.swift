import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit

/// A level that is another than before.
struct StockChange: Sendable, Equatable {
    let plu: String
    /// `nil` where nothing was known.
    let old: Int?
    /// `nil` where the article is no longer limited, or is above the threshold that was asked for.
    let new: Int?
}

/// What a reading of the register's stock came to.
struct StockReading: Sendable, Equatable {
    var levels: Int
    var outOfStock: Int
    /// By PLU.
    var changed: [StockChange]
}

/// What is left of the articles that registers count, and of those that people set (rule K27).
struct StockStore: Sendable {
    let pool: PostgresPool

    /// Takes in what a register counts; rows that stay alike are not written.
    ///
    /// A listed article is the register's from now on, whoever set it. One that the register had listed and does not list any
    /// more is not limited, or above `threshold`, and goes; what a person set stays. Of an article listed twice the first
    /// counts.
    ///
    /// `guarding` runs first, and may lock and refuse: the register may have been deleted while it was asked.
    func replaceFromRegister(
        _ key: MenuKey,
        _ levels: [StockLevel],
        threshold: Int? = nil,
        guarding: (PostgresTransaction) async throws -> Void = { _ in }
    ) async throws -> StockReading {
        var seen: Set<String> = []
        let levels = levels.filter { level in
            (1...200).contains(level.plu.utf8.count) && !level.plu.contains("\0") && seen.insert(level.plu).inserted
        }
        let names = levels.map { $0.name?.replacing("\0", with: "") }
        return try await pool.transaction { transaction in
            try await guarding(transaction)
            try await lock(key, in: transaction)
            let rows = try await transaction.query(
                """
                WITH listed AS MATERIALIZED (
                    SELECT plu COLLATE "C" AS plu, name, quantity
                    FROM unnest(
                        \(levels.map(\.plu))::text[], \(names)::text[], \(levels.map(\.quantity))::bigint[]
                    ) AS l (plu, name, quantity)
                ), known AS MATERIALIZED (
                    SELECT plu, quantity, source
                    FROM stock_levels
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
                ), gone AS (
                    DELETE FROM stock_levels AS l
                    WHERE l.merchant_id = \(key.merchantID) AND l.location_id = \(key.locationID)
                        AND l.source = 'register' AND NOT EXISTS (SELECT FROM listed WHERE listed.plu = l.plu)
                ), kept AS (
                    INSERT INTO stock_levels AS l (merchant_id, location_id, plu, name, quantity, source)
                    SELECT \(key.merchantID), \(key.locationID), plu, name, quantity, 'register' FROM listed
                    ON CONFLICT ON CONSTRAINT stock_levels_pkey
                    DO UPDATE SET name = EXCLUDED.name, quantity = EXCLUDED.quantity, source = 'register', actor = NULL,
                        at = now()
                    WHERE l.quantity <> EXCLUDED.quantity OR l.source <> 'register' OR l.name IS DISTINCT FROM EXCLUDED.name
                )
                SELECT coalesce(listed.plu, known.plu) AS plu, known.quantity AS old, listed.quantity AS new
                FROM listed
                FULL JOIN known ON known.plu = listed.plu
                WHERE known.quantity IS DISTINCT FROM listed.quantity
                    AND (listed.plu IS NOT NULL OR known.source = 'register')
                ORDER BY 1
                """
            )
            try await transaction.execute(
                """
                INSERT INTO stock_readings AS r (merchant_id, location_id, read_at, levels, is_counting)
                VALUES (\(key.merchantID), \(key.locationID), now(), \(levels.count), \(!levels.isEmpty))
                ON CONFLICT ON CONSTRAINT stock_readings_pkey
                DO UPDATE SET read_at = EXCLUDED.read_at, levels = EXCLUDED.levels,
                    is_counting = EXCLUDED.is_counting OR (r.is_counting AND \(threshold != nil))
                """
            )
            let changed = try rows.map { StockChange(plu: try $0["plu"], old: try $0["old"], new: try $0["new"]) }
            try await MenuNews.stock(key, changed, in: transaction)
            return StockReading(
                levels: levels.count,
                outOfStock: levels.count { $0.quantity <= 0 },
                changed: changed
            )
        }
    }

    /// Sets what is left of an article by hand, to a quantity or by a difference; what was so already is no news.
    ///
    /// Throws ``MenuError/unknownStock`` for a difference to what is not known. `guarding` runs first, and may refuse.
    func adjust(
        _ key: MenuKey,
        plu: String,
        _ adjustment: Adjustment,
        actor: String,
        guarding: (PostgresTransaction) async throws -> Void = { _ in }
    ) async throws -> StockView {
        try await pool.transaction { transaction in
            try await guarding(transaction)
            try await lock(key, in: transaction)
            let before = try await Self.levels(key, "l.plu = \(plu)", limit: 1, in: transaction).first?.quantity
            let row: Row?
            switch adjustment {
            case .to(let quantity):
                row = try await transaction.queryOne(
                    """
                    INSERT INTO stock_levels (merchant_id, location_id, plu, quantity, source, actor)
                    VALUES (\(key.merchantID), \(key.locationID), \(plu), \(quantity), 'person', \(actor))
                    ON CONFLICT ON CONSTRAINT stock_levels_pkey
                    DO UPDATE SET quantity = EXCLUDED.quantity, source = 'person', actor = EXCLUDED.actor, at = now()
                    RETURNING plu
                    """
                )
            case .by(let difference):
                row = try await transaction.queryOne(
                    """
                    UPDATE stock_levels
                    SET quantity = quantity + \(difference), source = 'person', actor = \(actor), at = now()
                    WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID) AND plu = \(plu)
                    RETURNING plu
                    """
                )
            }
            guard row != nil else { throw MenuError.unknownStock }
            let levels = try await Self.levels(key, "l.plu = \(plu)", limit: 1, in: transaction)
            guard let level = levels.first else { throw MenuError.unknownStock }
            if before != level.quantity {
                let change = StockChange(plu: level.plu, old: before, new: level.quantity)
                try await MenuNews.stock(key, [change], in: transaction)
            }
            return level
        }
    }

    enum Adjustment: Sendable, Equatable {
        case to(Int)
        case by(Int)
    }

    // MARK: - Reading

    /// A page of a location's levels by PLU, and when the register was last asked.
    func list(
        _ key: MenuKey,
        outOfStockOnly: Bool = false,
        after plu: String? = nil,
        limit: Int
    ) async throws -> (levels: [StockView], readAt: Date?) {
        var condition: Query = "l.plu > \(plu ?? "")"
        if outOfStockOnly { condition = "\(condition) AND l.quantity <= 0" }
        let levels = try await Self.levels(key, condition, limit: limit, in: pool)
        let reading = try await pool.queryOne(
            """
            SELECT read_at
            FROM stock_readings
            WHERE merchant_id = \(key.merchantID) AND location_id = \(key.locationID)
            """
        )
        return (levels, try reading?["read_at"])
    }

    /// A page of the locations whose registers count articles, of the merchants asked for.
    ///
    /// `merchants`: `nil` for all.
    func countingLocations(
        of merchants: Set<MerchantID>? = nil,
        after key: MenuKey? = nil,
        limit: Int
    ) async throws -> [StockLocation] {
        var condition: Query = "is_counting"
        if let merchants {
            condition = "\(condition) AND merchant_id = ANY (\(merchants.map(\.rawValue))::text[])"
        }
        if let key {
            condition = "\(condition) AND (merchant_id, location_id) > (\(key.merchantID), \(key.locationID))"
        }
        return try await pool.query(
            """
            SELECT merchant_id, location_id, read_at, levels
            FROM stock_readings
            WHERE \(condition)
            ORDER BY merchant_id, location_id
            LIMIT \(limit)
            """
        ).map { row in
            StockLocation(
                merchantId: try row["merchant_id"],
                locationId: try row["location_id"],
                levels: try row["levels"],
                readAt: try row["read_at"]
            )
        }
    }

    private static func levels(
        _ key: MenuKey,
        _ condition: Query,
        limit: Int,
        in database: some PostgresStatements
    ) async throws -> [StockView] {
        let rows = try await database.query(
            """
            SELECT l.plu, l.quantity, l.source, l.actor, l.at, m.provider, i.plu AS item,
                coalesce(e.name, i.name, l.name) AS name
            FROM stock_levels AS l
            LEFT JOIN menus AS m ON m.merchant_id = l.merchant_id AND m.location_id = l.location_id
            LEFT JOIN items AS i
                ON i.merchant_id = l.merchant_id AND i.location_id = l.location_id AND i.plu = l.plu
                    AND i.to_version IS NULL
            LEFT JOIN item_edits AS e
                ON e.merchant_id = i.merchant_id AND e.location_id = i.location_id AND e.plu = i.plu
            WHERE l.merchant_id = \(key.merchantID) AND l.location_id = \(key.locationID) AND \(condition)
            ORDER BY l.plu
            LIMIT \(limit)
            """
        )
        return try rows.map { row in
            let quantity: Int = try row["quantity"]
            let provider: String? = try row["provider"]
            let item: String? = try row["item"]
            let source: String = try row["source"]
            return StockView(
                plu: try row["plu"],
                itemId: provider.flatMap { provider in
                    item.map { EntryID(key: key, provider: provider)(.item, $0) }
                },
                name: try row["name"],
                quantity: quantity,
                isOutOfStock: quantity <= 0,
                source: StockSource(rawValue: source) ?? .register,
                actor: try row["actor"],
                at: try row["at"]
            )
        }
    }

    /// Readings and adjustments of one location take turns.
    private func lock(_ key: MenuKey, in transaction: PostgresTransaction) async throws {
        let lock = AdvisoryKey("menu_sync", "stock", key.merchantID.rawValue, key.locationID.rawValue)
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(lock))")
    }
}
