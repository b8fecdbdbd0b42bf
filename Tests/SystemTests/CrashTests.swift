import Contracts
import Foundation
import KassanetSimulator
import RPC
import TestBed
import Testing

/// kill -9 of a service around each write, and its return (F1, I2).
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CrashTests {
    /// A moment in an order's journey, recognised by what the register has just received.
    struct Moment: Sendable, CustomTestStringConvertible {
        var name: String
        /// The request that the register is holding when the service dies.
        var endpoint: String
        /// Counted from the first of this endpoint, those of the connection test not included.
        var number: Int
        var fault: RegisterFault.Kind

        var testDescription: String { name }

        static let all = [
            Moment(name: "before CreateOrder, the baseline is read", endpoint: "GetBill", number: 1, fault: .slow),
            Moment(
                name: "CreateOrder has arrived, without effect",
                endpoint: "CreateOrder",
                number: 1,
                fault: .neverAnswer
            ),
            Moment(name: "CreateOrder has taken effect, unanswered", endpoint: "CreateOrder", number: 1, fault: .slow),
            Moment(name: "after CreateOrder, the bill is read", endpoint: "GetBill", number: 2, fault: .slow),
            Moment(name: "PayBill has arrived, without effect", endpoint: "PayBill", number: 1, fault: .neverAnswer),
            Moment(name: "PayBill has taken effect, unanswered", endpoint: "PayBill", number: 1, fault: .slow),
        ]
    }

    @Test(
        "A service killed around a write delivers exactly once after it is started again",
        arguments: [Fleet.Member.orderRouter, .kassanetGateway],
        Moment.all
    )
    func killedAroundAWrite(_ victim: Fleet.Member, _ moment: Moment) async throws {
        let settings = moment.fault == .neverAnswer ? World.impatient : [:]
        try await World.run(settings: settings) { world in
            await world.register.add(
                RegisterFault(moment.fault, on: moment.endpoint, skip: moment.number - 1, delayMs: 800)
            )
            let accepted = try await world.submit(World.order("1"))
            try await world.register.waitForRequest(endpoint: moment.endpoint, count: moment.number)
            await world.fleet.kill(victim)
            try await world.fleet.start([victim])
            try await expectDeliveredOnce(accepted.orderId, world)
        }
    }

    @Test(
        "A router killed when the bill is just paid delivers exactly once",
        arguments: [Fleet.Member.orderRouter, .kassanetGateway]
    )
    func killedAfterPayment(_ victim: Fleet.Member) async throws {
        try await World.run { world in
            let accepted = try await world.submit(World.order("1"))
            try await world.register.waitFor(effect: .billPaid)
            await world.fleet.kill(victim)
            try await world.fleet.start([victim])
            try await expectDeliveredOnce(accepted.orderId, world)
        }
    }

    @Test("An answer that is lost after the effect is settled by reading", arguments: ["CreateOrder", "PayBill"])
    func aLostAnswerIsSettledByReading(_ endpoint: String) async throws {
        try await World.run { world in
            await world.register.add(RegisterFault(.effectThenReset, on: endpoint))
            let accepted = try await world.submit(World.order("1"))
            try await expectDeliveredOnce(accepted.orderId, world)
            #expect(await world.register.requests(endpoint: endpoint).count == 1)
        }
    }

    @Test(
        "A write without effect and without answer is sent again only after two reads",
        arguments: ["CreateOrder", "PayBill"]
    )
    func anAbsentWriteIsProvenAbsentFirst(_ endpoint: String) async throws {
        try await World.run { world in
            await world.register.add(RegisterFault(.resetBeforeEffect, on: endpoint))
            let accepted = try await world.submit(World.order("1"))
            try await expectDeliveredOnce(accepted.orderId, world)
            let requests = await world.register.requests.map(\.endpoint)
            let first = try #require(requests.firstIndex(of: endpoint))
            let second = try #require(requests.lastIndex(of: endpoint))
            #expect(requests[first..<second].count { $0 == "GetBill" } >= 2)
        }
    }

    @Test("An effect that lands late, within the settle delay, is found and not doubled")
    func aLateEffectIsFound() async throws {
        // Far longer than the effect takes: how late it really is, is the machine's business.
        try await World.run(settleDelay: 6_000) { world in
            await world.register.add(RegisterFault(.lateEffect, on: "CreateOrder", delayMs: 250, connection: .reset))
            let accepted = try await world.submit(World.order("1"))
            try await expectDeliveredOnce(accepted.orderId, world)
        }
    }

    private func expectDeliveredOnce(_ id: UUID, _ world: World) async throws {
        let found = try await world.order(id, in: .delivered, .unclear, timeout: .seconds(180))
        let created = await world.effects(.orderCreated)
        let paid = await world.effects(.billPaid)
        #expect(found.order.state.knownValue == .delivered, "\(found.order.reason ?? "") \(found.steps)")
        #expect(created.count == 1)
        #expect(paid.count == 1)
        #expect(paid.first?.table == created.first?.table)
        #expect(await world.register.openBills.isEmpty)
        #expect(await world.register.violations.isEmpty)
    }
}
