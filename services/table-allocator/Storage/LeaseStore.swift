package import Contracts
import Foundation
package import Logging
package import Postgres
import RPC

/// Who holds which table, in PostgreSQL.
///
/// Each method is one statement, so one round trip, and one commit where it changes something. The database's clock alone
/// decides what has expired. See README.md of table-allocator for locks and keys.
package struct LeaseStore: Sendable {
    package let postgres: PostgresPool
    package let policy: AllocationPolicy

    package init(postgres: PostgresPool, policy: AllocationPolicy) {
        self.postgres = postgres
        self.policy = policy
    }

    // MARK: - Under the location's lock

    /// The lease the order has, or a new one by the rule of the mode; otherwise the order stands in the line.
    ///
    /// `table` is the guest's own in mode `named`, else `nil`. A virtual lease keeps the location's place between asking
    /// and placed; its number is stored by ``pin(_:token:table:timeZone:)``.
    package func claim(
        _ mode: TableMode,
        table: Int?,
        for owner: LeaseOwner,
        timeZone: String
    ) async throws -> Claim {
        let row = try await answer(
            to: """
                SELECT outcome, must_look, other_order, other_at, \(Self.leaseOfAnswer)
                FROM claim_lease(
                    \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(mode.rawValue),
                    \(number(table)), \(timeZone), \(interval(policy.leaseTime)), \(interval(policy.waiterTime)),
                    \(interval(policy.turnTime))
                )
                """
        )
        switch try row["outcome", as: String.self] {
        case "existing", "granted": return .leased(try lease(row, owner.merchant), mustLook: try row["must_look"])
        case "table_held": return .tableHeld(by: try lease(row, owner.merchant))
        case "placing": return .placing(try lease(row, owner.merchant))
        case "queued": return .queued(behind: try row["other_order"], since: try row["other_at"])
        case "unsettled": return .unsettled(order: try row["other_order"], until: try row["other_at"])
        case "elsewhere": return .elsewhere(try lease(row, owner.merchant))
        case "none_free": return .noneFree
        case "no_tables": return .noTables
        case let outcome: throw UnreadableRow(found: outcome)
        }
    }

    // MARK: - Guarded by the token

    /// Takes the expiry off a live lease and counts the table's use in the location's month, once per lease.
    ///
    /// `table` is the number the order was given: stored now for a virtual lease, compared for any other. Of a lease that
    /// is pinned already nothing is written. Two virtual leases that reach for one number are told apart by the unique
    /// index.
    package func pin(
        _ owner: LeaseOwner,
        token: Int,
        table: Int? = nil,
        timeZone: String
    ) async throws -> Pinning {
        let row: Row
        do {
            row = try await answer(
                to: """
                    SELECT outcome, \(Self.leaseOfAnswer)
                    FROM pin_lease(
                        \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(token),
                        \(number(table)), \(timeZone)
                    )
                    """
            )
        } catch let error as PostgresError where error.isConstraintViolation("leases_one_holder_per_table") {
            return .taken(by: nil)
        }
        switch try row["outcome", as: String.self] {
        case "pinned", "existing": return .pinned(try lease(row, owner.merchant))
        case "taken":
            let hasHolder = try row["order_id", as: UUID?.self] != nil
            return .taken(by: hasHolder ? try lease(row, owner.merchant) : nil)
        case "lost": return .lost
        case "unnumbered": return .unnumbered
        case let outcome: throw UnreadableRow(found: outcome)
        }
    }

    /// Ends a lease, held or pinned.
    ///
    /// `settlingFor`: how long a write to the table without an answer may still take effect; `nil` where none is in doubt.
    /// Then the table is given again only after that time, and after ``settle(_:for:)``.
    package func release(
        _ owner: LeaseOwner,
        token: Int,
        settlingFor delay: Duration? = nil
    ) async throws -> LeaseEnd {
        try await end(
            """
            SELECT changed, wake
            FROM release_lease(
                \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(token),
                \(delay.map { interval($0) } ?? "NULL")
            )
            """
        )
    }

    /// Lets the next virtual order of the location ask the register.
    package func concludePlacement(_ owner: LeaseOwner, token: Int) async throws -> LeaseEnd {
        try await end(
            """
            SELECT changed, wake
            FROM conclude_placement(
                \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(token)
            )
            """
        )
    }

    /// Ends an order's lease by hand, and keeps who did it and why.
    ///
    /// `token`: only that lease; `nil` for whichever the order has.
    package func forceRelease(
        _ owner: LeaseOwner,
        token: Int?,
        actor: String,
        reason: String,
        settlingFor delay: Duration
    ) async throws -> LeaseEnd {
        let row = try await answer(
            to: """
                SELECT changed, wake, \(Self.leaseOfAnswer)
                FROM force_release(
                    \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(number(token)),
                    \(actor), \(reason), \(interval(delay))
                )
                """
        )
        let changed = try row["changed", as: Bool.self]
        return LeaseEnd(
            changed: changed,
            wake: try row["wake"],
            lease: changed ? try lease(row, owner.merchant) : nil
        )
    }

    /// Gives back a table on which somebody else's bill stands, and keeps it out of the choice for a while.
    ///
    /// Does nothing where the lease is gone or was pinned meanwhile.
    package func setAside(_ lease: Lease) async throws {
        try await postgres.execute(
            """
            WITH dropped AS (
                DELETE FROM leases
                WHERE \(isLease(of: lease.owner, lease.token)) AND state = 'held'
                RETURNING merchant_id, location_id, table_number
            )
            INSERT INTO busy_tables (merchant_id, location_id, table_number, busy_until)
            SELECT merchant_id, location_id, table_number, now() + \(interval(policy.busyTime))
            FROM dropped
            ON CONFLICT ON CONSTRAINT busy_tables_pkey
            DO UPDATE SET busy_until = greatest(busy_tables.busy_until, EXCLUDED.busy_until)
            """
        )
    }

    /// Notes that the bill of an unsettled table was read after its delay: it may be given again.
    package func settle(_ table: Int, for owner: LeaseOwner) async throws {
        try await postgres.execute(
            """
            DELETE FROM unsettled_tables
            WHERE merchant_id = \(owner.merchant.rawValue) AND location_id = \(owner.location.rawValue)
                AND table_number = \(table) AND settles_at <= now()
            """
        )
    }

    /// Takes back a lease that nobody was given, as long as it stands as it was claimed.
    ///
    /// `waitsForRegister`: the order goes on waiting, for the register to name a number that is free. Runs to its end even
    /// in a cancelled task. A failure is logged and no more: the lease then ends by its expiry.
    package func withdraw(_ lease: Lease, waitsForRegister: Bool = false, logger: Logger) async {
        let owner = lease.owner
        let line: Query =
            waitsForRegister
            ? "record_waiter(\(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), 'virtual', NULL, 'register')"
            : "NULL"
        let query: Query = """
            WITH dropped AS (
                DELETE FROM leases
                WHERE \(isLease(of: owner, lease.token)) AND state = 'held'
                    AND table_number IS NOT DISTINCT FROM \(number(lease.tableNumber))
                RETURNING 1
            )
            SELECT count(*) AS dropped, \(line) AS line
            FROM dropped
            """
        let postgres = postgres
        do {
            _ = try await Task { try await postgres.queryOne(query) }.value
        } catch {
            logger.warning("Lease not withdrawn, it will expire", metadata: ["cause": "\(String(reflecting: error))"])
        }
    }

    private func end(_ query: Query) async throws -> LeaseEnd {
        let row = try await answer(to: query)
        return LeaseEnd(changed: try row["changed"], wake: try row["wake"])
    }
}
