import Testing

@testable import KassanetSimulator

@Suite struct AnswerTests {
    private var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())

    @Test func theTestNamesTheTipCalculator() {
        #expect(
            state.testAnswer.ascii
                == #"{"IsSuccessStatusCode":true,"tipCalculatorActivated":false,"SystemName":"Kassanet Simulator","SystemVersion":"1.0"}"#
        )
    }

    @Test func productsShowTheirModifiersAndModifiersAreNoProducts() throws {
        let products = try #require(state.allProductsAnswer["AllProducts"]).elements
        #expect(products.compactMap { $0["Id"]?.integer } == [101, 102, 103, 104, 105, 106, 107])
        #expect(
            products.first?.ascii
                == #"{"Id":101,"Name":"Coffee","Price":2.50,"KitchenName":"COF","CategoryId":3,"VatPercentage":21,"SortOrder":1,"#
                + #""ModifierGroups":[{"Id":7,"Name":"Milk","Min":0,"Max":1,"Modifiers":[{"Id":901,"Name":"Oat milk","Price":0.50}]}]}"#
        )
        #expect(state.allProductsAnswer["Categories"]?[2]?["ParentId"] == .number("1"))
        #expect(state.selectionsAnswer["ProductSelections"]?[0]?["Products"]?[0] == ["Id": .number("101")])
    }

    @Test func aThresholdLimitsTheCountdown() {
        #expect(
            state.countdownAnswer(threshold: nil).ascii
                == #"{"CountdownPlus":[{"Id":105,"Name":"Soup of the day","Stock":12}]}"#
        )
        #expect(state.countdownAnswer(threshold: 12)["CountdownPlus"]?.elements.count == 1)
        #expect(state.countdownAnswer(threshold: 11)["CountdownPlus"]?.elements.isEmpty == true)
    }

    @Test mutating func aBillShowsItsLinesTextTotalAndDeposits() throws {
        _ = try state.create(
            try SentOrder(try WireParser.parse(Array(Bodies.coffees().utf8))),
            requestID: "a"
        )
        let sent = try WireParser.parse(Array(Bodies.payment("1.50").utf8))
        _ = try state.deposit(try SentPayment(sent, "PostDeposit", tip: false), requestID: "b")
        #expect(
            try state.billAnswer(table: 12).ascii
                == #"{"TableNumber":12,"TableText":"Kiosk #7","BillTotal":{"Payment":3.50},"Items":[{"ArticleId":101,"Text":"Coffee","#
                + #""Quantity":2,"UnitPrice":2.50,"Variants":[]}],"Deposits":[{"Amount":1.50,"PaymentNumber":9}]}"#
        )
    }

    @Test mutating func aTableWithoutABillIsEmptyOrRefused() throws {
        let empty = try state.billAnswer(table: 3)
        #expect(empty["BillTotal"]?["Payment"] == .number("0.00"))
        #expect(empty["Items"] == .array([]))
        state.settings.noBillRefused = true
        #expect(throws: Refusal("No open bill")) { try state.billAnswer(table: 3) }
        state.settings.billOff = true
        #expect(throws: Refusal("Bills are not available")) { try state.billAnswer(table: 3) }
    }

    @Test func tablesAreThePhysicalOnes() {
        #expect(state.tablesAnswer["TableNumbers"]?.elements.count == 40)
        #expect(state.tablesAnswer["TableNumbers"]?[0]?.ascii == #"{"TableNumber":1,"Name":"Table 1"}"#)
        #expect(state.paymentTypesAnswer.ascii.contains(#"{"Number":9,"Name":"Webshop"}"#))
    }
}
