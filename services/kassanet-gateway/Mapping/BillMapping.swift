import Contracts

extension Bill {
    /// A register's bill in the contract's terms; no bill is an empty one.
    init(_ bill: KassanetBill?, table: Int) {
        self.init(
            tableNumber: table,
            text: bill?.text ?? "",
            openCents: bill?.totalCents ?? 0,
            lines: bill?.lines.map(BillLine.init) ?? [],
            deposits: bill?.deposits.map { BillDeposit(amountCents: $0.amountCents, paymentType: $0.paymentNumber) }
                ?? []
        )
    }
}

extension BillLine {
    init(_ line: KassanetBillLine) {
        self.init(
            plu: String(line.articleId),
            name: line.text,
            quantity: line.quantity,
            unitPriceCents: line.unitPriceCents,
            variants: line.variants.map(BillLine.init)
        )
    }

    /// A line as the register was sent it.
    init(_ item: KassanetOrderItem) {
        self.init(
            plu: String(item.articleId),
            name: item.text,
            quantity: item.quantity,
            unitPriceCents: item.unitPriceCents,
            variants: item.variants.map(BillLine.init)
        )
    }
}
