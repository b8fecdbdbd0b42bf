import Contracts
import Foundation
import RPC
import RPCClient

/// What menu-sync said of an order's articles.
enum MenuKnowledge: Sendable {
    case answered(CheckItemsResponse, to: MenuQuestion)
    /// It is away, or was too slow.
    case notAnswered
    /// No line of the order is well-formed enough to ask about.
    case notAsked
}

/// The lines of an order as menu-sync is asked about them: those that are well-formed, in their order.
struct MenuQuestion: Sendable {
    let request: CheckItemsRequest
    /// The place in the order of each line that is asked about.
    private let places: [Int]
    /// Articles that stand only below a line's own choices, by the line's place in the question.
    private let nested: [Set<String>]

    /// `nil` where no line can be asked about.
    init?(_ order: CheckOrderRequest, except problems: [FieldProblem]) {
        var lines: [CheckedLine] = []
        var places: [Int] = []
        var nested: [Set<String>] = []
        for (index, item) in order.items.prefix(OrderLimits.items.upperBound).enumerated() {
            guard let plu = item.plu, !problems.contains(where: { $0.field.hasPrefix("items[\(index)].") }) else {
                continue
            }
            var choices: [CheckedModifier] = []
            let own = Set((item.modifiers ?? []).compactMap(\.plu))
            for modifier in item.modifiers ?? [] { Self.add(modifier, times: 1, to: &choices) }
            lines.append(
                CheckedLine(
                    plu: plu,
                    quantity: item.quantity,
                    unitPriceCents: item.unitPriceCents,
                    modifiers: choices.isEmpty ? nil : choices
                )
            )
            places.append(index)
            nested.append(Set(choices.map(\.plu)).subtracting(own))
        }
        guard !lines.isEmpty else { return nil }
        request = CheckItemsRequest(merchantId: order.merchantId, locationId: order.locationId, items: lines)
        self.places = places
        self.nested = nested
    }

    /// A choice and what is chosen on it, each per unit of the line; one without a PLU is text (rule K36).
    private static func add(_ modifier: OrderItem, times: Int, to choices: inout [CheckedModifier]) {
        // As many as menu-sync takes; no real line comes near.
        guard choices.count < OrderLimits.items.upperBound else { return }
        let quantity = times * modifier.quantity
        if let plu = modifier.plu {
            choices.append(CheckedModifier(plu: plu, quantity: quantity, unitPriceCents: modifier.unitPriceCents))
        }
        for inner in modifier.modifiers ?? [] { add(inner, times: quantity, to: &choices) }
    }

    /// Where in the order a line of the answer stands; `nil` for one that was not asked about.
    func line(_ asked: Int) -> Int? { places.indices.contains(asked) ? places[asked] : nil }

    func isNested(_ plu: String, _ asked: Int) -> Bool { nested.indices.contains(asked) && nested[asked].contains(plu) }
}
