import Contracts
import Foundation
import Postgres
import RPC

extension LeaseStore {
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

    private func value<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
        guard let value = Value(rawValue: text) else { throw UnreadableRow(found: text) }
        return value
    }
}

/// The database holds a word this version does not know, which its constraints should have kept out.
struct UnreadableRow: Error {
    let found: String
}
