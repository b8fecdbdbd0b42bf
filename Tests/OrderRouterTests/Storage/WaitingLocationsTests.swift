import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

/// Where parked orders wait (rule K7).
@Suite struct WaitingLocationsTests {
    @Test("Listed is where parked orders wait and nothing lets them go, page by page, for both merchants (K7)")
    func listed() async throws {
        try await RouterBed.with { bed in
            let places = ["a", "b", "c", "d", "e"].map { LocationID(unchecked: $0) }
            for (number, place) in places.enumerated() {
                try await bed.connect(place)
                let order = try await bed.submit(number, at: place)
                if place.rawValue != "e" { try await bed.park(order) }
            }
            // One is paused, one is being let go, one has only an order on which the register fails.
            _ = try await bed.routes.pause(
                LaneKey(merchantID: Sample.merchant, locationID: places[1]),
                actor: "anna",
                reason: "a move"
            )
            try await bed.pool.execute("UPDATE routes SET is_draining = true WHERE location_id = 'c'")
            let all = try await bed.routes.waitingLocations(after: nil, limit: 10)
            #expect(all.map(\.key.locationID) == [places[0], places[3]])
            #expect(all.allSatisfy { $0.key.merchantID == Sample.merchant })
            let page = try await bed.routes.waitingLocations(after: all[0].key, limit: 10)
            #expect(page.map(\.key) == [all[1].key])
            try await bed.pool.execute(
                """
                UPDATE orders
                SET progress = progress || '{"reason": "register_fails_on_this_order"}'
                WHERE location_id = 'd'
                """
            )
            #expect(try await bed.routes.waitingLocations(after: nil, limit: 10).map(\.key) == [all[0].key])

            // Another merchant's location of the same name.
            let other = MerchantID(unchecked: "m2")
            var connection = Sample.connection(location: places[0])
            connection.merchantId = other
            try await bed.routes.apply(connection, gateway: "kassanet")
            let content = Sample.content(merchant: other, location: places[0])
            guard case .accepted(let order, _) = try await bed.orders.submit(content, id: UUIDv7.next()) else {
                Issue.record("The other merchant's order was not taken.")
                return
            }
            #expect(try await bed.routes.waitingLocations(after: nil, limit: 10).count == 1)
            try await bed.park(order)
            let both = try await bed.routes.waitingLocations(after: nil, limit: 10).map(\.key)
            #expect(both == [all[0].key, LaneKey(merchantID: other, locationID: places[0])])
        }
    }

    @Test("Only who may act for all merchants is told, page by page; a cursor of somebody else's is refused")
    func served() async throws {
        try await RouterBed.with { bed in
            try await FakeServices().serve { client in
                let service = RouterProcess(bed, client).service
                for (number, name) in ["a", "b", "c"].enumerated() {
                    let place = LocationID(unchecked: name)
                    try await bed.connect(place)
                    try await bed.park(try await bed.submit(number, at: place))
                }
                var seen: [String] = []
                var cursor: String?
                repeat {
                    let page = try await service.listWaitingLocations(
                        ListWaitingLocationsRequest(pageSize: 2, cursor: cursor),
                        RouterProcess.context()
                    )
                    seen += page.locations.map(\.locationId.rawValue)
                    cursor = page.nextCursor
                } while cursor != nil
                #expect(seen == ["a", "b", "c"])
                var some = RouterProcess.context()
                some.caller = Caller(name: "anna", services: .all, merchants: .only([Sample.merchant]))
                let refused = await #expect(throws: RPCError.self) {
                    try await service.listWaitingLocations(ListWaitingLocationsRequest(), some)
                }
                #expect(refused?.code == .permissionDenied)
                await #expect(throws: RoutingError.malformedCursor) {
                    try await service.listWaitingLocations(
                        ListWaitingLocationsRequest(cursor: "bogus"),
                        RouterProcess.context()
                    )
                }
            }
        }
    }
}
