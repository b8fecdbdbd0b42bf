import Contracts
import Foundation
import KassanetSimulator
import RPC
import RPCClient
import TestBed
import Testing

/// Orders through real processes to a strict register.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DeliveryTests {
    @Test("A paid order is on the register once, on a table of its own, with its bill settled (K30, K31)")
    func aPaidOrderIsDeliveredOnce() async throws {
        try await World.run { world in
            let accepted = try await world.submit(World.order("1"))
            let found = try await world.order(accepted.orderId, in: .delivered)
            #expect(found.order.tableNumber == 901)
            #expect(found.order.externalData["vanhoutte"]?.status == "success")
            #expect(found.steps.map(\.state.text) == ["table_assigned", "placed", "bill_read", "settled", "delivered"])
            let created = await world.effects(.orderCreated)
            #expect(created.count == 1)
            #expect(created.first?.tableText.hasPrefix("Kiosk #1 ") == true)
            let paid = await world.effects(.billPaid)
            #expect(paid.map(\.amountCents) == [900])
            #expect(await world.register.openBills.isEmpty)
            #expect(await world.register.violations.isEmpty)
        }
    }

    @Test("Sixteen callers at once: one order, one delivery, sixteen equal answers")
    func sixteenCallersGetOneOrder() async throws {
        try await World.run { world in
            let answers = try await withThrowingTaskGroup(of: SubmitOrderResponse.self) { group in
                for _ in 0..<16 { group.addTask { try await world.submit(World.order("16")) } }
                return try await group.reduce(into: Set<SubmitOrderResponse>()) { $0.insert($1) }
            }
            #expect(answers.count == 1)
            let id = try #require(answers.first?.orderId)
            _ = try await world.order(id, in: .delivered)
            #expect(await world.effects(.orderCreated).count == 1)
            #expect(await world.effects(.billPaid).count == 1)
        }
    }

    @Test("The same transaction with other content is refused, naming the fields and not their values")
    func otherContentIsRefusedWithTheDifferingFields() async throws {
        try await World.run { world in
            try await world.submit(World.order("1"))
            var other = World.order("1")
            other.items[1].quantity = 2
            other.totalCents = 1150
            let error = await #expect(throws: RPCError.self) { try await world.submit(other) }
            #expect(error?.code == .alreadyExists)
            #expect(error?.reason == "content_differs")
            #expect(error?.fields.map(\.field) == ["items[1].quantity", "totalCents"])
        }
    }

    @Test("Two orders on one named table are both delivered, each paid for itself")
    func twoOrdersOnOneNamedTable() async throws {
        try await World.run { world in
            let first = try await world.submit(World.order("1", table: 5))
            let second = try await world.submit(World.order("2", table: 5))
            for id in [first.orderId, second.orderId] { _ = try await world.order(id, in: .delivered) }
            #expect(await world.effects(.orderCreated).map(\.table) == [5, 5])
            #expect(await world.effects(.billPaid).map(\.amountCents) == [900, 900])
        }
    }

    @Test("On a table with a waiter's open bill, what was paid is a deposit and the rest stays the staff's")
    func aWaitersBillIsNotPaid() async throws {
        try await World.run { world in
            try await world.register.waiterAdds(table: 7, articleID: 103)
            let accepted = try await world.submit(World.order("1", table: 7))
            _ = try await world.order(accepted.orderId, in: .delivered)
            #expect(await world.effects(.orderCreated).count == 1)
            #expect(await world.effects(.billPaid).isEmpty)
            #expect(await world.effects(.depositPosted).map(\.amountCents) == [900])
            #expect(await world.register.bill(table: 7)?.paymentCents == 1400)
        }
    }

    @Test(
        "Before a guest pays, a channel reads whether tips are taken and what is on the guest's own table (K35, K37, I8)",
        arguments: [true, false]
    )
    func aChannelReadsBeforeTheGuestPays(tips: Bool) async throws {
        var configuration = SimulatorConfiguration()
        configuration.settings.tips = tips
        try await World.run(register: configuration) { world in
            try await world.register.waiterAdds(table: 7, articleID: 103)
            let ask = LocationRequest(merchantId: World.merchant, locationId: World.location)
            var status = try await world.orders.call(OrderRouterV1.getLocationStatus, ask, context: .byHand())
            // What the test found comes with the gateway's feed.
            let deadline = ContinuousClock.now + .seconds(60)
            while status.status != Open(.connected), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(25))
                status = try await world.orders.call(OrderRouterV1.getLocationStatus, ask, context: .byHand())
            }
            #expect(status.status == Open(.connected))
            #expect(status.tips == tips)
            let gateway = world.fleet.client(.kassanetGateway)
            var read = ReadBillRequest(merchantId: World.merchant, locationId: World.location, tableNumber: 7)
            let bill = try await gateway.call(PosGatewayV1.readBill, read, context: .byHand()).bill
            #expect(bill.openCents == 1400)
            #expect(bill.lines.map(\.plu) == ["103"])
            read.merchantId = MerchantID(unchecked: "merchant-2")
            let other = read
            let refused = await #expect(throws: RPCError.self) {
                try await gateway.call(PosGatewayV1.readBill, other, context: .byHand())
            }
            #expect(refused?.reason == "not_connected")

            let id = try await world.submit(World.order("1", table: 7)).orderId
            #expect(try await world.order(id, in: .delivered).order.tableNumber == 7)
            #expect(await world.effects(.orderCreated).map(\.table) == [7])
        }
    }

    @Test("A waiter's line between GetBill and PayBill is not paid by the guest")
    func aLineAddedInBetweenIsNotPaid() async throws {
        try await World.run { world in
            await world.register.add(RegisterFault(.waiterAdds, on: "PayBill", articleId: 103))
            let accepted = try await world.submit(World.order("1", table: 8))
            _ = try await world.order(accepted.orderId, in: .delivered)
            #expect(await world.effects(.orderCreated).count == 1)
            #expect(await world.effects(.billPaid).isEmpty)
            #expect(await world.effects(.depositPosted).map(\.amountCents) == [900])
        }
    }

    @Test("A refused order is refused with the register's own words, and its table is free again (K34)")
    func aRefusedOrderSaysWhy() async throws {
        try await World.run { world in
            await world.register.add(RegisterFault(.refuse, on: "CreateOrder", message: "Kitchen closed"))
            let refused = try await world.submit(World.order("1"))
            let found = try await world.order(refused.orderId, in: .refused)
            #expect(found.order.externalData["vanhoutte"]?.errMessage?.contains("Kitchen closed") == true)
            let next = try await world.submit(World.order("2"))
            #expect(try await world.order(next.orderId, in: .delivered).order.tableNumber == 901)
            #expect(await world.effects(.orderCreated).count == 1)
        }
    }
}

