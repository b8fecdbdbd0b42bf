import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import Secrets
import TestBed
import Testing

/// An order whose commit happened and whose answer was lost on the way from the database.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct LostCommitTests {
    // F4, I1, I5.
    @Test("A lost answer from the database costs an error at most: the same order is found by its transaction, once")
    func theOrderIsFoundByItsTransaction() async throws {
        let postgres = try await PrivatePostgres.shared
        let database = try await postgres.freshDatabase()
        try await Fleet.prepare(database)
        let proxy = try FaultProxy(to: .socket(postgres.socketPath))
        defer { proxy.stop() }
        let name = database.reveal().split(separator: "/").last?.split(separator: "?").first ?? ""
        let through = Secret("postgresql://order_router@127.0.0.1:\(proxy.port)/\(name)?sslmode=disable")
        let fleet = try Fleet(
            database: { $0 == "order_router" ? through : PrivatePostgres.url(database, role: $0) }
        )
        let configuration = SimulatorConfiguration()
        let world = World(fleet: fleet, register: try await RegisterSimulator.start(configuration), database: database)
        do {
            try await fleet.start([.kassanetGateway, .tableAllocator, .orderRouter])
            try await world.connect(configuration, tableMode: "virtual")
            // The location is known, and the statement prepared on some session.
            _ = try await world.submit(World.order("1"))
            let order = World.order("lost")
            proxy.behave(.loseAnswer(to: order.transactionId.rawValue))
            let error = await #expect(throws: RPCError.self) { try await world.submit(order) }
            #expect(error?.code == .unavailable)
            proxy.behave(.forward)
            let again = try await world.submit(order)
            let oncemore = try await world.submit(order)
            #expect(again.orderId == oncemore.orderId)
            let listed = try await world.orders.call(
                OrderRouterV1.listOrders,
                ListOrdersRequest(merchantId: World.merchant),
                context: .byHand()
            )
            #expect(listed.orders.count == 2)
            #expect(listed.orders.count { $0.orderId == again.orderId } == 1)
        } catch {
            await fleet.stop()
            await world.register.stop()
            throw error
        }
        await fleet.stop()
        await world.register.stop()
    }
}
