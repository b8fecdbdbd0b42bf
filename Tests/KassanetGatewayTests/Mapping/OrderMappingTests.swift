import Contracts
import Foundation
import RPC
import Testing

@testable import KassanetGateway

@Suite("An order as the register is sent it (K31, K33, K36)")
struct OrderMappingTests {
    private let mapping = OrderMapping(settings: .sample)

    // MARK: - The text staff read

    @Test("TableText names channel, number, mark, pager and guest, in that order (K31)")
    func tableTextIsWhole() {
        let guest = Guest(name: "Zoë Maes", phone: "+32 470 11 22 33", email: "zoe@example.com")
        var order = PosOrder.sample(guest: guest)
        order.pagerId = "17"
        #expect(
            OrderMapping.tableText(order)
                == "Kiosk #1042 u7f3k9 | Pager 17 | Zoë Maes | +32 470 11 22 33 | zoe@example.com"
        )
    }

    @Test("A guest who said nothing leaves no trace in TableText (K31)", arguments: [nil, Guest(), Guest(name: "")])
    func tableTextWithoutGuest(_ guest: Guest?) {
        #expect(OrderMapping.tableText(.sample(guest: guest)) == "Kiosk #1042 u7f3k9")
    }

    @Test(
        "Each channel has its name, and one nobody knows yet its own (K31, K38)",
        arguments: [
            ("kiosk", "Kiosk"), ("online", "Online Ordering"), ("table_qr", "Table QR"), ("drive_in", "drive_in"),
        ]
    )
    func channelIsNamed(_ channel: String, _ name: String) {
        #expect(OrderMapping.tableText(.sample(channel: channel)).hasPrefix("\(name) #1042 "))
    }

    @Test("The mark is found again on the bill as a word of its own, whoever the guest is (K31)")
    func markIsAWord() throws {
        let order = PosOrder.sample(guest: Guest(name: "u7f3k9x"))
        let bill = Bill(tableNumber: 901, text: OrderMapping.tableText(order), openCents: 1, lines: [])
        let empty = Bill(tableNumber: 901)
        #expect(BillGrowth(of: bill, since: empty, expecting: [], mark: "u7f3k9").hasMark)
        #expect(!BillGrowth(of: bill, since: empty, expecting: [], mark: "u7f3k").hasMark)
    }

    // MARK: - Lines

    @Test("A line carries PLU, name, quantity, price and note; what was chosen is inside it (K31)")
    func lineIsMapped() throws {
        var coffee = OrderItem.coffee(2)
        coffee.note = "hot"
        coffee.modifiers = [OrderItem(plu: "901", name: "Oat milk", quantity: 2, unitPriceCents: 50, note: "warm")]
        let sent = try mapping.kassanetOrder(.sample(items: [coffee]), table: 12)
        #expect(sent.tableNumber == 12)
        let milk = KassanetOrderItem(
            articleId: 901,
            text: "Oat milk",
            quantity: 2,
            unitPriceCents: 50,
            infoText: "warm"
        )
        #expect(
            sent.items == [
                KassanetOrderItem(
                    articleId: 101,
                    text: "Coffee",
                    quantity: 2,
                    unitPriceCents: 250,
                    infoText: "hot",
                    variants: [milk]
                )
            ]
        )
    }

    @Test("An option without a PLU goes into its parent's InfoText and UnitPrice (K36)")
    func optionWithoutPLUIsKept() throws {
        var burger = OrderItem(plu: "103", name: "Burger", unitPriceCents: 1400, note: "to share")
        burger.modifiers = [
            OrderItem(plu: nil, name: "Medium rare", unitPriceCents: 0),
            OrderItem(plu: nil, name: "Sauce", quantity: 2, unitPriceCents: 75, note: "aside"),
            OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150),
        ]
        let sent = try mapping.kassanetOrder(.sample(items: [burger]), table: 1).items
        #expect(sent.map(\.unitPriceCents) == [1550])
        #expect(sent.first?.infoText == "Medium rare, 2x Sauce, aside, to share")
        #expect(sent.first?.variants.map(\.articleId) == [902])
    }

    @Test("Options without a PLU keep their choices, however deep, and the whole keeps its price (K36)")
    func nestedOptionsAreKept() throws {
        var menu = OrderItem(plu: "103", name: "Menu", quantity: 3, unitPriceCents: 1000)
        let ice = OrderItem(plu: nil, name: "Ice", quantity: 2, unitPriceCents: 10)
        let cheese = OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150, modifiers: [ice])
        menu.modifiers = [
            OrderItem(plu: nil, name: "Side", quantity: 2, unitPriceCents: 100, modifiers: [ice, cheese])
        ]
        let sent = try mapping.kassanetOrder(.sample(items: [menu]), table: 1).items
        #expect(sent.first?.infoText == "2x Side, 4x Ice")
        #expect(sent.first?.unitPriceCents == 1240)
        #expect(sent.first?.variants.map(\.quantity) == [2])
        #expect(sent.first?.variants.first?.unitPriceCents == 170)
        #expect(sent.first?.variants.first?.infoText == "2x Ice")
        #expect(sent.reduce(0) { $0 + BillLine($1).totalCents } == menu.totalCents)
    }

    @Test(
        "Whatever the options and the discount, the register's lines are worth what the guest paid",
        arguments: 0..<200
    )
    func mappedSumIsExact(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let items = (0..<Int.random(in: 1...5, using: &random)).map { _ in OrderItem.random(depth: 0, &random) }
        let worth = items.reduce(0) { $0 + $1.totalCents }
        let discounts = [
            OrderAdjustment(name: "Voucher", amountCents: Int.random(in: 0...worth / 2, using: &random)),
            OrderAdjustment(name: "Loyalty", amountCents: Int.random(in: 0...worth / 2, using: &random)),
        ]
        let order = PosOrder.sample(items: items, discounts: discounts)
        let sent = try mapping.kassanetOrder(order, table: 1).items
        #expect(sent.reduce(0) { $0 + BillLine($1).totalCents } == order.totalCents)
        #expect(sent.allSatisfy { $0.unitPriceCents >= 0 && (1...999).contains($0.quantity) })
    }

    @Test(
        "An article without a usable PLU stops the order and is named (K31)",
        arguments: [nil, "", "COF", "0", "-3", "1.5", " 101", "99999999999999999999"]
    )
    func articleNeedsAPLU(_ plu: String?) throws {
        let order = PosOrder.sample(items: [.coffee(), OrderItem(plu: plu, name: "Crème brûlée", unitPriceCents: 650)])
        let error = #expect(throws: OrderMappingError.self) { try mapping.kassanetOrder(order, table: 1) }
        #expect(error == .unnamed(item: "Crème brûlée", plu: plu))
        #expect(error?.description.contains("Crème brûlée") == true)
    }

    @Test("A choice with an unusable PLU stops the order too: it is never dropped (K36)")
    func choiceWithAWrongPLU() {
        var coffee = OrderItem.coffee()
        coffee.modifiers = [OrderItem(plu: "oat", name: "Oat milk", unitPriceCents: 50)]
        #expect(throws: OrderMappingError.unnamed(item: "Oat milk", plu: "oat")) {
            try mapping.kassanetOrder(.sample(items: [coffee]), table: 1)
        }
    }

    @Test(
        "Numbers that no real order has are refused before anything is calculated with them",
        arguments: [
            Beyond("items[0].quantity") { $0.items[0].quantity = .max },
            Beyond("items[0].quantity") { $0.items[0].quantity = 0 },
            Beyond("items[0].unitPriceCents") { $0.items[0].unitPriceCents = .max },
            Beyond("items[0].unitPriceCents") { $0.items[0].unitPriceCents = -1 },
            Beyond("items[0].modifiers[0].quantity") {
                $0.items[0].quantity = 999
                $0.items[0].modifiers = [OrderItem(plu: nil, name: "Twice", quantity: 2, unitPriceCents: 1)]
            },
            Beyond("items[0].modifiers[0].modifiers[0].modifiers[0].modifiers") {
                for _ in 0..<4 {
                    $0.items[0] = OrderItem(plu: "101", name: "Deep", unitPriceCents: 0, modifiers: [$0.items[0]])
                }
            },
            Beyond("items") { $0.items = Array(repeating: .coffee(), count: 501) },
            Beyond("items") {
                $0.items = [OrderItem(plu: "101", name: "Gold", quantity: 999, unitPriceCents: 100_000_000)]
            },
            Beyond("discounts[1].amountCents") {
                $0.discounts = [.init(name: "a", amountCents: 1), .init(name: "b", amountCents: .max)]
            },
            Beyond("fees[0].amountCents") { $0.fees = [.init(name: "Service", amountCents: .min)] },
            Beyond("fees[0].name") { $0.fees = [.init(name: "", amountCents: 100)] },
            Beyond("items[0].name") { $0.items[0].name = String(repeating: "é", count: 101) },
            Beyond("tipCents") { $0.tipCents = .min },
            Beyond("totalCents") { $0.totalCents = .max },
        ]
    )
    func numbersOutOfBounds(_ beyond: Beyond) throws {
        var order = PosOrder.sample(items: [.coffee()], discounts: [])
        _ = try mapping.kassanetOrder(order, table: 1)
        beyond.change(&order)
        let error = #expect(throws: OrderMappingError.self) { try mapping.kassanetOrder(order, table: 1) }
        guard case .outOfBounds(let problem) = error else {
            Issue.record("It was refused for another reason: \(String(describing: error))")
            return
        }
        #expect(problem.field == beyond.field)
    }

    /// A change of an order that puts a member out of bounds.
    struct Beyond: Sendable, CustomTestStringConvertible {
        let field: String
        let change: @Sendable (inout PosOrder) -> Void

        init(_ field: String, _ change: @escaping @Sendable (inout PosOrder) -> Void) {
            self.field = field
            self.change = change
        }

        var testDescription: String { field }
    }

    // MARK: - Fees

    @Test("A fee is a line with the configured PLU; without one it stays off the bill (K33)", arguments: [106, nil])
    func feeIsALine(_ plu: Int?) throws {
        var settings = ConnectionSettings.sample
        settings.feePlu = plu
        let fees = [OrderAdjustment(name: "Service", amountCents: 150), OrderAdjustment(name: "Bag", amountCents: 20)]
        let sent = try OrderMapping(settings: settings).kassanetOrder(.sample(fees: fees), table: 1).items
        #expect(sent.dropFirst().map(\.articleId) == (plu == nil ? [] : [106, 106]))
        #expect(sent.dropFirst().map(\.text) == (plu == nil ? [] : ["Service", "Bag"]))
        #expect(sent.reduce(0) { $0 + BillLine($1).totalCents } == (plu == nil ? 500 : 670))
    }

    // MARK: - Pickup

    @Test(
        "PickupTime is HH:mm at the location, on both sides of midnight and of daylight saving (K31)",
        arguments: [
            ("Europe/Brussels", "2026-01-15T22:59:00Z", "23:59"), ("Europe/Brussels", "2026-01-15T23:01:00Z", "00:01"),
            ("Europe/Brussels", "2026-07-15T21:59:00Z", "23:59"), ("Europe/Brussels", "2026-07-15T22:01:00Z", "00:01"),
            ("Europe/Brussels", "2026-03-29T00:59:00Z", "01:59"), ("Europe/Brussels", "2026-03-29T01:00:00Z", "03:00"),
            ("Europe/Brussels", "2026-10-25T00:30:00Z", "02:30"), ("Europe/Brussels", "2026-10-25T01:30:00Z", "02:30"),
            ("Atlantic/Canary", "2026-07-15T17:05:59Z", "18:05"), ("Asia/Kathmandu", "2026-01-15T03:00:00Z", "08:45"),
        ]
    )
    func pickupTimeIsLocal(_ zone: String, _ pickup: String, _ expected: String) throws {
        var settings = ConnectionSettings.sample
        settings.timeZone = zone
        var order = PosOrder.sample(serviceType: .pickup)
        order.pickupAt = instant(pickup)
        #expect(try OrderMapping(settings: settings).kassanetOrder(order, table: 1).pickupTime == expected)
    }

    @Test("Without a pickup moment it is the moment of the order (K31)", arguments: [ServiceType.takeaway, .delivery])
    func pickupWithoutAMoment(_ service: ServiceType) throws {
        let sent = try mapping.kassanetOrder(.sample(serviceType: service), table: 1)
        #expect(sent.pickupTime == "12:30")
        #expect(sent.orderInfoText == nil)
    }

    @Test("Dine-in has no pickup, whatever the order says (K31)")
    func dineInHasNoPickup() throws {
        var order = PosOrder.sample(serviceType: .dineIn)
        order.pickupAt = instant("2026-03-12T18:00:00Z")
        let sent = try mapping.kassanetOrder(order, table: 1)
        #expect(sent.pickupTime == nil)
        #expect(sent.orderInfoText == nil)
    }

    @Test(
        "A pickup on another day, by the location's calendar, carries its date in OrderInfoText",
        arguments: [
            ("2026-03-10T22:59:00Z", nil), ("2026-03-10T23:00:00Z", "Pickup on 2026-03-11"),
            ("2026-03-11T11:30:00Z", "Pickup on 2026-03-11"),
        ] as [(String, String?)]
    )
    func otherDayIsSaid(_ pickup: String, _ expected: String?) throws {
        var order = PosOrder.sample(serviceType: .pickup)
        order.pickupAt = instant(pickup)
        #expect(try mapping.kassanetOrder(order, table: 1).orderInfoText == expected)
        order.note = "No nuts"
        let withNote = try mapping.kassanetOrder(order, table: 1).orderInfoText
        #expect(withNote == [expected, "No nuts"].compactMap(\.self).joined(separator: " | "))
    }
}
