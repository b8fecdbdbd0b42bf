import Testing

@testable import KassanetSimulator

@Suite struct ShapeTests {
    private func isRefused(_ endpoint: String, _ json: String) throws -> Bool {
        try SimulatorConfiguration.test.inspection(of: .post(endpoint, json)).brokenRule == .shape
    }

    private func order(_ item: String) -> String {
        #"{"TableNumber":12,"TableText":"Kiosk #7","Items":[\#(item)]}"#
    }

    private static let item = #"{"ArticleId":101,"Text":"Coffee","Quantity":2,"UnitPrice":2.5}"#

    @Test func anOrderWithEveryFieldIsRead() throws {
        let json = """
            {"TableNumber":12,"TableText":"Web #8","OrderInfoText":"No bell","PickupTime":"18:30","Items":[\
            {"ArticleId":103,"Text":"Burger","Quantity":2,"UnitPrice":14,"InfoText":"rare","Variants":[\
            {"ArticleId":902,"Text":"Cr\\u00e8me","Quantity":1,"UnitPrice":1.5}]}]}
            """
        let body = try WireParser.parse(Array(json.utf8))
        let order = try SentOrder(body)
        #expect(order.pickupTime == "18:30")
        #expect(order.items.first?.variants.first?.text == "Crème")
        #expect(order.items.first?.totalCents == 3100)
    }

    @Test(arguments: [
        item.replacing("101", with: "\"101\""), item.replacing("101", with: "101.0"), item.replacing("101", with: "0"),
        item.replacing("\"Quantity\":2", with: "\"Quantity\":0"),
        item.replacing("\"Quantity\":2", with: "\"Quantity\":1000"),
        item.replacing("\"Quantity\":2", with: "\"Quantity\":2.0"),
        item.replacing("\"Quantity\":2", with: "\"Quantity\":\"2\""),
        item.replacing(",\"Quantity\":2", with: ""), item.replacing("2.5}", with: "2.505}"),
        item.replacing("2.5}", with: "\"2.50\"}"), item.replacing("2.5}", with: "-2.5}"),
        item.replacing("2.5}", with: "25e-1}"), item.replacing(",\"UnitPrice\":2.5", with: ""),
        item.replacing("\"Coffee\"", with: "null"), item.replacing("\"Text\":\"Coffee\",", with: ""),
        item.replacing("}", with: ",\"Price\":1}"), item.replacing("}", with: ",\"Variants\":null}"),
        item.replacing("}", with: ",\"InfoText\":null}"), item.replacing("ArticleId", with: "articleId"), "7",
    ])
    func anItemOfAnotherShapeIsRefused(item: String) throws {
        #expect(try isRefused("CreateOrder", order(item)))
    }

    @Test(arguments: [
        #"{"TableNumber":12,"TableText":"x","Items":[]}"#, #"{"TableNumber":"12","TableText":"x","Items":[\#(item)]}"#,
        #"{"TableNumber":12,"Items":[\#(item)]}"#, #"{"TableNumber":12,"TableText":"x"}"#,
        #"{"TableNumber":12,"TableText":"x","Items":[\#(item)],"Waiter":1}"#,
        #"{"TableNumber":12,"TableText":"x","PickupTime":"24:00","Items":[\#(item)]}"#,
        #"{"TableNumber":12,"TableText":"x","PickupTime":"6:30","Items":[\#(item)]}"#,
    ])
    func anOrderOfAnotherShapeIsRefused(json: String) throws {
        #expect(try isRefused("CreateOrder", json))
    }

    @Test func variantsDeeperThanARegisterPrintsAreRefused() throws {
        var item = Self.item
        for _ in 0..<4 { item = Self.item.replacing("}", with: ",\"Variants\":[\(item)]}") }
        #expect(try isRefused("CreateOrder", order(item)))
    }

    @Test(arguments: [
        Bodies.payment("5.00").replacing("[{", with: "[").replacing("}]", with: "]"),
        Bodies.payment("5.00").replacing("}]", with: "},{\"Number\":1,\"Name\":\"Cash\",\"Amount\":1}]"),
        Bodies.payment("5.001"), Bodies.payment("\"5.00\""), Bodies.payment("-5"),
        Bodies.payment("5.00", tip: "0.00"), Bodies.payment("5.00", tip: "null"),
        Bodies.payment("5.00").replacing("\"BillInfoText\":\"Kiosk #7\",", with: ""),
        Bodies.payment("5.00").replacing("\"Number\":9", with: "\"Number\":\"9\""),
        Bodies.payment("5.00").replacing("\"Name\":\"Webshop\",", with: ""),
        #"{"TableNumber":12,"BillInfoText":"","Payments":[]}"#,
    ])
    func aPaymentOfAnotherShapeIsRefused(json: String) throws {
        let rule = try SimulatorConfiguration.test.inspection(of: .post("PayBill", json)).brokenRule
        #expect(rule == .shape || rule == .json)
    }

    @Test func aDepositHasNoTip() throws {
        #expect(try isRefused("PostDeposit", Bodies.payment("5.00", tip: "1.00")))
    }
}
