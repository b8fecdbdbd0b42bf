/// The bill that is open on a table of the register; one without lines and without a total means that none is open.
package struct Bill: Codable, Hashable, Sendable {
    package var tableNumber: Int
    /// What staff see on the bill, where our marks stand too.
    ///
    /// Holds guest data: keep it out of logs.
    package var text: String
    /// What is still to be paid: the lines less the deposits.
    package var openCents: Cents
    package var lines: [BillLine]
    package var deposits: [BillDeposit]
    /// False where the register listed something that could not be read: such a bill is never taken for ours alone.
    package var isComplete: Bool?

    package init(
        tableNumber: Int,
        text: String = "",
        openCents: Cents = 0,
        lines: [BillLine] = [],
        deposits: [BillDeposit] = [],
        isComplete: Bool? = nil
    ) {
        self.tableNumber = tableNumber
        self.text = text
        self.openCents = openCents
        self.lines = lines
        self.deposits = deposits
        self.isComplete = isComplete
    }

    /// Whether there is a bill at all.
    package var isOpen: Bool { !lines.isEmpty || openCents != 0 }

    /// The lines' worth: what is open and what was deposited already.
    package var totalCents: Cents { deposits.reduce(openCents) { $0.saturatingSum($1.amountCents) } }
}

package struct BillLine: Codable, Hashable, Sendable {
    package var plu: String
    package var name: String
    /// Of a variant, per unit of what it belongs to.
    package var quantity: Int
    package var unitPriceCents: Cents
    package var variants: [BillLine]

    package init(plu: String, name: String, quantity: Int, unitPriceCents: Cents, variants: [BillLine] = []) {
        self.plu = plu
        self.name = name
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
        self.variants = variants
    }

    /// What the line is worth, with what was chosen on it.
    package var totalCents: Cents {
        quantity.saturatingProduct(variants.reduce(unitPriceCents) { $0.saturatingSum($1.totalCents) })
    }
}

package struct BillDeposit: Codable, Hashable, Sendable {
    package var amountCents: Cents
    /// The register's number of the payment type.
    package var paymentType: Int?

    package init(amountCents: Cents, paymentType: Int?) {
        self.amountCents = amountCents
        self.paymentType = paymentType
    }
}
