import Contracts

/// Lowers the unit prices of an order's lines by its discounts, to the cent (rule K33: discounts reduce `UnitPrice`).
///
/// The register knows no discount, only prices. The amount is shared out over the lines by what they cost; where a share
/// does not divide by a line's quantity, the line is split into two whose prices differ by one cent. What the lines add
/// up to afterwards is exactly the sum before, less the discounts.
enum DiscountSpread {
    static func lowered(_ items: [OrderItem], by discountCents: Cents) -> [OrderItem] {
        let total = items.reduce(0) { $0 + $1.totalCents }
        let discount = min(max(0, discountCents), total)
        guard discount > 0 else { return items }
        let shares = shares(of: discount, over: items.map(\.totalCents))
        return zip(items, shares).flatMap { item, share in lowered(item, by: share) }
    }

    /// Shares an amount out in proportion, in whole cents, the largest remainders first.
    static func shares(of amount: Cents, over weights: [Cents]) -> [Cents] {
        let total = weights.reduce(0, +)
        guard total > 0 else { return weights.map { _ in 0 } }
        var shares = weights.map { amount * $0 / total }
        let rest = amount - shares.reduce(0, +)
        let byRemainder = weights.indices.sorted { left, right in
            let (a, b) = (amount * weights[left] % total, amount * weights[right] % total)
            return a == b ? left < right : a > b
        }
        for index in byRemainder.prefix(rest) { shares[index] += 1 }
        return shares
    }

    /// One line whose worth is lowered by an amount of at most its worth: itself, or itself in two parts.
    static func lowered(_ item: OrderItem, by amount: Cents) -> [OrderItem] {
        guard amount > 0 else { return [item] }
        let (each, more) = amount.quotientAndRemainder(dividingBy: item.quantity)
        var parts: [OrderItem] = []
        if item.quantity > more { parts.append(unit(item, item.quantity - more, loweredBy: each)) }
        if more > 0 { parts.append(unit(item, more, loweredBy: each + 1)) }
        return parts
    }

    /// The line with another quantity, each unit of it cheaper by `amount`: the article first, then what was chosen on it.
    private static func unit(_ item: OrderItem, _ quantity: Int, loweredBy amount: Cents) -> OrderItem {
        var copy = item
        copy.quantity = quantity
        var rest = amount
        let own = min(rest, max(0, item.unitPriceCents))
        copy.unitPriceCents -= own
        rest -= own
        guard rest > 0, let modifiers = item.modifiers else { return copy }
        copy.modifiers = modifiers.flatMap { modifier in
            let share = min(rest, max(0, modifier.totalCents))
            rest -= share
            return lowered(modifier, by: share)
        }
        return copy
    }
}
