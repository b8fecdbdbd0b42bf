import Contracts
import Foundation
import RPC
import Testing

@testable import OrderRouter

@Suite struct OrderValidationTests {
    struct Row: CustomTestStringConvertible {
        var name: String
        var fields: [String]
        var spoil: @Sendable (inout SubmitOrderRequest) -> Void

        init(_ name: String, _ fields: [String], _ spoil: @escaping @Sendable (inout SubmitOrderRequest) -> Void) {
            self.name = name
            self.fields = fields
            self.spoil = spoil
        }

        var testDescription: String { name }
    }

    private static func nested(_ depth: Int) -> OrderItem {
        var item = OrderItem(plu: "1", name: "Sauce", unitPriceCents: 0)
        for _ in 1..<depth { item = OrderItem(plu: "1", name: "Sauce", unitPriceCents: 0, modifiers: [item]) }
        return item
    }

    private static func problems(_ spoil: (inout SubmitOrderRequest) -> Void) -> [FieldProblem] {
        var order = Sample.content()
        spoil(&order)
        return OrderValidation.problems(with: order, capabilities: Sample.capabilities)
    }

    /// Rules K30 and K38: only a payment that is confirmed, with its provider and reference, brings an order to a register.
    @Test(arguments: [
        Row("as it should be", []) { _ in },
        Row("payment pending", ["payment.status"]) { $0.payment.status = Open(.pending) },
        Row("payment failed", ["payment.status"]) { $0.payment.status = Open(.failed) },
        Row("a payment status from the future", ["payment.status"]) { $0.payment.status = .unrecognized("promised") },
        Row("no payment provider", ["payment.provider"]) { $0.payment.provider = "" },
        Row("no payment reference", ["payment.reference"]) { $0.payment.reference = "" },
        Row("no PLU", ["items[1].plu"]) { $0.items[1].plu = nil },
        Row("an empty PLU", ["items[1].plu"]) { $0.items[1].plu = "" },
        Row("a PLU that is no number", ["items[0].plu"]) { $0.items[0].plu = "COF-1" },
        Row("a PLU of 0", ["items[0].plu"]) { $0.items[0].plu = "0" },
        Row("quantity 0", ["items[0].quantity"]) { $0.items[0].quantity = 0 },
        Row("quantity 1000", ["items[0].quantity"]) { $0.items[0].quantity = 1000 },
        Row("a negative quantity", ["items[0].quantity"]) { $0.items[0].quantity = -2 },
        Row("a negative price", ["items[1].unitPriceCents"]) { $0.items[1].unitPriceCents = -400 },
        Row("a price out of range", ["items[1].unitPriceCents"]) { $0.items[1].unitPriceCents = .max },
        Row("an item without a name", ["items[0].name"]) { $0.items[0].name = "" },
        Row("a control character", ["items[0].name"]) { $0.items[0].name = "Coffee\u{0}" },
        Row("no items", ["items"]) { $0.items = [] },
        Row("501 items", ["items"]) { $0.items = Array(repeating: $0.items[0], count: 501) },
        Row("a total that is not the sum", ["totalCents"]) { $0.totalCents = 999 },
        Row("a total without the tip", ["totalCents"]) { $0.tipCents = 100 },
        Row("the tip in the total", []) { ($0.tipCents, $0.totalCents) = (100, 1100) },
        Row("a total without the fee", ["totalCents"]) {
            $0.fees = [OrderAdjustment(name: "Service", amountCents: 50)]
        },
        Row("the fee in the total", []) {
            $0.fees = [OrderAdjustment(name: "Service", amountCents: 50)]
            $0.totalCents = 1050
        },
        Row("the discount in the total", []) {
            $0.discounts = [OrderAdjustment(name: "Regular", amountCents: 100)]
            $0.totalCents = 900
        },
        Row("a total without the discount", ["totalCents"]) {
            $0.discounts = [OrderAdjustment(name: "Regular", amountCents: 100)]
        },
        Row("more discount than lines", ["discounts"]) {
            $0.discounts = [OrderAdjustment(name: "Regular", amountCents: 1100)]
            $0.fees = [OrderAdjustment(name: "Service", amountCents: 100)]
            $0.totalCents = 0
        },
        Row("a negative discount", ["discounts[0].amountCents"]) {
            $0.discounts = [OrderAdjustment(name: "Regular", amountCents: -1)]
        },
        Row("a negative fee", ["fees[0].amountCents"]) {
            $0.fees = [OrderAdjustment(name: "Service", amountCents: -1)]
        },
        Row("a nameless fee", ["fees[0].name"]) { $0.fees = [OrderAdjustment(name: "", amountCents: 0)] },
        Row("a negative tip", ["tipCents"]) { $0.tipCents = -1 },
        Row("a negative total", ["totalCents"]) { $0.totalCents = -1 },
        Row("amounts that overflow", ["items"]) {
            let gold = OrderItem(plu: "1", name: "Gold", quantity: 999, unitPriceCents: OrderValidation.maxCents)
            $0.items = Array(repeating: gold, count: 100)
            $0.totalCents = 0
        },
        Row("too many of a choice in all", ["items[0].modifiers[0].quantity"]) {
            $0.items[0].quantity = 500
            $0.items[0].modifiers = [OrderItem(plu: "2", name: "Ice", quantity: 2, unitPriceCents: 0)]
        },
        Row("lines beyond the most", ["items"]) { $0.items[0].unitPriceCents = OrderValidation.maxCents },
        Row("modifiers in their price", []) {
            $0.items[0].modifiers = [OrderItem(plu: nil, name: "Oat milk", quantity: 2, unitPriceCents: 25)]
            $0.totalCents = 1100
        },
        Row("four levels", []) { $0.items.append(nested(4)) },
        Row("five levels", ["items[2].modifiers[0].modifiers[0].modifiers[0].modifiers"]) {
            $0.items.append(nested(5))
        },
        Row("a bad modifier", ["items[0].modifiers[1].quantity"]) {
            let milk = OrderItem(plu: nil, name: "Milk", unitPriceCents: 0)
            $0.items[0].modifiers = [milk, OrderItem(plu: nil, name: "Sugar", quantity: 0, unitPriceCents: 0)]
        },
        Row("another currency", ["currency"]) { $0.currency = "USD" },
        Row("no currency", ["currency"]) { $0.currency = "" },
        Row("table_qr without a table", ["tableNumber"]) { $0.channel = Open(.tableQR) },
        Row("table 0", ["tableNumber"]) { $0.tableNumber = 0 },
        Row("an unknown channel", ["channel"]) { $0.channel = .unrecognized("fax") },
        Row("an unknown service type", ["serviceType"]) { $0.serviceType = .unrecognized("drone") },
        Row("no order number", ["orderNumber"]) { $0.orderNumber = "" },
        Row("an order number with a space", ["orderNumber"]) { $0.orderNumber = "10 42" },
        Row("a long note", ["note"]) { $0.note = String(repeating: "n", count: 501) },
        Row("a long pager", ["pagerId"]) { $0.pagerId = String(repeating: "n", count: 41) },
    ])
    // K30, K38: no other channel, and no payment but a confirmed one.
    func aBadOrderNamesItsField(row: Row) {
        #expect(Self.problems(row.spoil).map(\.field) == row.fields)
    }

