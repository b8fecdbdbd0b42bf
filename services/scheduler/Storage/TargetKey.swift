import Contracts
import Postgres
import RPC
import ServiceKit

/// A restaurant.
struct LocationKey: Hashable, Sendable {
    var merchantID: MerchantID
    var locationID: LocationID

    init(_ merchantID: MerchantID, _ locationID: LocationID) {
        self.merchantID = merchantID
        self.locationID = locationID
    }
}

/// What a run is of: a task, at one location or for the deployment as a whole.
struct TargetKey: Hashable, Sendable {
    var task: String
    /// `nil` for the deployment.
    var location: LocationKey?

    /// As it stands in tables.
    var merchantText: String { location?.merchantID.rawValue ?? "" }
    var locationText: String { location?.locationID.rawValue ?? "" }

    init(task: String, location: LocationKey? = nil) {
        self.task = task
        self.location = location
    }

    init(row: Row) throws {
        task = try row["task", as: String.self]
        let merchant = try row["merchant_id", as: String.self]
        let place = try row["location_id", as: String.self]
        location = MerchantID(rawValue: merchant).flatMap { merchant in
            LocationID(rawValue: place).map { LocationKey(merchant, $0) }
        }
    }
}

extension TaskRunState: PostgresEncodable, PostgresDecodable {}
extension TaskRunOutcome: PostgresEncodable, PostgresDecodable {}
extension TaskRunTrigger: PostgresEncodable, PostgresDecodable {}
extension ConnectionStatus: PostgresEncodable, PostgresDecodable {}
