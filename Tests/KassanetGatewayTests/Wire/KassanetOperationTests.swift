import Foundation
import Secrets
import Testing

@testable import KassanetGateway

@Suite("Operations of a register", .timeLimit(.minutes(5)))
struct KassanetOperationTests {
    private func harness(_ body: String, _ check: (KassanetHarness, RegisterStub) async throws -> Void) async throws {
        let stub = try RegisterStub(.answer(200, body))
        defer { stub.stop() }
        try await check(try KassanetHarness(stub.url), stub)
    }

    @Test func testTellsAboutTipsAndTheSystem() async throws {
        let body =
            #"{" IsSuccessStatusCode":"true","tipCalculatorActivated":"true","SystemName":"HV","SystemVersion":7.1}"#
        try await harness(body) { harness, stub in
            let answer = try await harness.client.testRegister(harness.connection)
            #expect(answer.value == KassanetSystem(tipCalculatorActivated: true, name: "HV", version: "7.1"))
            #expect(stub.received[0].target == "/test")
            #expect(stub.received[0].headers["date"] == "2025-01-02T03:04:05")
            #expect(stub.received[0].headers["content-type"] == "application/json")
        }
    }

    @Test(
        arguments: [
            (#"{"TableNumber":901}"#, 901), (#"{"TableNumber":"901"}"#, 901), (#"{"TableNumber":"false"}"#, nil),
            (#"{"TableNumber":false}"#, nil),
        ] as [(String, Int?)]
    )
    func freeTableIsANumberOrNone(_ body: String, _ expected: Int?) async throws {
        try await harness(body) { harness, _ in
            let answer = try await harness.client.freeTableNumber(harness.connection)
            #expect(answer.value == expected)
        }
    }

    @Test(arguments: ["{}", #"{"TableNumber":0}"#, #"{"TableNumber":"soon"}"#])
    func freeTableThatCannotBeReadIsNotNone(_ body: String) async throws {
        try await harness(body) { harness, _ in
            let error = await #expect(throws: KassanetError.self) {
                try await harness.client.freeTableNumber(harness.connection)
            }
            #expect(error?.cause == .incomplete(field: "TableNumber"))
        }
    }

    @Test func malformedTableIsSkippedAndReported() async throws {
        let body = #"{"TableNumbers":[{"TableNumber":1,"Name":"Table 1"},{"Name":"?"},"3",4,{"TableNumber":"5"},null]}"#
        try await harness(body) { harness, _ in
            let answer = try await harness.client.tableNumbers(harness.connection)
            #expect(answer.value.map(\.number) == [1, 3, 4, 5])
            #expect(answer.value[0].name == "Table 1")
            #expect(answer.remarks.count == 2)
            #expect(answer.remarks[0] == "TableNumbers[1] was skipped: TableNumber is missing or malformed")
        }
    }

    @Test func webshopPaymentTypeIsFoundWithoutRegardToCase() async throws {
        let body = #"{"Payments":[{"Number":1,"Name":"Cash"},{"Number":"9","Name":"WebShop "},{"Name":"x"}]}"#
        try await harness(body) { harness, _ in
            let types = try await harness.client.paymentTypes(harness.connection).value
            #expect(types.webshop(named: "webshop")?.number == 9)
            #expect(types.webshop(named: "voucher") == nil)
        }
    }

    // MARK: - Bills

    @Test func billIsReadWithItsVariantsAndDeposits() async throws {
        let body = """
            {"TableNumber":"12","TableText":"Kiosk #7","BillTotal":{"Payment":12.505},"Items":[
              {"ArticleId":"101","Text":"Coffee","Quantity":"2","UnitPrice":"3.50","Variants":[
                {"ArticleId":901,"Text":"Oat milk","Quantity":1,"UnitPrice":0.5}]},
              {"ArticleId":102,"Quantity":-1,"UnitPrice":1},{"Text":"torn"}],
             "Deposits":[{"Amount":5.00,"PaymentNumber":9},{"Amount":"x"}]}
            """
        try await harness(body) { harness, stub in
            let answer = try await harness.client.readBill(harness.connection, table: 12)
            let bill = try #require(answer.value)
            #expect(bill.totalCents == 1251)
            #expect(bill.text == "Kiosk #7")
            #expect(bill.lines.map(\.articleId) == [101, 102])
            #expect(bill.lines[0].unitPriceCents == 350)
            #expect(bill.lines[0].variants.map(\.unitPriceCents) == [50])
            #expect(bill.lines[1].quantity == -1)
            #expect(bill.deposits == [KassanetDeposit(amountCents: 500, paymentNumber: 9)])
            #expect(answer.remarks.count == 3)
            #expect(stub.received[0].target == "/GetBill?tableNumber=12")
        }
    }

    @Test(arguments: [
        (#"{"BillTotal":{"Payment":0},"Items":[]}"#, false), (#"{"BillTotal":{"Payment":"0.00"}}"#, false),
        (#"{"BillTotal":{"Payment":0},"Items":[{"Text":"torn"}]}"#, true),
        (#"{"BillTotal":{"Payment":0.01},"Items":[]}"#, true), (#"{"BillTotal":{"Payment":-1}}"#, true),
        (#"{"IsSuccessStatusCode":false,"ErrorMessage":"There is NO OPEN BILL here"}"#, false),
    ])
    func billExistsWhenItemsOrATotalDo(_ body: String, _ exists: Bool) async throws {
        try await harness(body) { plain, _ in
            var harness = plain
            harness.connection.noBillMessages = ["", "no open bill"]
            let answer = try await harness.client.readBill(harness.connection, table: 1)
            #expect((answer.value != nil) == exists)
        }
    }

    @Test(arguments: [
        #"{"IsSuccessStatusCode":false,"ErrorMessage":"Table is locked"}"#, #"{"IsSuccessStatusCode":false}"#, "{}",
        #"{"BillTotal":{}}"#, #"{"BillTotal":{"Payment":"much"}}"#, #"{"TableNumber":2,"BillTotal":{"Payment":1}}"#,
    ])
    func anyOtherAnswerDecidesNothing(_ body: String) async throws {
        try await harness(body) { plain, _ in
            var harness = plain
            harness.connection.noBillMessages = ["no open bill"]
            await #expect(throws: KassanetError.self) {
                try await harness.client.readBill(harness.connection, table: 1)
            }
        }
    }

    // MARK: - Writes

    @Test func orderIsWrittenWithItsVariantsInside() async throws {
        try await harness("{}") { harness, stub in
            let milk = KassanetOrderItem(articleId: 901, text: "Oat milk", quantity: 1, unitPriceCents: 50)
            let order = KassanetOrder(
                tableNumber: 12,
                tableText: "Kiosk #7 é",
                orderInfoText: nil,
                pickupTime: "18:30",
                items: [
                    KassanetOrderItem(
                        articleId: 101,
                        text: "Coffee",
                        quantity: 2,
                        unitPriceCents: 350,
                        infoText: "hot",
                        variants: [milk]
                    )
                ]
            )
            _ = try await harness.client.createOrder(harness.connection, order)
            let expected =
                #"{"TableNumber":12,"TableText":"Kiosk #7 \u00e9","PickupTime":"18:30","Items":[{"ArticleId":101,"#
                + #""Text":"Coffee","Quantity":2,"UnitPrice":3.50,"InfoText":"hot","Variants":[{"ArticleId":901,"#
                + #""Text":"Oat milk","Quantity":1,"UnitPrice":0.50}]}]}"#
            #expect(String(decoding: stub.received[0].body, as: UTF8.self) == expected)
            #expect(stub.received[0].target == "/CreateOrder")
        }
    }

    @Test func paymentNamesOneTypeAndLeavesOutNoTip() async throws {
        try await harness("{}") { harness, stub in
            let webshop = KassanetPaymentType(number: 9, name: "Webshop")
            var payment = KassanetPayment(tableNumber: 12, billInfoText: "#7", paymentType: webshop, amountCents: 1250)
            _ = try await harness.client.payBill(harness.connection, payment)
            payment.tipCents = 100
            _ = try await harness.client.postDeposit(harness.connection, payment)
            let body =
                ##"{"TableNumber":12,"BillInfoText":"#7","Payments":[{"Number":9,"Name":"Webshop","Amount":12.50}]"##
            #expect(String(decoding: stub.received[0].body, as: UTF8.self) == body + "}")
            #expect(String(decoding: stub.received[1].body, as: UTF8.self) == body + #","TipAmount":1.00}"#)
            #expect(stub.received.map(\.target) == ["/PayBill", "/PostDeposit"])
        }
    }

    @Test(arguments: WireSettings.Padding.allCases, WireSettings.SignatureEncoding.allCases)
    func encryptedCallCarriesASignatureOverWhatIsSent(
        _ padding: WireSettings.Padding,
        _ encoding: WireSettings.SignatureEncoding
    ) async throws {
        let envelope = WireEnvelope(cipher: WireCipher(token: Secret("demo-token-12"), padding: padding))
        let answer = String(decoding: envelope.seal(.members(("IsSuccessStatusCode", .bool(true)))), as: UTF8.self)
        try await harness(answer) { plain, stub in
            var harness = plain
            harness.connection.baseURL += "/"
            harness.connection.wire = WireSettings(padding: padding, signatureEncoding: encoding, timeZone: .gmt)
            _ = try await harness.client.createOrder(harness.connection, KassanetHarness.order)
            let received = stub.received[0]
            #expect(received.target == "/SEC1/CreateOrder")
            #expect(try envelope.open(received.body) == KassanetHarness.order.body)
            let key = harness.connection.signatureKey
            let date = try #require(received.headers["date"])
            let expected = WireSignature.text(date: date, body: received.body, key: key, encoding: encoding)
            #expect(received.headers["signature"] == expected)
        }
    }
}
