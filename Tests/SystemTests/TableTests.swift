import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// Tables when processes stop, answers are lost and registers hang, seen from the register's own ledger.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct TableTests {
    @Test("A lost answer of the allocator leads to the same lease, and to one order on one table (F11, I2, I3)")
    func aLostAnswerOfTheAllocator() async throws {
        try await World.run { world in
            let port = try #require(URL(string: world.fleet.url(.tableAllocator))?.port)
            let proxy = try FaultProxy(to: .port(port))
            defer { proxy.stop() }
            let client = world.fleet.client(.tableAllocator, at: "http://127.0.0.1:\(proxy.port)")
            let order = UUID()
            proxy.behave(.loseAnswer(to: "TableAllocator/Allocate"))
            await #expect(throws: RPCError.self) {
                _ = try await client.call(
                    TableAllocatorV1.allocate,
                    Self.request(order, table: 12),
                    context: .byHand()
                )
            }
            proxy.behave(.forward)
            let held = try await Self.leases(world)
            #expect(held.map(\.orderId) == [order])
            let again = try await client.call(
                TableAllocatorV1.allocate,
                Self.request(order, table: 12),
                context: .byHand()
            )
            #expect(again.lease.fencingToken == held.first?.fencingToken)
            #expect(try await Self.leases(world).count == 1)
        }
    }

    @Test(
        "A router stopped past its lanes and woken late writes nothing a second time, and loses no table (F2, I2, I3, I6)"
    )
    func aStoppedRouter() async throws {
        try await World.run(tableMode: "virtual") { world in
            // Held while CreateOrder is under way: the router stands still with a lease and an intent.
            await world.register.add(RegisterFault(.slow, on: "CreateOrder", delayMs: 14_000))
            let accepted = try await world.submit(World.order("1"))
            try await world.register.waitForRequest(endpoint: "CreateOrder", count: 1)
            let router = try #require(await world.fleet.process(.orderRouter))
            router.pause()
            defer { router.resume() }
            let lease = try #require(try await Self.leases(world).first)
            #expect(lease.orderId == accepted.orderId)
            #expect(lease.state.knownValue == .pinned)
            // By hand the table is taken from the sleeping router; its token dies with it.
            let ended = try await Self.forceRelease(lease, world)
            #expect(ended.changed)
            world.register.endSlowness()
            try await Self.wait(for: .seconds(3))
            router.resume()
            let found = try await world.order(
                accepted.orderId,
                in: .delivered,
                .unclear,
                .placedUnsettled,
                timeout: .seconds(120)
            )
            let created = await world.effects(.orderCreated)
            let paid = await world.effects(.billPaid)
            #expect(created.count == 1, "\(found.steps)")
            #expect(paid.count <= 1)
            // The table is not lost: it is given again once its delay is over and its bill is empty.
            #expect(try await Self.leases(world).allSatisfy { $0.orderId == accepted.orderId })
            let next = try await world.submit(World.order("2"))
            _ = try await world.order(next.orderId, in: .delivered, timeout: .seconds(120))
            let all = await world.effects(.orderCreated)
            #expect(all.count == 2)
        }
    }

    @Test("A number whose lease ended meanwhile is another order's, and the late pin fails (I3, I6)")
    func aLatePin() async throws {
        try await World.run(tableMode: "virtual") { world in
            let order = UUID()
            let client = world.fleet.client(.tableAllocator)
            let answer = try await client.call(
                TableAllocatorV1.allocate,
                Self.request(order, table: nil),
                context: .byHand()
            )
            // The caller sleeps; its lease is ended, and somebody else has the place by now.
            let lease = try #require(try await Self.leases(world).first)
            #expect(lease.state.knownValue == .held)
            #expect(lease.tableNumber == nil)
            #expect(try await Self.forceRelease(lease, world).changed)
            let accepted = try await world.submit(World.order("1"))
            _ = try await world.order(accepted.orderId, in: .delivered, timeout: .seconds(120))
            let late = await #expect(throws: RPCError.self) {
                _ = try await client.call(
                    TableAllocatorV1.pin,
                    LeaseRequest(
                        merchantId: World.merchant,
                        locationId: World.location,
                        orderId: order,
                        fencingToken: answer.lease.fencingToken,
                        timeZone: "Europe/Brussels",
                        tableNumber: answer.lease.tableNumber
                    ),
                    context: .byHand()
                )
            }
            #expect(late?.reason == "lease_lost")
            #expect(await world.effects(.orderCreated).count == 1)
        }
    }

    // MARK: -

    private static func request(_ order: UUID, table: Int?) -> AllocateRequest {
        AllocateRequest(
            merchantId: World.merchant,
            locationId: World.location,
            orderId: order,
            mode: table == nil ? .virtual : .named,
            tableNumber: table,
            gateway: "kassanet",
            timeZone: "Europe/Brussels"
        )
    }

    private static func leases(_ world: World) async throws -> [LeaseView] {
        try await world.fleet.client(.tableAllocator).call(
            TableAllocatorV1.listLeases,
            ListLeasesRequest(merchantId: World.merchant, locationId: World.location),
            context: .byHand()
        )
        .leases
    }

    private static func forceRelease(_ lease: LeaseView, _ world: World) async throws -> ForceReleaseResponse {
        try await world.fleet.client(.tableAllocator).call(
            TableAllocatorV1.forceRelease,
            ForceReleaseRequest(
                merchantId: World.merchant,
                locationId: World.location,
                orderId: lease.orderId,
                fencingToken: lease.fencingToken,
                actor: "system test",
                reason: "The router does not answer.",
                settleDelayMs: 1000
            ),
            context: .byHand()
        )
    }

    /// A stretch of time that is itself what is tested: how long a process stands still.
    private static func wait(for time: Duration) async throws {
        try await Task.sleep(for: time)
    }
}
