import Contracts
import Foundation
import Postgres
import RPC

// Pieces of statements about leases, and reading what they answer.

extension LeaseStore {
    static let leaseColumns: Query = """
        location_id, order_id, mode, table_number, fencing_token, state, since, expires_at
        """

    static let leaseOfAnswer: Query = """
        (lease).location_id, (lease).order_id, (lease).mode, (lease).table_number, (lease).fencing_token, (lease).state,
            (lease).since, (lease).expires_at
        """

    static let holderColumns: Query = """
        holder.location_id, holder.order_id, holder.mode, holder.table_number, holder.fencing_token, holder.state,
            holder.since, holder.expires_at
        """

    func isLease(of owner: LeaseOwner, _ token: Int) -> Query {
        """
        merchant_id = \(owner.merchant.rawValue) AND location_id = \(owner.location.rawValue) \
        AND order_id = \(owner.order) AND fencing_token = \(token)
        """
    }

    func number(_ number: Int?) -> Query {
        number.map { "\($0)" } ?? "NULL"
    }

    func interval(_ duration: Duration) -> Query {
        "make_interval(secs => \(duration / .seconds(1)))"
    }

    func answer(to query: Query) async throws -> Row {
        guard let row = try await postgres.queryOne(query) else { throw UnreadableRow(found: "no answer") }
        return row
    }

    /// The lease in a row with the columns of `leases`.
    func lease(_ row: Row, _ merchant: MerchantID) throws -> Lease {
        Lease(
            owner: LeaseOwner(
                merchant: merchant,
                location: LocationID(unchecked: try row["location_id"]),
                order: try row["order_id"]
            ),
            mode: try value(row["mode"]),
            tableNumber: try row["table_number"],
            token: try row["fencing_token"],
            state: try value(row["state"]),
            since: try row["since"],
            expiresAt: try row["expires_at"]
        )
    }

    func value<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
        guard let value = Value(rawValue: text) else { throw UnreadableRow(found: text) }
        return value
    }
}

/// The database holds a word this version does not know, which its constraints should have kept out.
package struct UnreadableRow: Error {
    package let found: String
}
