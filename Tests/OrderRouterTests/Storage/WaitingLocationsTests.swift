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
        }
    }
}