/// A register that cannot be reached (K7, K32).
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RegisterDownTests {
    @Test("Orders park, the location shows disconnected, a successful test sends them out oldest first (K4, K7, K32)")
    func parkedOrdersGoOutOldestFirst() async throws {
        try await World.run { world in
            try await world.register.setPower(on: false)
            var ids: [UUID] = []
            for number in ["1", "2", "3"] { ids.append(try await world.submit(World.order(number)).orderId) }
            for id in ids {
                let parked = try await world.order(id, in: .parked).order
                #expect(parked.needRequeue)
                #expect(parked.reason == "register_unreachable")
            }
            #expect(try await world.status().contains(#""status":"disconnected""#))
            #expect(await world.effects(.orderCreated).isEmpty)

            try await world.register.setPower(on: true)
            #expect(try await world.test().contains(#""status":"connected""#))
            for id in ids { _ = try await world.order(id, in: .delivered) }
            let numbers = await world.effects(.orderCreated).map { $0.tableText.split(separator: " ")[1] }
            #expect(numbers == ["#1", "#2", "#3"])
            #expect(await world.effects(.billPaid).count == 3)
        }
    }

    @Test("Wrong keys make the location misconfigured and park its orders; connecting anew lets them go")
    func wrongKeysPark() async throws {
        try await World.run { world in
            var wrong = SimulatorConfiguration()
            wrong.signatureKey = "another-signature-key"
            await #expect(throws: TestBedError.self) { try await world.connect(wrong, tableMode: "virtual") }
            let accepted = try await world.submit(World.order("1"))
            #expect(try await world.order(accepted.orderId, in: .parked).order.reason == "register_misconfigured")
            try await world.connect(SimulatorConfiguration(), tableMode: "virtual")
            _ = try await world.order(accepted.orderId, in: .delivered)
            #expect(await world.effects(.orderCreated).count == 1)
        }
    }
}