    @Test func allProblemsAreListedTogether() {
        let problems = Self.problems {
            $0.payment.status = Open(.pending)
            $0.items[0].quantity = 0
            $0.items[1].plu = nil
            $0.currency = "USD"
            $0.channel = .unrecognized("fax")
            $0.tipCents = -1
        }
        let fields: Set = ["payment.status", "items[0].quantity", "items[1].plu", "currency", "channel", "tipCents"]
        #expect(Set(problems.map(\.field)) == fields)
    }

    /// The cause and what would be taken instead (rule P1).
    @Test func theSumIsExplained() throws {
        let problem = try #require(Self.problems { $0.totalCents = 999 }.first)
        #expect(problem.problem == "is 999")
        #expect(problem.accepted?.hasPrefix("1000") ?? false)
    }

    /// Where it is not known what the register takes, an article may be anything.
    @Test func anOddPluIsTakenWhereNothingIsKnownOfTheRegister() {
        var order = Sample.content()
        order.items[0].plu = "COF-1"
        #expect(OrderValidation.problems(with: order, capabilities: nil).isEmpty)
    }

    @Test(arguments: ["\u{7}", String(repeating: "x", count: 300)])
    func noMessageNamesTheGuest(spoiler: String) {
        let problems = Self.problems {
            $0.guest = Guest(name: "Ada Lovelace\(spoiler)", phone: "+32470123456\(spoiler)", email: "ada@x\(spoiler)")
            $0.totalCents = 1
        }
        #expect(Set(problems.map(\.field)).isSuperset(of: ["guest.name", "guest.phone", "guest.email"]))
        let text = "\(problems) \(RPCError.invalid(problems))"
        for secret in ["Ada", "Lovelace", "32470", "ada@"] { #expect(!text.contains(secret)) }
    }
}
