package import Contracts
import Foundation
package import Postgres
package import RPC

/// What one sweep cleared away.
package struct Sweep: Sendable, Hashable {
    package var expiredLeases = 0
    package var forgottenWaiters = 0
    package var busyTables = 0
    package var history = 0
    package var usage = 0
    package var tablesToLookAt = 0
    /// First come first, each once.
    package var wake: [WaitingOrder] = []
    /// Whether a kind reached the bound.
    package var more = false
}

/// Clears away rows that time has made worthless, in PostgreSQL.
///
/// Each kind is one statement with its own commit, bounded in rows, that skips what others have in their hands: a sweep
/// waits for no order and keeps none waiting, and several may run at once.
package struct SweepStore: Sendable {
    /// Rule K9 shows the use of a month; a year can be looked back on.
    package static let usageMonths = 13

    package let postgres: PostgresPool
    /// How long a waiting order keeps its place without asking again.
    package let waiterTime: Duration
    /// How long is kept who ended a lease by hand, and who replaced a QR code.
    package let historyTime: Duration

    package init(postgres: PostgresPool, waiterTime: Duration, historyTime: Duration) {
        self.postgres = postgres
        self.waiterTime = waiterTime
        self.historyTime = historyTime
    }

    /// Clears away at most `most` rows of each kind, of the merchants given.
    package func sweep(of merchants: Allowance<MerchantID>, most: Int) async throws -> Sweep {
        var sweep = Sweep()
        let (ended, wake) = try await endExpiredLeases(of: merchants, most: most)
        sweep.expiredLeases = ended
        sweep.wake = wake
        sweep.forgottenWaiters = try await delete(
            from: "waiters",
            "seen_at < now() - \(seconds(waiterTime))",
            of: merchants,
            most: most
        )
        sweep.busyTables = try await delete(from: "busy_tables", "busy_until <= now()", of: merchants, most: most)
        let forced = try await delete(
            from: "forced_releases",
            "released_at < now() - \(seconds(historyTime))",
            of: merchants,
            most: most
        )
        let renewed = try await delete(
            from: "renewed_codes",
            "renewed_at < now() - \(seconds(historyTime))",
            of: merchants,
            most: most
        )
        sweep.history = forced + renewed
        sweep.usage = try await delete(
            from: "table_usage",
            "month < (now() - make_interval(months => \(Self.usageMonths)::int))::date",
            of: merchants,
            most: most
        )
        sweep.tablesToLookAt = try await tablesToLookAt(of: merchants)
        sweep.more = [ended, sweep.forgottenWaiters, sweep.busyTables, forced, renewed, sweep.usage]
            .contains { $0 >= most }
        return sweep
    }

    private func endExpiredLeases(
        of merchants: Allowance<MerchantID>,
        most: Int
    ) async throws -> (ended: Int, wake: [WaitingOrder]) {
        let rows = try await postgres.query(
            """
            SELECT (lease).merchant_id, (lease).location_id, wake
            FROM end_expired_leases(\(named(merchants)), \(most))
            """
        )
        var seen: Set<WaitingOrder> = []
        var wake: [WaitingOrder] = []
        for row in rows {
            let merchant = MerchantID(unchecked: try row["merchant_id"])
            let location = LocationID(unchecked: try row["location_id"])
            for order in try row["wake", as: [UUID].self] {
                let waiting = WaitingOrder(merchantId: merchant, locationId: location, orderId: order)
                if seen.insert(waiting).inserted { wake.append(waiting) }
            }
        }
        return (rows.count, wake)
    }

    /// Deletes rows of one table; those that others have locked are left for the next time.
    private func delete(
        from table: Query,
        _ condition: Query,
        of merchants: Allowance<MerchantID>,
        most: Int
    ) async throws -> Int {
        let row = try await postgres.queryOne(
            """
            WITH deleted AS (
                DELETE FROM \(table)
                WHERE ctid = ANY (
                    ARRAY(
                        SELECT ctid
                        FROM \(table)
                        WHERE \(condition) AND (\(named(merchants)) IS NULL OR merchant_id = ANY (\(named(merchants))))
                        LIMIT \(most)
                        FOR UPDATE SKIP LOCKED
                    )
                )
                RETURNING 1
            )
            SELECT count(*) AS deleted
            FROM deleted
            """
        )
        return try row?["deleted"] ?? 0
    }

    private func tablesToLookAt(of merchants: Allowance<MerchantID>) async throws -> Int {
        let row = try await postgres.queryOne(
            """
            SELECT count(*) AS due
            FROM unsettled_tables
            WHERE settles_at <= now() AND (\(named(merchants)) IS NULL OR merchant_id = ANY (\(named(merchants))))
            """
        )
        return try row?["due"] ?? 0
    }

    /// The merchants as an array; `NULL` for all.
    private func named(_ merchants: Allowance<MerchantID>) -> Query {
        switch merchants {
        case .all: "NULL::text[]"
        case .only(let some): "\(some.map(\.rawValue).sorted())::text[]"
        }
    }

    private func seconds(_ duration: Duration) -> Query {
        "make_interval(secs => \(duration / .seconds(1)))"
    }
}
