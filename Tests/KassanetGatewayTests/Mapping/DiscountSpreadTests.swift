import Contracts
import Testing

@testable import KassanetGateway

@Suite("Discounts lower prices, to the cent (K33)")
struct DiscountSpreadTests {
    @Test("After a discount the lines add up to what was before, less the discount", arguments: 0..<500)
    func sumIsExact(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let items = (0..<Int.random(in: 1...6, using: &random)).map { _ in OrderItem.random(depth: 0, &random) }
        let before = items.reduce(0) { $0 + $1.totalCents }
        let discount = Int.random(in: 0...before, using: &random)
        let after = DiscountSpread.lowered(items, by: discount)
        #expect(after.reduce(0) { $0 + $1.totalCents } == before - discount)
        #expect(after.allSatisfy { $0.hasNoNegativePrice })
        #expect(quantities(after) == quantities(items))
    }

    @Test("A line that does not divide is split into two that differ by one cent")
    func lineIsSplit() {
        let after = DiscountSpread.lowered([.coffee(3)], by: 100)
        #expect(after.map(\.quantity) == [2, 1])
        #expect(after.map(\.unitPriceCents) == [217, 216])
    }

    @Test("A discount beyond the article lowers what was chosen on it")
    func choiceIsLowered() {
        var coffee = OrderItem.coffee()
        coffee.modifiers = [OrderItem(plu: "901", name: "Oat milk", unitPriceCents: 50)]
        let after = DiscountSpread.lowered([coffee], by: 270)
        #expect(after.map(\.unitPriceCents) == [0])
        #expect(after.first?.modifiers?.map(\.unitPriceCents) == [30])
    }

    @Test(
        "A discount above the order's worth leaves nothing to pay, and nothing negative",
        arguments: [500, 501, 9_999]
    )
    func discountIsBounded(_ cents: Int) {
        let after = DiscountSpread.lowered([.coffee(2)], by: cents)
        #expect(after.map(\.totalCents) == [0])
    }

    @Test("Without a discount, and without anything worth one, lines stay as they are", arguments: [0, -5])
    func nothingToSpread(_ cents: Int) {
        #expect(DiscountSpread.lowered([.coffee(2)], by: cents) == [.coffee(2)])
        let free = OrderItem(plu: "5", name: "Tap water", unitPriceCents: 0)
        #expect(DiscountSpread.lowered([free], by: 100) == [free])
    }

    @Test("Shares follow what lines cost, and the odd cents go to the largest remainders")
    func sharesAreProportional() {
        #expect(DiscountSpread.shares(of: 100, over: [300, 100]) == [75, 25])
        #expect(DiscountSpread.shares(of: 100, over: [1, 1, 1]) == [34, 33, 33])
        #expect(DiscountSpread.shares(of: 10, over: [0, 5, 0]) == [0, 10, 0])
        #expect(DiscountSpread.shares(of: 10, over: [0, 0]) == [0, 0])
    }

    /// How many of each article an order holds in all.
    private func quantities(_ items: [OrderItem], times: Int = 1) -> [String: Int] {
        items.reduce(into: [:]) { counted, item in
            counted[item.plu ?? item.name, default: 0] += item.quantity * times
            counted.merge(quantities(item.modifiers ?? [], times: item.quantity * times), uniquingKeysWith: +)
        }
    }
}

extension OrderItem {
    static func random(depth: Int, _ random: inout SeededGenerator) -> OrderItem {
        let choices = depth < 3 ? Int.random(in: 0...2, using: &random) : 0
        let modifiers = (0..<choices).map { _ in OrderItem.random(depth: depth + 1, &random) }
        let plu = Int.random(in: 1...40, using: &random)
        return OrderItem(
            plu: depth > 0 && Bool.random(using: &random) ? nil : String(plu),
            name: "Article \(plu)",
            quantity: Int.random(in: 1...5, using: &random),
            unitPriceCents: Bool.random(using: &random) ? Int.random(in: 0...1_999, using: &random) : 0,
            modifiers: modifiers.isEmpty ? nil : modifiers
        )
    }

    fileprivate var hasNoNegativePrice: Bool {
        unitPriceCents >= 0 && (modifiers ?? []).allSatisfy(\.hasNoNegativePrice)
    }
}
