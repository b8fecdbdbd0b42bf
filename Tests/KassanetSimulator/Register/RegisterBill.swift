/// A line of a bill; its variants count per unit of it.
package struct RegisterLine: Codable, Sendable, Equatable {
    package var articleId: Int
    package var text: String
    package var quantity: Int
    package var unitPriceCents: Int
    package var infoText: String?
    package var variants: [RegisterLine]
    /// The request that brought it; nil for a line of a waiter, and for a variant.
    package var requestId: String?

    package init(
        articleId: Int,
        text: String,
        quantity: Int,
        unitPriceCents: Int,
        infoText: String? = nil,
        variants: [RegisterLine] = [],
        requestId: String? = nil
    ) {
        self.articleId = articleId
        self.text = text
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
        self.infoText = infoText
        self.variants = variants
        self.requestId = requestId
    }

    /// The price of the whole line; nil when it is more than a register can count.
    package var totalCents: Int? {
        var unit = unitPriceCents
        for variant in variants {
            guard let more = variant.totalCents else { return nil }
            unit += more
        }
        let (total, overflow) = unit.multipliedReportingOverflow(by: quantity)
        return overflow || total > 1_000_000_000_000 ? nil : total
    }

    /// How many of each article the line takes, its variants' included.
    var articles: [Int: Int] {
        var needed = [articleId: 1]
        for variant in variants { needed.merge(variant.articles, uniquingKeysWith: +) }
        return needed.mapValues { $0 * quantity }
    }
}

/// Part of a bill that was paid beforehand.
package struct RegisterDeposit: Codable, Sendable, Equatable {
    package var amountCents: Int
    package var paymentNumber: Int
    package var requestId: String?
}

/// What stands on one table.
package struct RegisterBill: Codable, Sendable, Equatable {
    package var table: Int
    /// The newest one.
    package var tableText: String
    package var orderInfoTexts: [String]
    package var lines: [RegisterLine]
    package var deposits: [RegisterDeposit]
    /// How it went; nil while it is open.
    package var closed: Closing?

    package init(table: Int, tableText: String = "", lines: [RegisterLine] = []) {
        self.table = table
        self.tableText = tableText
        self.orderInfoTexts = []
        self.lines = lines
        self.deposits = []
    }

    /// The lines, before deposits.
    package var linesCents: Int { lines.compactMap(\.totalCents).reduce(0, +) }

    /// What is still to be paid.
    package var paymentCents: Int { linesCents - deposits.map(\.amountCents).reduce(0, +) }

    /// How a bill came to its end.
    package enum Closing: String, Codable, Sendable {
        case paid
        case paidAtTheTill = "paid_at_the_till"
        case moved
        case forgotten
    }
}
