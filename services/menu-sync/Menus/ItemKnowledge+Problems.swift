import Contracts
import RPC

extension ItemKnowledge {
    /// What keeps lines of an order from being served as they are, as far as is known here (rule P3).
    ///
    /// Where no menu was ever imported only stock says anything: nothing is unknown where nothing is known.
    func problems(of lines: [CheckedLine]) -> [ItemProblem] {
        let needed = Self.needed(lines)
        return lines.enumerated().flatMap { index, line in
            var problems: [ItemProblem] = []
            if menuVersion != nil { problems += menuProblems(of: line, at: index) }
            for plu in [line.plu] + (line.modifiers ?? []).map(\.plu) {
                guard let left = stock[plu], left < needed[plu] ?? 0 else { continue }
                guard !problems.contains(where: { $0.plu == plu && $0.reason == .known(.outOfStock) }) else { continue }
                problems.append(
                    ItemProblem(
                        line: index,
                        plu: plu,
                        reason: .outOfStock,
                        message: left <= 0
                            ? "\(name(of: plu)) is out of stock." : "Only \(left) of \(name(of: plu)) are left.",
                        available: max(0, left)
                    )
                )
            }
            return problems
        }
    }

    private func menuProblems(of line: CheckedLine, at index: Int) -> [ItemProblem] {
        guard let item = items[line.plu] else {
            let isRemoved = removed.contains(line.plu)
            return [
                ItemProblem(
                    line: index,
                    plu: line.plu,
                    reason: isRemoved ? .removedPlu : .unknownPlu,
                    message: isRemoved
                        ? "Article \(line.plu) is no longer on the menu. Load the menu again."
                        : "Article \(line.plu) was never on the menu. Import the menu, or correct the article's number."
                )
            ]
        }
        var problems: [ItemProblem] = []
        if let price = line.unitPriceCents, price != item.priceCents {
            problems.append(Self.priceDiffers(index, line.plu, item.name, item.priceCents))
        }
        for modifier in line.modifiers ?? [] {
            guard let offered = item.modifiers[modifier.plu] else {
                problems.append(
                    ItemProblem(
                        line: index,
                        plu: modifier.plu,
                        reason: .modifierNotOffered,
                        message: "\(item.name) does not offer modifier \(modifier.plu). Load the menu again."
                    )
                )
                continue
            }
            if let price = modifier.unitPriceCents, price != offered.priceCents {
                problems.append(Self.priceDiffers(index, modifier.plu, offered.name, offered.priceCents))
            }
        }
        return problems
    }

    private static func priceDiffers(_ line: Int, _ plu: String, _ name: String, _ price: Cents) -> ItemProblem {
        ItemProblem(
            line: line,
            plu: plu,
            reason: .priceDiffers,
            message: "The price of \(name) is another one by now. Load the menu again.",
            menuPriceCents: price
        )
    }

    private func name(of plu: String) -> String {
        items[plu]?.name ?? items.values.lazy.compactMap { $0.modifiers[plu]?.name }.first ?? "article \(plu)"
    }

    /// How much of each article all lines together take.
    private static func needed(_ lines: [CheckedLine]) -> [String: Int] {
        var needed: [String: Int] = [:]
        for line in lines {
            needed[line.plu, default: 0] += line.quantity
            for modifier in line.modifiers ?? [] {
                needed[modifier.plu, default: 0] += line.quantity * modifier.quantity
            }
        }
        return needed
    }
}
