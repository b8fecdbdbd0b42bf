package import RPC

extension PosOrder {
    /// Numbers and names beyond any order that order-router lets through, each with the member it stands in.
    ///
    /// A gateway asks before it calculates: what cannot be real must not end the process that sends everybody's orders.
    package var problems: [FieldProblem] {
        var check = BoundsCheck()
        check.list("items", items.count, OrderLimits.items)
        var worth = 0
        for (index, item) in items.enumerated() { worth += check.worth(of: item, "items[\(index)]") }
        if worth > OrderLimits.cents.upperBound {
            check.problems.append(
                FieldProblem("items", "add up to too much", accepted: "at most \(OrderLimits.cents.upperBound) cents")
            )
        }
        for (name, list) in [("discounts", discounts), ("fees", fees)] {
            check.list(name, list.count, OrderLimits.adjustments)
            for (index, entry) in list.enumerated() {
                check.text("\(name)[\(index)].name", entry.name, OrderLimits.adjustmentName)
                check.number("\(name)[\(index)].amountCents", entry.amountCents, OrderLimits.cents)
            }
        }
        check.number("tipCents", tipCents, OrderLimits.cents)
        check.number("totalCents", totalCents, OrderLimits.cents)
        return check.problems
    }
}

private struct BoundsCheck {
    var problems: [FieldProblem] = []

    mutating func number(_ field: String, _ number: Int, _ range: ClosedRange<Int>) {
        guard !range.contains(number) else { return }
        problems.append(
            FieldProblem(field, "is \(number)", accepted: "\(range.lowerBound) to \(range.upperBound)")
        )
    }

    mutating func text(_ field: String, _ text: String, _ bytes: ClosedRange<Int>) {
        guard !bytes.contains(text.utf8.count) else { return }
        problems.append(
            FieldProblem(
                field,
                text.isEmpty ? "is empty" : "is too long",
                accepted: "\(bytes.lowerBound) to \(bytes.upperBound) bytes"
            )
        )
    }

    mutating func list(_ field: String, _ count: Int, _ range: ClosedRange<Int>) {
        guard count > range.upperBound else { return }
        problems.append(FieldProblem(field, "has \(count) entries", accepted: "at most \(range.upperBound)"))
    }

    /// What a line is worth; 0 where it has a problem, so that no sum is taken of numbers that are out of bounds.
    ///
    /// `units`: how many units of what it belongs to are ordered.
    mutating func worth(of item: OrderItem, _ field: String, depth: Int = 1, units: Int = 1) -> Cents {
        let before = problems.count
        text("\(field).name", item.name, OrderLimits.itemName)
        number("\(field).quantity", item.quantity, OrderLimits.quantity)
        number("\(field).unitPriceCents", item.unitPriceCents, OrderLimits.cents)
        let modifiers = item.modifiers ?? []
        list("\(field).modifiers", modifiers.count, OrderLimits.items)
        if !modifiers.isEmpty, depth == OrderLimits.modifierDepth {
            problems.append(
                FieldProblem(
                    "\(field).modifiers",
                    "is nested too deep",
                    accepted: "at most \(OrderLimits.modifierDepth) levels"
                )
            )
        }
        guard problems.count == before else { return 0 }
        let inAll = item.quantity * units
        guard inAll <= OrderLimits.quantity.upperBound else {
            problems.append(
                FieldProblem(
                    "\(field).quantity",
                    "makes \(inAll) in all",
                    accepted: "at most \(OrderLimits.quantity.upperBound) with what it belongs to"
                )
            )
            return 0
        }
        var worth = inAll * item.unitPriceCents
        for (index, modifier) in modifiers.enumerated() {
            worth += self.worth(of: modifier, "\(field).modifiers[\(index)]", depth: depth + 1, units: inAll)
        }
        return worth
    }
}

extension PosOrder: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "mark": .about("A token by which the order is found again on a bill."),
            "items": .about("At most \(OrderLimits.items.upperBound)."),
            "tipCents": .number(OrderLimits.cents),
            "totalCents": .number(OrderLimits.cents),
        ]
    }
}
