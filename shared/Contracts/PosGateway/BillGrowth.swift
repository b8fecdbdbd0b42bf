package import RPC

/// What became of a bill since an order of ours was sent to it.
///
/// Lines are compared by article and quantity alone: registers charge their own prices, change texts and merge or split
/// lines.
package struct BillGrowth: Codable, Hashable, Sendable {
    /// What the bill's lines are worth now, less what they were worth before.
    package var growthCents: Cents
    package var ours: Open<Presence>
    /// Whether our mark stands on the bill as a word of its own.
    package var hasMark: Bool
    /// True when the bill holds the same articles, worth the same, as before.
    package var isUnchanged: Bool
    /// True when the bill was empty before and holds exactly our lines now.
    package var isOursAlone: Bool
    /// Articles of which the bill holds another number, or worth, than the order.
    package var differences: [LineDifference]

    /// How often the order's lines came onto the bill.
    package enum Presence: String, CaseIterable, Sendable, Codable {
        case absent
        /// The bill grew by them and by nothing else.
        case once
        case twice
        /// All of them are there, and so is something else that was not there before.
        case amongOthers = "among_others"
        /// Some of them.
        case partly
    }

    /// Compares a bill with what it was before.
    ///
    /// `expected`: the order's lines as the register was sent them.
    /// `mark`: the order's mark.
    package init(of bill: Bill, since baseline: Bill, expecting expected: [BillLine], mark: String) {
        let ours = Tally(expected)
        let before = Tally(baseline.lines)
        let now = Tally(bill.lines)
        growthCents = bill.totalCents.saturatingDifference(baseline.totalCents)
        hasMark = bill.text.split(whereSeparator: \.isWhitespace).contains { $0 == mark }
        self.ours = Open(Self.presence(of: ours, in: now, since: before))
        let isComplete = bill.isComplete != false && baseline.isComplete != false
        isUnchanged = isComplete && now.quantities == before.quantities && bill.totalCents == baseline.totalCents
        isOursAlone = isComplete && !ours.isEmpty && !baseline.isOpen && now.quantities == ours.quantities
        differences = ours.plus(before).articles.union(now.articles).sorted().compactMap { plu in
            let expectedQuantity = (ours.quantities[plu] ?? 0).saturatingSum(before.quantities[plu] ?? 0)
            let expectedCents = (ours.cents[plu] ?? 0).saturatingSum(before.cents[plu] ?? 0)
            let difference = LineDifference(
                plu: plu,
                name: now.names[plu] ?? ours.names[plu] ?? before.names[plu] ?? "",
                expectedQuantity: expectedQuantity,
                foundQuantity: now.quantities[plu] ?? 0,
                expectedCents: expectedCents,
                foundCents: now.cents[plu] ?? 0
            )
            return difference.isDifferent ? difference : nil
        }
    }

    private static func presence(of ours: Tally, in now: Tally, since before: Tally) -> Presence {
        func grew(times: Int) -> Bool {
            ours.quantities.allSatisfy { plu, quantity in
                (now.quantities[plu] ?? 0).saturatingDifference(before.quantities[plu] ?? 0)
                    >= quantity.saturatingProduct(times)
            }
        }
        // Nothing was sent, so nothing of it can be there: without this every bill would hold it twice.
        if ours.isEmpty { return .absent }
        if grew(times: 2) { return .twice }
        if grew(times: 1) { return now.quantities == ours.plus(before).quantities ? .once : .amongOthers }
        let isUntouched = ours.quantities.keys.allSatisfy { now.quantities[$0] ?? 0 <= before.quantities[$0] ?? 0 }
        return isUntouched ? .absent : .partly
    }
}

package struct LineDifference: Codable, Hashable, Sendable {
    package var plu: String
    package var name: String
    package var expectedQuantity: Int
    package var foundQuantity: Int
    package var expectedCents: Cents
    package var foundCents: Cents

    package init(
        plu: String,
        name: String,
        expectedQuantity: Int,
        foundQuantity: Int,
        expectedCents: Cents,
        foundCents: Cents
    ) {
        self.plu = plu
        self.name = name
        self.expectedQuantity = expectedQuantity
        self.foundQuantity = foundQuantity
        self.expectedCents = expectedCents
        self.foundCents = foundCents
    }

    var isDifferent: Bool { expectedQuantity != foundQuantity || expectedCents != foundCents }
}

/// How many of each article a list of lines holds, variants counted as articles of their own.
private struct Tally {
    var quantities: [String: Int] = [:]
    var cents: [String: Cents] = [:]
    var names: [String: String] = [:]

    init(_ lines: [BillLine]) {
        add(lines, times: 1)
    }

    var articles: Set<String> { Set(quantities.keys) }
    /// True without a single article.
    var isEmpty: Bool { quantities.allSatisfy { $0.value == 0 } }

    func plus(_ other: Tally) -> Tally {
        var sum = self
        sum.quantities.merge(other.quantities, uniquingKeysWith: { $0.saturatingSum($1) })
        sum.cents.merge(other.cents, uniquingKeysWith: { $0.saturatingSum($1) })
        sum.names.merge(other.names) { first, _ in first }
        return sum
    }

    private mutating func add(_ lines: [BillLine], times: Int) {
        for line in lines {
            let quantity = line.quantity.saturatingProduct(times)
            quantities[line.plu] = (quantities[line.plu] ?? 0).saturatingSum(quantity)
            cents[line.plu] = (cents[line.plu] ?? 0).saturatingSum(quantity.saturatingProduct(line.unitPriceCents))
            if names[line.plu] == nil { names[line.plu] = line.name }
            add(line.variants, times: quantity)
        }
    }
}

/// Arithmetic that ends at a bound instead of ending the process: a bill is what somebody else's machine says.
extension Int {
    private static let bound = Int.max / 4

    func saturatingProduct(_ other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        guard overflow else { return Swift.min(Swift.max(product, -Self.bound), Self.bound) }
        return (self < 0) == (other < 0) ? Self.bound : -Self.bound
    }

    func saturatingDifference(_ other: Int) -> Int {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return Swift.min(Swift.max(difference, -Self.bound), Self.bound) }
        return other < 0 ? Self.bound : -Self.bound
    }

    func saturatingSum(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return Swift.min(Swift.max(sum, -Self.bound), Self.bound) }
        return other < 0 ? -Self.bound : Self.bound
    }
}
