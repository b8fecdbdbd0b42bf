import Testing

@testable import KassanetSimulator

@Suite struct BillTests {
    private var state = RegisterState(catalog: .brasserie, settings: RegisterSettings())

    private func order(_ json: String) throws -> SentOrder {
        try SentOrder(try WireParser.parse(Array(json.utf8)))
    }

    private func payment(_ json: String) throws -> SentPayment {
        try SentPayment(try WireParser.parse(Array(json.utf8)), "PayBill", tip: true)
    }

    private static let burgers = """
        {"TableNumber":12,"TableText":"Web #8","Items":[{"ArticleId":103,"Text":"Burger","Quantity":3,"UnitPrice":14.00,\
        "Variants":[{"ArticleId":902,"Text":"Cheese","Quantity":2,"UnitPrice":1.50,"Variants":[\
        {"ArticleId":903,"Text":"Bacon","Quantity":2,"UnitPrice":0.25}]},\
        {"ArticleId":901,"Text":"Oat","Quantity":1,"UnitPrice":0}]}]}
        """

    @Test mutating func aVariantCountsPerUnitOfItsParent() throws {
        let happening = try state.create(try order(Self.burgers), requestID: "a")
        // 3 × (14.00 + 2 × (1.50 + 2 × 0.25) + 1 × 0.00)
        #expect(happening.amountCents == 5400)
        #expect(state.open[12]?.paymentCents == 5400)
        #expect(happening.items.first?.articles == [103: 3, 902: 6, 903: 12, 901: 3])
    }

    @Test mutating func anOrderAddsToAnOpenBillAndTheNewestTextStands() throws {
        _ = try state.create(try order(Bodies.coffees(2, text: "Kiosk #7")), requestID: "a")
        _ = try state.create(try order(Bodies.coffees(1, text: "Kiosk #8")), requestID: "b")
        let bill = try #require(state.open[12])
        #expect(bill.tableText == "Kiosk #8")
        #expect(bill.lines.map(\.quantity) == [2, 1])
        #expect(bill.lines.map(\.requestId) == ["a", "b"])
        #expect(bill.paymentCents == 750)
    }

    @Test mutating func anUnknownArticleRefusesTheWholeOrder() throws {
        let json = Self.burgers.replacing("\"ArticleId\":901", with: "\"ArticleId\":999")
        let before = state
        #expect(throws: Refusal("Article 999 does not exist")) {
            try state.create(try order(json), requestID: "a")
        }
        #expect(state == before)
    }

    @Test mutating func missingStockRefusesTheWholeOrder() throws {
        let soups = Bodies.coffees(7).replacing("101", with: "105")
        _ = try state.create(try order(soups), requestID: "a")
        #expect(state.catalog.product(105)?.stock == 5)
        #expect(throws: Refusal("Only 5 left of Soup of the day")) {
            try state.create(try order(soups), requestID: "b")
        }
        #expect(state.catalog.product(105)?.stock == 5)
        #expect(state.open[12]?.lines.count == 1)
    }

    @Test mutating func aTableThatDoesNotExistIsRefused() throws {
        #expect(throws: Refusal("Table 500 does not exist")) {
            try state.create(try order(Bodies.coffees(table: 500)), requestID: "a")
        }
    }

    @Test mutating func aRegisterMayChargeItsOwnPrice() throws {
        state.settings.ownPrices = true
        let cheap = Bodies.coffees().replacing("2.50", with: "0.01")
        #expect(try state.create(try order(cheap), requestID: "a").amountCents == 500)
    }

    @Test mutating func aBillIsPaidByItsExactRestAndGone() throws {
        _ = try state.create(try order(Bodies.coffees()), requestID: "a")
        #expect(throws: Refusal.self) { try state.pay(try payment(Bodies.payment("4.99"))) }
        #expect(throws: Refusal("Tips are not activated")) {
            try state.pay(try payment(Bodies.payment("5.00", tip: "1.00")))
        }
        state.settings.tips = true
        let happening = try state.pay(try payment(Bodies.payment("5.00", tip: "1.00")))
        #expect(happening.amountCents == 500)
        #expect(happening.tipCents == 100)
        #expect(state.open.isEmpty)
        #expect(state.history.map(\.closed) == [.paid])
        #expect(throws: Refusal("No open bill on table 12")) { try state.pay(try payment(Bodies.payment("5.00"))) }
    }

    @Test mutating func aBillOfNothingIsClosedWithNothing() throws {
        _ = try state.create(try order(Bodies.coffees().replacing("2.50", with: "0")), requestID: "a")
        #expect(try state.pay(try payment(Bodies.payment("0.00"))).amountCents == 0)
        #expect(state.open.isEmpty)
    }

    @Test mutating func thePaymentTypeMustExistByNumberAndName() throws {
        _ = try state.create(try order(Bodies.coffees()), requestID: "a")
        for wrong in [("\"Number\":9", "\"Number\":8"), ("Webshop", "webshop")] {
            let json = Bodies.payment("5.00").replacing(wrong.0, with: wrong.1)
            #expect(throws: Refusal.self) { try state.pay(try payment(json)) }
            #expect(throws: Refusal.self) { try state.deposit(try payment(json), requestID: "b") }
        }
    }

    @Test mutating func depositsAreTakenFromTheRest() throws {
        _ = try state.create(try order(Bodies.coffees()), requestID: "a")
        _ = try state.deposit(try payment(Bodies.payment("1.50")), requestID: "b")
        #expect(state.open[12]?.paymentCents == 350)
        #expect(throws: Refusal.self) { try state.deposit(try payment(Bodies.payment("3.51")), requestID: "c") }
        #expect(throws: Refusal.self) { try state.pay(try payment(Bodies.payment("5.00"))) }
        _ = try state.pay(try payment(Bodies.payment("3.50")))
        #expect(state.history.first?.deposits.map(\.amountCents) == [150])
    }

    @Test mutating func theSameFreeNumberIsNamedUntilABillOpens() throws {
        state.settings.freeTables = [901, 902]
        #expect(state.freeTable == 901)
        #expect(state.freeTable == 901)
        _ = try state.create(try order(Bodies.coffees(table: 901)), requestID: "a")
        #expect(state.freeTable == 902)
        _ = try state.create(try order(Bodies.coffees(table: 902)), requestID: "b")
        #expect(state.freeTable == nil)
        #expect(state.freeTableAnswer.ascii == #"{"TableNumber":"false"}"#)
        _ = try state.waiterPays(table: 901)
        #expect(state.freeTable == 901)
    }

    @Test mutating func aWaiterAddsMovesAndPays() throws {
        _ = try state.waiterAdds(table: 5, articleID: 103, quantity: 2)
        _ = try state.create(try order(Bodies.coffees()), requestID: "a")
        _ = try state.waiterMoves(table: 12, to: 5)
        #expect(state.open[12] == nil)
        #expect(state.open[5]?.paymentCents == 3300)
        #expect(try state.waiterPays(table: 5).amountCents == 3300)
        #expect(state.history.map(\.closed) == [.moved, .paidAtTheTill])
        #expect(throws: Refusal.self) { try state.waiterPays(table: 5) }
    }
}
