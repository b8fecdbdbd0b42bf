import Foundation
import Testing

@testable import KassanetSimulator

@Suite struct SimulatorTests {
    @Test func anOrderGoesThroughFromFreeTableToPaidBill() async throws {
        try await withRegister { register in
            #expect(try await register.send(.get("GetFreeTableNumber")).opened?["TableNumber"]?.integer == 901)
            let order = TestRequest.post("CreateOrder", Bodies.coffees(table: 901))
            #expect(try await register.send(order).opened?["IsSuccessStatusCode"] == .bool(true))
            let bill = try await register.send(.get("GetBill?tableNumber=901")).opened
            #expect(bill?["BillTotal"]?["Payment"] == .number("5.00"))
            let payment = TestRequest.post("PayBill", Bodies.payment("5.00", table: 901))
            #expect(try await register.send(payment).opened?["IsSuccessStatusCode"] == .bool(true))
            #expect(await register.openBills.isEmpty)
            #expect(await register.history.map(\.closed) == [.paid])
            #expect(await register.violations.isEmpty)
            #expect(await register.requests(endpoint: "CreateOrder").first?.body?["TableNumber"]?.integer == 901)
        }
    }

    @Test func withoutPowerConnectingIsRefusedAndThePortComesBack() async throws {
        try await withRegister { register in
            try await register.waiterAdds(table: 1)
            try await register.setPower(on: false)
            try await register.setPower(on: false)
            #expect(try await register.send(.get("test")).ending == .refused)
            try await register.setPower(on: true)
            #expect(try await register.send(.get("test")).status == 200)
            #expect(await register.bill(table: 1) != nil)
        }
    }

    @Test func oneConnectionServesOneRequestAfterAnother() async throws {
        try await withRegister { register in
            let requests = (0..<3).map { _ in TestRequest.get("test").bytes(keepAlive: true) }
            let answers = try await RawClient.converse(requests, with: register.baseURL)
            #expect(answers.map(\.status) == [200, 200, 200])
            #expect(await register.violations.isEmpty)
        }
    }

    @Test func whoeverPipelinesIsCutOff() async throws {
        try await withRegister { register async throws in
            await register.add(RegisterFault(.neverAnswer, on: "test"))
            let both = TestRequest.get("test").bytes(keepAlive: true) + TestRequest.get("test").bytes(keepAlive: true)
            #expect(try await RawClient.send(both, to: register.baseURL).bytes.isEmpty)
            #expect(await register.requests.count <= 1)
        }
    }

    @Test func aRegisterThatForgetsKeepsItsLedger() async throws {
        try await withRegister { register in
            _ = try await register.send(.post("CreateOrder", Bodies.coffees()))
            await register.forget()
            #expect(await register.bill(table: 12) == nil)
            #expect(await register.history.map(\.closed) == [.forgotten])
            #expect(await register.ledger.count == 1)
        }
    }

    @Test func waitingEndsWithTheSignalOrWithTheTime() async throws {
        try await withRegister { register in
            async let effects = register.waitFor(effect: .waiterAdded, count: 2)
            try await register.waiterAdds(table: 1)
            try await register.waiterAdds(table: 2)
            #expect(try await effects.map(\.table) == [1, 2])
            await #expect(throws: SignalTimeout.self) {
                try await register.waitFor(effect: .billPaid, timeout: .milliseconds(1))
            }
            await #expect(throws: SignalTimeout.self) {
                try await register.waitForRequest(endpoint: "PayBill", timeout: .milliseconds(1))
            }
        }
    }

    @Test func aBadTokenZoneOrPortKeepsTheRegisterFromStarting() async throws {
        var short = SimulatorConfiguration.test
        short.encryptionToken = "abc"
        await #expect(throws: ConfigurationError.self) { try await RegisterSimulator.start(short) }
        var nowhere = SimulatorConfiguration.test
        nowhere.timeZone = "Europe/Nowhere"
        await #expect(throws: ConfigurationError.self) { try await RegisterSimulator.start(nowhere) }
        var high = SimulatorConfiguration.test
        high.port = 99_999
        await #expect(throws: ConfigurationError.self) { try await RegisterSimulator.start(high) }
    }
}

