import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// What must not get in: each is answered with the field that is wrong, and nothing of it is kept.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BadInputTests {
    struct Case: Sendable {
        var field: String
        var change: @Sendable (inout SubmitOrderRequest) -> Void
    }

    static let cases = [
        Case(field: "payment.status") { $0.payment.status = Open(.pending) },
        Case(field: "items[0].plu") { $0.items[0].plu = nil },
        Case(field: "items[1].quantity") { $0.items[1].quantity = 0 },
        Case(field: "items[0].unitPriceCents") { $0.items[0].unitPriceCents = -650 },
        Case(field: "totalCents") { $0.totalCents = 901 },
        Case(field: "totalCents") { $0.discounts = [OrderAdjustment(name: "10 %", amountCents: 90)] },
        Case(field: "totalCents") { $0.fees = [OrderAdjustment(name: "Service", amountCents: 50)] },
        Case(field: "totalCents") { $0.tipCents = 100 },
        Case(field: "locationId") { $0.locationId = LocationID(unchecked: "nowhere") },
    ]

    @Test("Bad orders are refused naming the field, absurd bodies within bounds, and nothing is stored")
    func nothingBadIsStored() async throws {
        try await World.run { world in
            for bad in Self.cases {
                var order = World.order("1")
                bad.change(&order)
                let error = await #expect(throws: RPCError.self) { try await world.submit(order) }
                #expect(error?.fields.map(\.field) == [bad.field], "\(bad.field): \(String(describing: error))")
            }
            let submit = "\(world.fleet.url(.orderRouter))\(OrderRouterV1.submitOrder.path)"
            let huge = #"{"note":""# + String(repeating: "x", count: 10_000_000) + #""}"#
            let bodies = [
                huge, String(repeating: "[", count: 100_000), "[" + String(repeating: "0,", count: 60_000) + "0]", "{",
                "",
                #"{"merchantId":1e400}"#, "null", "\"text\"",
            ]
            for body in bodies {
                do {
                    let answer = try await world.fleet.request("POST", submit, body: body)
                    #expect([400, 429].contains(answer.status), "\(body.prefix(40)): \(answer.status)")
                    #expect(answer.body.contains("\"reason\""))
                    #expect(answer.body.utf8.count < 2_000)
                } catch {
                    // A body that is cut off while it is sent may show as a closed connection.
                    #expect(body.utf8.count > 1_000_000, "\(error)")
                }
            }
            let listed = try await world.orders.call(
                OrderRouterV1.listOrders,
                ListOrdersRequest(merchantId: World.merchant),
                context: .byHand()
            )
            #expect(listed.orders.isEmpty)
            let process = try #require(await world.fleet.process(.orderRouter))
            #expect(try process.peakMemory() < 300_000_000)
        }
    }
}
