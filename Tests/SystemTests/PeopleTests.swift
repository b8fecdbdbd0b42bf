import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// What people do, through real processes to a strict register.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct PeopleTests {
    private static let actor = "anna@upvendo"

    @Test(
        "An unclear order shows its bill and its attempts; a person has it sent again, and it is delivered once (I2, I13)"
    )
    func anUnclearOrderIsResolved() async throws {
        try await World.run(settings: World.impatient) { world in
            await world.register.add(RegisterFault(.neverAnswer, on: "CreateOrder"))
            var order = World.order("1", table: 7)
            order.guest = Guest(name: "Ada Lovelace", phone: "+32470123456")
            let id = try await world.submit(order).orderId
            // The baseline is read by now, and the register keeps the order waiting.
            try await world.register.waitForRequest(endpoint: "CreateOrder")
            try await world.register.waiterAdds(table: 7, articleID: 103)
            let unclear = try await world.order(id, in: .unclear, timeout: .seconds(120))
            let sent = try #require(unclear.attempts?.first)
            #expect(sent.operation == Open(.placeOrder))
            #expect(sent.outcome == Open(.noAnswer))
            #expect(sent.request?.contains("102") == true, "what was sent is shown")
            #expect(sent.request?.contains("Lovelace") == false)
            #expect(unclear.attemptsProblem == nil)

            var request = ResolveOrderRequest(merchantId: World.merchant, orderId: id)
            let seen = try await resolve(request, world)
            #expect(seen.bill?.lines.map(\.plu) == ["103"])
            #expect(seen.comparison?.ours == Open(.absent))
            #expect(seen.decisions.contains(Open(.resend)))
            request.decision = Open(.resend)
            request.actor = Self.actor
            request.revision = seen.order.revision.map { $0 - 1 }
            let late = await #expect(throws: RPCError.self) { try await resolve(request, world) }
            #expect(late?.code == .aborted)
            #expect(late?.reason == "order_moved_on")
            request.revision = seen.order.revision
            _ = try await resolve(request, world)
            let delivered = try await world.order(id, in: .delivered)
            #expect(delivered.steps.contains { $0.action == "decide_resend" && $0.actor == Self.actor })
            #expect(await world.effects(.orderCreated).count == 1)
            #expect(await world.effects(.depositPosted).map(\.amountCents) == [900], "the waiter's line is not ours")
            let leases = try await world.fleet.client(.tableAllocator).call(
                TableAllocatorV1.listLeases,
                ListLeasesRequest(merchantId: World.merchant, locationId: World.location),
                context: .byHand()
            )
            #expect(leases.leases.isEmpty)
        }
    }

    @Test("A paused location takes an order in and sends it when it is resumed; a call waits for it (P3)")
    func aPausedLocationHoldsItsOrders() async throws {
        try await World.run { world in
            let pause = PauseLocationRequest(
                merchantId: World.merchant,
                locationId: World.location,
                actor: Self.actor,
                reason: "The kitchen is full."
            )
            _ = try await world.orders.call(OrderRouterV1.pauseLocation, pause, context: .byHand())
            let id = try await world.submit(World.order("1")).orderId
            #expect(try await world.order(id, in: .waiting).order.reason == "location_paused")
            let status = try await world.orders.call(
                OrderRouterV1.getLocationStatus,
                LocationRequest(merchantId: World.merchant, locationId: World.location),
                context: .byHand()
            )
            #expect(status.connected)
            #expect(!status.isSending)
            #expect(status.paused?.actor == Self.actor)
            #expect(await world.effects(.orderCreated).isEmpty)
            let resume = ResumeLocationRequest(
                merchantId: World.merchant,
                locationId: World.location,
                actor: Self.actor
            )
            _ = try await world.orders.call(OrderRouterV1.resumeLocation, resume, context: .byHand())
            let waited = try await world.orders.call(
                OrderRouterV1.getOrder,
                GetOrderRequest(merchantId: World.merchant, orderId: id, waitForStates: [.delivered]),
                context: .byHand()
            )
            #expect(waited.order.state == Open(.delivered))
            #expect(await world.effects(.orderCreated).count == 1)
        }
    }

    private func resolve(_ request: ResolveOrderRequest, _ world: World) async throws -> ResolveOrderResponse {
        try await world.orders.call(OrderRouterV1.resolveOrder, request, context: .byHand())
    }
}
