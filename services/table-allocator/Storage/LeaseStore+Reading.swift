package import Contracts
import Foundation
import Postgres
package import RPC

extension LeaseStore {
    /// What stands against a number that the register named, and whether the lease it was named for still lives.
    package func check(_ number: Int, for lease: Lease) async throws -> NumberCheck {
        let owner = lease.owner
        let row = try await answer(
            to: """
                SELECT mine.fencing_token IS NOT NULL AS is_live, unsettled.order_id AS unsettled_order,
                    unsettled.settles_at, unsettled.settles_at > now() AS is_settling, holder.order_id IS NOT NULL AS is_held,
                    \(Self.holderColumns)
                FROM (SELECT) AS once
                LEFT JOIN leases AS mine
                    ON mine.merchant_id = \(owner.merchant.rawValue) AND mine.location_id = \(owner.location.rawValue)
                        AND mine.order_id = \(owner.order) AND mine.fencing_token = \(lease.token)
                        AND (mine.state = 'pinned' OR mine.expires_at > now())
                LEFT JOIN leases AS holder
                    ON holder.merchant_id = \(owner.merchant.rawValue)
                        AND holder.location_id = \(owner.location.rawValue) AND holder.table_number = \(number)
                        AND holder.order_id <> \(owner.order) AND (holder.state = 'pinned' OR holder.expires_at > now())
                LEFT JOIN unsettled_tables AS unsettled
                    ON unsettled.merchant_id = \(owner.merchant.rawValue)
                        AND unsettled.location_id = \(owner.location.rawValue) AND unsettled.table_number = \(number)
                        AND unsettled.order_id <> \(owner.order)
                LIMIT 1
                """
        )
        guard try row["is_live", as: Bool.self] else { return .lost }
        if try row["is_held", as: Bool.self] { return .tableHeld(by: try self.lease(row, owner.merchant)) }
        guard let other = try row["unsettled_order", as: UUID?.self] else { return .free(mustLook: false) }
        if try row["is_settling", as: Bool.self] { return .unsettled(order: other, until: try row["settles_at"]) }
        return .free(mustLook: true)
    }

    /// The live leases of a location, oldest first.
    package func leases(of merchant: MerchantID, at location: LocationID) async throws -> [Lease] {
        try await postgres.query(
            """
            SELECT \(Self.leaseColumns)
            FROM leases
            WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
                AND (state = 'pinned' OR expires_at > now())
            ORDER BY since, fencing_token
            """
        )
        .map { try lease($0, merchant) }
    }

    /// The orders that wait at a location, first come first.
    package func waiters(of merchant: MerchantID, at location: LocationID) async throws -> [WaiterView] {
        try await postgres.query(
            """
            SELECT order_id, mode, waits_for, table_number, since, seen_at, turn_until
            FROM waiters
            WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
                AND seen_at >= now() - \(interval(policy.waiterTime))
            ORDER BY ticket
            """
        )
        .map { row in
            WaiterView(
                orderId: try row["order_id"],
                mode: try value(row["mode"]),
                waitsFor: try value(row["waits_for"]),
                tableNumber: try row["table_number"],
                since: try row["since"],
                lastAskedAt: try row["seen_at"],
                turnUntil: try row["turn_until"]
            )
        }
    }

    /// Tables of a location on which a write may still take effect, or whose bill was not read since.
    package func unsettled(of merchant: MerchantID, at location: LocationID) async throws -> [UnsettledTableView] {
        try await postgres.query(
            """
            SELECT table_number, order_id, since, settles_at
            FROM unsettled_tables
            WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
            ORDER BY table_number
            """
        )
        .map { row in
            UnsettledTableView(
                tableNumber: try row["table_number"],
                orderId: try row["order_id"],
                since: try row["since"],
                settlesAt: try row["settles_at"]
            )
        }
    }

    /// The last leases of a location that were ended by hand, newest first, at most 50.
    package func forcedReleases(of merchant: MerchantID, at location: LocationID) async throws -> [ForcedReleaseView] {
        try await postgres.query(
            """
            SELECT order_id, table_number, fencing_token, state, since, released_at, actor, reason
            FROM forced_releases
            WHERE merchant_id = \(merchant.rawValue) AND location_id = \(location.rawValue)
            ORDER BY released_at DESC, fencing_token DESC
            LIMIT 50
            """
        )
        .map { row in
            ForcedReleaseView(
                orderId: try row["order_id"],
                tableNumber: try row["table_number"],
                fencingToken: try row["fencing_token"],
                state: try value(row["state"]),
                since: try row["since"],
                releasedAt: try row["released_at"],
                actor: try row["actor"],
                reason: try row["reason"]
            )
        }
    }

    /// How crowded a location is at this moment.
    package func contention(of merchant: MerchantID, at location: LocationID) async throws -> ContentionView {
        // An order id that no order has: nobody's turn is left out of the count.
        let nobody = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let row = try await answer(
            to: """
                WITH here AS (
                    SELECT \(merchant.rawValue)::text AS merchant_id, \(location.rawValue)::text AS location_id
                ), leased AS (
                    SELECT count(*) FILTER (WHERE state = 'held') AS held,
                        count(*) FILTER (WHERE state = 'pinned') AS pinned
                    FROM leases NATURAL JOIN here
                    WHERE state = 'pinned' OR expires_at > now()
                ), waiting AS (
                    SELECT count(*) AS waiting,
                        coalesce(extract(epoch FROM now() - min(since)) * 1000, 0)::bigint AS longest_ms
                    FROM waiters NATURAL JOIN here
                    WHERE seen_at >= now() - \(interval(policy.waiterTime))
                ), locked AS (
                    SELECT count(*) FILTER (WHERE granted) AS holders, count(*) FILTER (WHERE NOT granted) AS waiters
                    FROM pg_locks, here
                    WHERE locktype = 'advisory' AND objsubid = 1
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        AND ((classid::bigint << 32) | objid::bigint)
                            = location_lock_key(here.merchant_id, here.location_id)
                )
                SELECT leased.held, leased.pinned, waiting.waiting, waiting.longest_ms, locked.holders, locked.waiters,
                    (SELECT count(*) FROM section_tables NATURAL JOIN here) AS tables,
                    (SELECT count(*) FROM busy_tables NATURAL JOIN here WHERE busy_until > now()) AS busy,
                    (
                        SELECT count(*)
                        FROM here, free_tables(here.merchant_id, here.location_id, \(nobody), 'UTC')
                    ) AS free
                FROM leased, waiting, locked
                """
        )
        return ContentionView(
            held: try row["held"],
            pinned: try row["pinned"],
            waiting: try row["waiting"],
            longestWaitMs: try row["longest_ms"],
            tables: try row["tables"],
            freeTables: try row["free"],
            busyTables: try row["busy"],
            lockHolders: try row["holders"],
            lockWaiters: try row["waiters"]
        )
    }
}
