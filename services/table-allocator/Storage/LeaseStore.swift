import Contracts
import Foundation
import Logging
import Postgres
import RPC

/// Who holds which table, in PostgreSQL.
///
/// Each method is one statement and, where it changes something, one commit.
///
/// Claims of one location take turns under an advisory lock (see ``Migrations`` for its place and README.md for its key).
/// The database's clock alone decides what has expired.
struct LeaseStore: Sendable {
    let postgres: PostgresPool
    let policy: AllocationPolicy

    // MARK: - Under the location's lock

    /// The lease the order has, or a new one by the rule of the mode.
    ///
    /// Expired leases of the location are removed first, so an order whose lease has expired gets a new token.
    func claim(_ mode: TableMode, table: Int?, for owner: LeaseOwner, timeZone: String) async throws -> Claim {
        let row = try await answer(
            to: """
                SELECT outcome, \(Self.leaseOfAnswer)
                FROM claim_lease(
                    \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(mode.rawValue),
                    \(number(table)), \(timeZone), \(interval(policy.leaseTime))
                )
                """
        )
        switch try row["outcome", as: String.self] {
        case "existing": return .existing(try lease(row, owner.merchant))
        case "granted": return .granted(try lease(row, owner.merchant))
        case "table_held": return .tableHeld(by: try lease(row, owner.merchant))
        case "placing": return .placing(try lease(row, owner.merchant))
        case "elsewhere": return .elsewhere(try lease(row, owner.merchant))
        case "none_free": return .noneFree
        case "no_tables": return .noTables
        case let outcome: throw UnreadableRow(found: outcome)
        }
    }

    /// Gives a virtual lease its number, unless another live lease has that, or the lease itself is gone.
    func name(_ lease: Lease, table: Int) async throws -> Naming {
        let owner = lease.owner
        let row = try await answer(
            to: """
                SELECT outcome, \(Self.leaseOfAnswer)
                FROM name_placement(
                    \(owner.merchant.rawValue), \(owner.location.rawValue), \(owner.order), \(lease.token),
                    \(table), \(interval(policy.leaseTime))
                )
                """
        )
        switch try row["outcome", as: String.self] {
        case "granted", "existing": return .named(try self.lease(row, owner.merchant))
        case "table_held": return .tableHeld(by: try self.lease(row, owner.merchant))
        case "lost": return .lost
        case let outcome: throw UnreadableRow(found: outcome)
        }
    }

    // MARK: - Guarded by the token

    /// Takes the expiry off a live lease and counts the table's use in the location's month, once per lease.
    ///
    /// Returns `nil` where the token is not the live one, or the lease has expired or has no number yet.
    func pin(_ owner: LeaseOwner, token: Int, timeZone: String) async throws -> Lease? {
        // `pins` tells the first call from a repeated one even when both arrive at once: the second waits for the row
        // and then sees it as the first left it, which a look at `state` beside the update would not.
        try await postgres.queryOne(
            """
            WITH pinned AS (
                UPDATE leases
                SET state = 'pinned', expires_at = NULL, pins = pins + 1
                WHERE \(isLease(of: owner, token)) AND table_number IS NOT NULL
                    AND (state = 'pinned' OR expires_at > now())
                RETURNING \(Self.leaseColumns), merchant_id, pins
            ), counted AS (
                INSERT INTO table_usage (merchant_id, location_id, table_number, month, uses, last_used_at)
                SELECT merchant_id, location_id, table_number, local_month(now(), \(timeZone)), 1, now()
                FROM pinned
                WHERE pins = 1
                ON CONFLICT ON CONSTRAINT table_usage_pkey
                DO UPDATE SET uses = table_usage.uses + 1,
                    last_used_at = greatest(table_usage.last_used_at, EXCLUDED.last_used_at)
            )
            SELECT \(Self.leaseColumns)
            FROM pinned
            """
        )
        .map { try lease($0, owner.merchant) }
    }

    /// Ends a lease, held or pinned.
    ///
    /// False where there was none with that token.
    func release(_ owner: LeaseOwner, token: Int) async throws -> Bool {
        try await postgres.execute("DELETE FROM leases WHERE \(isLease(of: owner, token))") > 0
    }

    /// Lets the next virtual order of the location ask the register.
    ///
    /// False where nothing was between asking and placed.
    func concludePlacement(_ owner: LeaseOwner, token: Int) async throws -> Bool {
        try await postgres.execute(
            """
            UPDATE leases
            SET is_concluded = true
            WHERE \(isLease(of: owner, token)) AND mode = 'virtual' AND table_number IS NOT NULL AND NOT is_concluded
            """
        ) > 0
    }

    /// Gives back a table on which somebody else's bill stands, and keeps it out of the choice for a while.
    ///
    /// Does nothing where the lease is gone or was pinned meanwhile.
    func setAside(_ lease: Lease) async throws {
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

    /// Takes back a lease that nobody was given, as long as it stands as it was claimed.
    ///
    /// Runs to its end even in a cancelled task. A failure is logged and no more: the lease then ends by its expiry.
    func withdraw(_ lease: Lease, logger: Logger) async {
        let query: Query = """
            DELETE FROM leases
            WHERE \(isLease(of: lease.owner, lease.token)) AND state = 'held'
                AND table_number IS NOT DISTINCT FROM \(number(lease.tableNumber))
            """
        let postgres = postgres
        do {
            _ = try await Task { try await postgres.execute(query) }.value
        } catch {
            logger.warning("Lease not withdrawn, it will expire", metadata: ["cause": "\(String(reflecting: error))"])
        }
    }

    // MARK: - Reading

    /// The live leases of a location, oldest first.
    func leases(of merchant: MerchantID, at location: LocationID) async throws -> [Lease] {
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

    // MARK: - Pieces of statements

    private static let leaseColumns: Query = """
        location_id, order_id, mode, table_number, fencing_token, state, since, expires_at
        """

    private static let leaseOfAnswer: Query = """
        (lease).location_id, (lease).order_id, (lease).mode, (lease).table_number, (lease).fencing_token, (lease).state,
            (lease).since, (lease).expires_at
        """

    private func isLease(of owner: LeaseOwner, _ token: Int) -> Query {
        """
        merchant_id = \(owner.merchant.rawValue) AND location_id = \(owner.location.rawValue) \
        AND order_id = \(owner.order) AND fencing_token = \(token)
        """
    }

    private func number(_ table: Int?) -> Query {
        table.map { "\($0)" } ?? "NULL"
    }

    private func interval(_ duration: Duration) -> Query {
        "make_interval(secs => \(duration / .seconds(1)))"
    }

    private func answer(to query: Query) async throws -> Row {
        guard let row = try await postgres.queryOne(query) else { throw UnreadableRow(found: "no answer") }
        return row
    }
}
