import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

@Suite("The gateway before a register", .timeLimit(.minutes(5)), .serialized)
struct PosGatewayServiceTests {
    @Test("A paid order is placed, read and settled, each a step of its own (K30)")
    func orderIsPlacedReadAndSettled() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let order = PosOrder.sample(guest: Guest(name: "Zoë Maes"))
            let free = try await bed.service.askFreeTable(Place.first.itself, bed.context())
            #expect(free.tableNumber == 901)
            let baseline = try await bed.service.readBill(Place.first.bill(), bed.context()).bill
            #expect(!baseline.isOpen)
            let placed = try await bed.service.placeOrder(Place.first.place(order), bed.context())
            #expect(placed.outcome.knownValue == .done)
            var read = Place.first.bill()
            read.comparedWith = BillComparison(order: order, baseline: baseline)
            let answer = try await bed.service.readBill(read, bed.context())
            let growth = try #require(answer.growth)
            #expect(growth.hasMark)
            #expect(growth.isOursAlone)
            #expect(growth.ours.knownValue == .once)
            #expect(growth.growthCents == 500)
            let paid = try await bed.service.settleBill(Place.first.pay(answer.bill.openCents), bed.context())
            #expect(paid.outcome.knownValue == .done)
            #expect(try await !bed.service.readBill(Place.first.bill(), bed.context()).bill.isOpen)
            let writes = await bed.register.requests.filter { $0.method == "POST" }
            #expect(writes.map(\.endpoint) == ["CreateOrder", "PayBill"])
            #expect(await bed.register.history.map(\.closed) == [.paid])
            #expect(try await bed.log().map(\.type) == ["success", "success"])
        }
    }

    @Test("What reaches the register is the order as K31 writes it")
    func registerSeesTheOrder() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.feePlu = 106 }
            var order = PosOrder.sample(
                serviceType: .pickup,
                guest: Guest(name: "Zoë", phone: "+32 470 11 22 33"),
                fees: [OrderAdjustment(name: "Service", amountCents: 100)]
            )
            order.pickupAt = instant("2026-03-10T17:30:00Z")
            _ = try await bed.service.placeOrder(Place.first.place(order), bed.context())
            let body = try #require(await bed.register.requests(endpoint: "CreateOrder").first?.bodyText)
            #expect(body.contains(#""TableText":"Kiosk #1042 u7f3k9 | Zo\u00eb | +32 470 11 22 33""#))
            #expect(body.contains(#""PickupTime":"18:30""#))
            let bill = try #require(await bed.register.bill(table: 901))
            #expect(bill.lines.map(\.articleId) == [101, 106])
            #expect(bill.paymentCents == order.totalCents)
        }
    }

    @Test("Every request to the register carries a request id of its own (K8)")
    func requestIDsDiffer() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            for _ in 0..<3 { _ = try await bed.service.placeOrder(Place.first.place(), bed.context()) }
            await bed.register.add(.init(.status, on: "*", times: 3))
            _ = try await bed.service.askFreeTable(Place.first.itself, bed.context())
            let ids = await bed.register.requests.compactMap(\.requestId)
            #expect(ids.count == 7)
            #expect(Set(ids).count == 7)
        }
    }

    @Test("A register that resets a connection it answered on before never sees a request id twice (K8)")
    func resetConnectionRepeatsNoID() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            _ = try await bed.service.askFreeTable(Place.first.itself, bed.context())
            await bed.register.add(.init(.resetBeforeEffect, on: "GetFreeTableNumber", times: 2))
            _ = try await bed.service.askFreeTable(Place.first.itself, bed.context())
            let ids = await bed.register.requests.compactMap(\.requestId)
            #expect(ids.count == 4)
            #expect(Set(ids).count == 4)
            #expect(await bed.register.violations.isEmpty)
        }
    }

    @Test("The trace and request id of the call reach the register")
    func traceReachesTheRegister() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let context = bed.context()
            _ = try await bed.service.askFreeTable(Place.first.itself, context)
            let request = try #require(await bed.register.requests.first)
            let headers = Dictionary(request.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
            #expect(headers["x-request-id"] == "test-request")
            #expect(headers["traceparent"]?.contains(context.trace.traceID) == true)
        }
    }

    // MARK: - Down and up again

    @Test("A register that is off: nothing was sent, the location is disconnected (K7, K32)")
    func registerIsOff() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.register.setPower(on: false)
            let report = try await bed.service.placeOrder(Place.first.place(), bed.context())
            #expect(report.outcome.knownValue == .notSent)
            #expect(report.reason == "register_unreachable")
            #expect(report.explanation?.contains("switched on") == true)
            #expect(try await bed.connection().status == .disconnected)
            let feed = try await bed.connections.changes(since: 0, limit: 9, visibleTo: .all)
            #expect(feed.map(\.status.knownValue) == [.disconnected])
        }
    }

    @Test(
        "Nothing but a test is tried against a register known to be down or wrong; a test restores it (K4, K7)",
        arguments: [ConnectionStatus.disconnected, .misconfigured]
    )
    func onlyATestIsTried(_ status: ConnectionStatus) async throws {
        try await GatewayBed.with { bed in
            let before = try await bed.connect()
            try await bed.connections.recordFailure(before, status, message: "Off since noon.")
            let expected = status == .disconnected ? "register_unreachable" : "register_misconfigured"
            for write in [
                { try await bed.service.placeOrder(Place.first.place(), bed.context()) },
                { try await bed.service.settleBill(Place.first.pay(500), bed.context()) },
                { try await bed.service.postDeposit(Place.first.pay(500), bed.context()) },
            ] as [() async throws -> AttemptReport] {
                let report = try await write()
                #expect(report.outcome.knownValue == .notSent)
                #expect(report.reason == expected)
                #expect(report.explanation == "Off since noon.")
            }
            for read in [
                { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) },
                { _ = try await bed.service.askFreeTable(Place.first.itself, bed.context()) },
                { _ = try await bed.service.listTables(Place.first.itself, bed.context()) },
                { _ = try await bed.service.checkPlacement(Place.first.check(UUID()), bed.context()) },
            ] as [() async throws -> Void] {
                let error = await rpcError(read)
                #expect(error?.reason == expected)
                #expect(error?.message == "Off since noon.")
            }
            #expect(await bed.register.requests.isEmpty)

            let tested = try await bed.service.testConnection(Place.first.itself, bed.context())
            #expect(tested.status.knownValue == .connected)
            #expect(await bed.register.requests.map(\.endpoint) == ["test", "GetPaymentTypes"])
            let after = try await bed.connection()
            #expect(after.status == .connected)
            #expect(after.epoch == before.epoch + 1)
            let report = try await bed.service.placeOrder(Place.first.place(), bed.context())
            #expect(report.outcome.knownValue == .done)
        }
    }

    @Test("A failure that was under way while a test succeeded does not disconnect the location (K7)")
    func lateFailureDoesNotDisconnect() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 60_000))
            let limited = try await GatewayBed.secondReplica(of: bed, total: .seconds(2))
            let call = Task { try await limited.placeOrder(Place.first.place(), bed.context()) }
            try await bed.register.waitForRequest(endpoint: "CreateOrder")
            let tested = try await bed.service.testConnection(Place.first.itself, bed.context())
            #expect(tested.status.knownValue == .connected)
            #expect(try await call.value.outcome.knownValue == .noAnswer)
            #expect(try await bed.connection().status == .connected)
        }
    }

    @Test("A test that was given up says nothing of the register (K7)")
    func cancelledTestIsNoFailure() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.neverAnswer, on: "test"))
            let call = Task { try await bed.service.testConnection(Place.first.itself, bed.context()) }
            try await bed.register.waitForRequest(endpoint: "test")
            call.cancel()
            await #expect(throws: (any Error).self) { try await call.value }
            #expect(try await bed.connection().status == .connected)
        }
    }

    // MARK: - Money

    @Test(
        "A tip goes with PayBill alone, and only where the register has the tip calculator (K35)",
        arguments: [true, false]
    )
    func tipsGoWithPayBill(_ tips: Bool) async throws {
        try await GatewayBed.with(configure: { $0.settings.tips = tips }) { bed in
            try await bed.connect(tips: tips)
            try await bed.register.waiterAdds(table: 901, articleID: 101, quantity: 2)
            let deposit = try await bed.service.postDeposit(Place.first.pay(200, tip: 50), bed.context())
            #expect(deposit.outcome.knownValue == .done)
            let paid = try await bed.service.settleBill(Place.first.pay(300, tip: 50), bed.context())
            #expect(paid.outcome.knownValue == .done)
            let bodies = await bed.register.requests.compactMap(\.bodyText)
            #expect(bodies.map { $0.contains("TipAmount") } == [false, tips])
            #expect(await bed.register.ledger.filter { $0.effect == .billPaid }.map(\.tipCents) == [tips ? 50 : 0])
        }
    }

    @Test("PayBill names the webshop payment type; one that no test saw is asked for (K30)")
    func paymentTypeIsAskedFor() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect(paymentType: nil)
            try await bed.register.waiterAdds(table: 901, articleID: 101, quantity: 2)
            for cents in [100, 400] {
                let send = cents == 100 ? bed.service.postDeposit : bed.service.settleBill
                let report = try await send(Place.first.pay(cents), bed.context())
                #expect(report.outcome.knownValue == .done)
            }
            let endpoints = await bed.register.requests.map(\.endpoint)
            #expect(endpoints == ["GetPaymentTypes", "PostDeposit", "PayBill"])
            #expect(await bed.register.history.first?.deposits.map(\.paymentNumber) == [9])
        }
    }

    @Test("Without the payment type nothing is paid, and the order is placed all the same (K4)")
    func missingPaymentTypeStopsPaymentOnly() async throws {
        try await GatewayBed.with(configure: { $0.settings.paymentTypes = [.init(number: 1, name: "Cash")] }) { bed in
            try await bed.connect(paymentType: nil)
            let placed = try await bed.service.placeOrder(Place.first.place(), bed.context())
            #expect(placed.outcome.knownValue == .done)
            let paid = try await bed.service.settleBill(Place.first.pay(500), bed.context())
            #expect(paid.outcome.knownValue == .notSent)
            #expect(paid.reason == "payment_type_missing")
            #expect(paid.explanation?.contains("webshop") == true)
            #expect(await bed.register.requests(endpoint: "PayBill").isEmpty)
        }
    }

    @Test("A register with prices of its own: the growth shows the difference per line (K33)")
    func differenceIsShown() async throws {
        try await GatewayBed.with(configure: { $0.settings.ownPrices = true }) { bed in
            try await bed.connect()
            var coffee = OrderItem.coffee(2)
            coffee.unitPriceCents = 200
            let order = PosOrder.sample(items: [coffee])
            _ = try await bed.service.placeOrder(Place.first.place(order), bed.context())
            var read = Place.first.bill()
            read.comparedWith = BillComparison(order: order, baseline: Bill(tableNumber: 901))
            let growth = try #require(try await bed.service.readBill(read, bed.context()).growth)
            #expect(growth.growthCents == 500)
            #expect(growth.differences.map(\.plu) == ["101"])
            #expect(growth.differences.map(\.expectedCents) == [400])
            #expect(growth.differences.map(\.foundCents) == [500])
        }
    }

    // MARK: - Checks

    @Test("A lost CreateOrder is found again when the register is read (K30)", arguments: [true, false])
    func lostOrderIsFound(_ happens: Bool) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.settleDelayMs = 0 }
            await bed.register.add(.init(happens ? .effectThenReset : .resetBeforeEffect, on: "CreateOrder"))
            let request = Place.first.place()
            let report = try await bed.service.placeOrder(request, bed.context())
            #expect(report.outcome.knownValue == .noAnswer)
            let check = Place.first.check(request.attemptId)
            let first = try await bed.service.checkPlacement(check, bed.context())
            #expect(first.finding.knownValue == (happens ? .done : .unknown))
            #expect((first.checkAgainInMs == nil) == happens)
            let settled = try await firstValue {
                let found = try await bed.service.checkPlacement(check, bed.context())
                return found.finding.knownValue == .unknown ? nil : found
            }
            #expect(settled?.finding.knownValue == (happens ? .done : .absent))
        }
    }

    @Test("A slow read is as old as its question: it does not shorten the settle delay (K30)")
    func slowReadProvesNothingYet() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.settleDelayMs = 7_000 }
            await bed.register.add(.init(.resetBeforeEffect, on: "CreateOrder"))
            let request = Place.first.place()
            _ = try await bed.service.placeOrder(request, bed.context())
            _ = try await bed.service.testConnection(Place.first.itself, bed.context())
            let check = Place.first.check(request.attemptId)
            _ = try await bed.service.checkPlacement(check, bed.context())
            await bed.register.add(.init(.slow, on: "GetBill", delayMs: 7_100))
            let second = try await bed.service.checkPlacement(check, bed.context())
            #expect(second.finding.knownValue == .unknown)
            #expect(second.checkAgainInMs != nil)
        }
    }

    @Test("A lost PayBill is found again when the register is read (K30)", arguments: [true, false])
    func lostPaymentIsFound(_ happens: Bool) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.settleDelayMs = 0 }
            _ = try await bed.service.placeOrder(Place.first.place(), bed.context())
            let before = try await bed.service.readBill(Place.first.bill(), bed.context()).bill
            await bed.register.add(.init(happens ? .effectThenReset : .resetBeforeEffect, on: "PayBill"))
            let request = Place.first.pay(500)
            let report = try await bed.service.settleBill(request, bed.context())
            #expect(report.outcome.knownValue == .noAnswer)
            let check = CheckSettlementRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                attemptId: request.attemptId,
                tableNumber: 901,
                kind: .settle,
                amountCents: 500,
                billBefore: before
            )
            let settled = try await firstValue {
                let found = try await bed.service.checkSettlement(check, bed.context())
                return found.finding.knownValue == .unknown ? nil : found
            }
            #expect(settled?.finding.knownValue == (happens ? .done : .absent))
        }
    }

    // MARK: - Tables and feed

    @Test("Tables are listed with names; a register without a free one names none (K37)")
    func tablesAreListed() async throws {
        try await GatewayBed.with(
            configure: {
                $0.settings.tables = [3, 5]
                $0.settings.freeTables = []
            }
        ) { bed in
            try await bed.connect()
            let list = try await bed.service.listTables(Place.first.itself, bed.context())
            #expect(list.tables.map(\.tableNumber) == [3, 5])
            #expect(list.tables.map(\.name) == ["Table 3", "Table 5"])
            #expect(try await bed.service.askFreeTable(Place.first.itself, bed.context()).tableNumber == nil)
        }
    }

    @Test("The feed answers with the version to go on from, within its limits")
    func feedHasAVersion() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(.elsewhere)
            let all = try await bed.service.listConnections(.init(sinceVersion: 0), bed.context())
            #expect(all.version == all.connections.last?.version)
            #expect(all.connections.map(\.provider) == ["vanhoutte", "vanhoutte"])
            let own = try await bed.service.listConnections(
                .init(sinceVersion: 0),
                bed.context(.only([Place.first.merchant]))
            )
            #expect(own.connections.map(\.merchantId) == [Place.first.merchant])
            let rest = try await bed.service.listConnections(.init(sinceVersion: all.version), bed.context())
            #expect(rest.connections.isEmpty)
            #expect(rest.version == all.version)
            for limit in [0, 501] {
                let error = await rpcError {
                    _ = try await bed.service.listConnections(.init(sinceVersion: 0, limit: limit), bed.context())
                }
                #expect(error?.fields.map(\.field) == ["limit"])
            }
        }
    }

    @Test("A location without a connection is told so")
    func unknownLocationIsTold() async throws {
        try await GatewayBed.with { bed in
            let request = Place.first.place()
            let error = await rpcError { _ = try await bed.service.placeOrder(request, bed.context()) }
            #expect(error?.reason == "not_connected")
            let looked = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
            #expect(looked.outcome.knownValue == .notSent)
        }
    }

    @Test("Others write into the location's log (K11)")
    func othersRecordActivity() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let entry = RecordActivityRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                type: .success,
                message: "The menu was imported."
            )
            _ = try await bed.service.recordActivity(entry, bed.context())
            #expect(try await bed.log().map(\.message) == ["The menu was imported."])
        }
    }
}

extension GatewayBed {
    /// The service as another replica with another time limit runs it.
    static func secondReplica(of bed: GatewayBed, total: Duration) async throws -> PosGatewayService {
        let client = try client(total: total, logger: bed.logs.logger)
        let attempts = AttemptStore(pool: bed.postgres, instance: UUID())
        return PosGatewayService(
            desk: RegisterDesk(connections: bed.connections, activity: bed.activity, register: client),
            attempts: AttemptRunner(attempts: attempts, pool: bed.postgres),
            attemptStore: attempts,
            tester: ConnectionTester(connections: bed.connections, activity: bed.activity, register: client)
        )
    }
}