@Suite struct ControlAPITests {
    @Test func waitersSettingsProductsAndBillsAreReached() async throws {
        try await withRegister { register in
            #expect(
                try await register.control("POST", "/waiter/5/lines", #"{"articleId":103,"quantity":2}"#).status == 200
            )
            #expect(try await register.control("GET", "/bills/5").plain?["paymentCents"] == .number("2800"))
            #expect(try await register.control("POST", "/waiter/5/move", #"{"to":6}"#).status == 200)
            #expect(try await register.control("GET", "/bills/5").status == 404)
            #expect(try await register.control("POST", "/waiter/6/pay").status == 200)
            #expect(try await register.control("POST", "/waiter/6/pay").status == 409)
            #expect(
                try await register.control("GET", "/ledger?effect=waiter_paid").plain?[0]?["amountCents"]
                    == .number("2800")
            )

            let settings = #"{"tips":true,"billOff":true,"billOffMessage":"Closed"}"#
            #expect(try await register.control("PUT", "/settings", settings).status == 200)
            let bill = try await register.send(.get("GetBill?tableNumber=1")).opened
            #expect(bill?["ErrorMessage"]?.text == "Closed")
            #expect(try await register.send(.get("test")).opened?["tipCalculatorActivated"] == .bool(true))

            let products = #"{"products":[{"id":1,"name":"Beer","priceCents":300,"stock":4}]}"#
            #expect(try await register.control("PUT", "/products", products).status == 200)
            let state = try await register.control("GET", "/state").plain
            #expect(state?["catalog"]?["products"]?[0]?["name"] == .string("Beer"))
            #expect(state?["freeTable"] == .number("901"))
            #expect(state?["history"]?.elements.count == 2)
            #expect(try await register.control("POST", "/forget").status == 200)
        }
    }

    @Test func faultsAndPowerAreScripted() async throws {
        try await withRegister { register async throws in
            let faults = #"[{"endpoint":"test","kind":"status","status":503},{"endpoint":"*","kind":"huge","times":3}]"#
            #expect(try await register.control("POST", "/faults", faults).status == 200)
            #expect(try await register.send(.get("test")).status == 503)
            #expect(try await register.control("GET", "/faults").plain?.elements.count == 1)
            #expect(try await register.control("DELETE", "/faults").status == 200)
            #expect(try await register.send(.get("test")).status == 200)
            #expect(try await register.control("POST", "/power", #"{"on":false}"#).status == 200)
            #expect(try await register.send(.get("test")).ending == .refused)
            #expect(try await register.control("POST", "/power", #"{"on":true}"#).status == 200)
            #expect(try await register.send(.get("test")).status == 200)
        }
    }

    @Test func requestsCanBeWaitedFor() async throws {
        try await withRegister { register in
            async let waited = register.control("GET", "/requests?endpoint=CreateOrder&count=1&waitMs=5000")
            _ = try await register.send(.post("CreateOrder", Bodies.coffees()))
            let request = try await waited.plain?[0]
            #expect(request?["body"]?["Items"]?[0]?["UnitPrice"] == .number("2.5"))
            let none = try await register.control("GET", "/requests?endpoint=PayBill&count=1&waitMs=1")
            #expect(none.plain == .array([]))
            #expect(try await register.control("GET", "/violations").plain == .array([]))
        }
    }

    @Test func nonsenseIsAnsweredAsSuch() async throws {
        try await withRegister { register async throws in
            #expect(try await register.control("POST", "/faults", #"{"endpoint":"test","kind":"magic"}"#).status == 400)
            #expect(try await register.control("GET", "/nothing").status == 404)
        }
    }
}
