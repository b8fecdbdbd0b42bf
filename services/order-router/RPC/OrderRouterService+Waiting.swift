import Contracts
import Foundation
import RPC

extension OrderRouterService {
    func listWaitingLocations(
        _ request: ListWaitingLocationsRequest,
        _ context: CallContext
    ) async throws -> ListWaitingLocationsResponse {
        try context.caller.requireAccessToAllMerchants()
        let size = request.pageSize ?? 200
        guard OrderLimits.locationPageSize.contains(size) else {
            throw RPCError.invalid([FieldProblem("pageSize", "is \(size)", accepted: "1 to 500")])
        }
        let after = try request.cursor.map { text in
            guard let key = LaneKey(cursor: text) else { throw RoutingError.malformedCursor }
            return key
        }
        let found = try await routes.waitingLocations(after: after, limit: size + 1)
        let page = found.prefix(size)
        return ListWaitingLocationsResponse(
            locations: page.map {
                WaitingLocation(
                    merchantId: $0.key.merchantID,
                    locationId: $0.key.locationID,
                    oldestAcceptedAt: $0.oldestAcceptedAt
                )
            },
            nextCursor: found.count > size ? page.last?.key.cursor : nil
        )
    }
}

extension LaneKey {
    /// Where a page of locations ended; neither part of a key has a line break in it.
    fileprivate var cursor: String { Data("\(merchantID)\n\(locationID)".utf8).base64EncodedString() }

    /// `nil` where the text is no cursor of ours.
    fileprivate init?(cursor: String) {
        guard let data = Data(base64Encoded: cursor) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard parts.count == 2, let merchant = MerchantID(rawValue: String(parts[0])),
            let location = LocationID(rawValue: String(parts[1]))
        else { return nil }
        self.init(merchantID: merchant, locationID: location)
    }
}
