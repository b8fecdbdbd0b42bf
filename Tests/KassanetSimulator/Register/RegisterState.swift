/// Why the register says no.
struct Refusal: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

/// The register's memory: what it sells, its settings and its bills.
///
/// It knows no wire, no clock and no file.
struct RegisterState: Sendable, Equatable {
    var catalog: RegisterCatalog
    var settings: RegisterSettings
    var open: [Int: RegisterBill] = [:]
    var history: [RegisterBill] = []
    /// What is left of made-up products where it is not what it was at first.
    var madeUpStock: [Int: Int] = [:]

    /// The products that are not on the shelf.
    var madeUp: MadeUpCatalog { MadeUpCatalog(settings) }

    /// What an order may name: an article of the catalogue, or a made-up one.
    func article(_ id: Int) -> RegisterProduct? { catalog.product(id) ?? madeUp.article(id) }

    /// How many are left; nil where nobody counts.
    func stock(of id: Int) -> Int? {
        if let product = catalog.product(id) { return product.stock }
        return madeUp.firstStock(of: id).map { madeUpStock[id] ?? $0 }
    }

    /// The lowest number of the free range without an open bill: the same one to everyone, until a bill opens.
    var freeTable: Int? {
        settings.freeTables.sorted().first { open[$0] == nil }
    }

    func isTable(_ number: Int) -> Bool {
        settings.tables.contains(number) || settings.freeTables.contains(number)
    }

    private func requireTable(_ number: Int) throws(Refusal) {
        guard isTable(number) else { throw Refusal("Table \(number) does not exist") }
    }

    private func requireBill(_ table: Int) throws(Refusal) -> RegisterBill {
        guard let bill = open[table] else { throw Refusal("\(settings.noBillMessage) on table \(table)") }
        return bill
    }

    private mutating func close(_ bill: RegisterBill, as closing: RegisterBill.Closing) {
        var closed = bill
        closed.closed = closing
        history.append(closed)
        open[bill.table] = nil
    }
}

// MARK: - What a caller can do

extension RegisterState {
    /// Puts an order on its table, whole or not at all; an open bill grows by it.
    mutating func create(_ order: SentOrder, requestID: String) throws(Refusal) -> Happening {
        try requireTable(order.table)
        var lines: [RegisterLine] = []
        for item in order.items {
            var line = try charged(item)
            line.requestId = requestID
            lines.append(line)
        }
        guard lines.allSatisfy({ $0.totalCents != nil }) else { throw Refusal("The amount is too large") }
        try takeFromStock(lines)

        var bill = open[order.table] ?? RegisterBill(table: order.table)
        bill.tableText = order.tableText
        if let text = order.orderInfoText { bill.orderInfoTexts.append(text) }
        bill.lines += lines
        open[order.table] = bill
        let amount = lines.compactMap(\.totalCents).reduce(0, +)
        return Happening(effect: .orderCreated, bill: bill, items: lines, amountCents: amount)
    }

    /// Takes the exact rest of a bill and closes it.
    mutating func pay(_ payment: SentPayment) throws(Refusal) -> Happening {
        let bill = try requireBill(payment.table)
        try requirePaymentType(payment)
        guard payment.tipCents == nil || settings.tips else { throw Refusal("Tips are not activated") }
        guard payment.amountCents == bill.paymentCents else {
            throw Refusal(
                "The amount \(Money.text(payment.amountCents)) is not the bill's \(Money.text(bill.paymentCents))"
            )
        }
        close(bill, as: .paid)
        return Happening(
            effect: .billPaid,
            bill: bill,
            items: bill.lines,
            amountCents: payment.amountCents,
            tipCents: payment.tipCents ?? 0
        )
    }

    /// Takes part of a bill, which stays open.
    mutating func deposit(_ payment: SentPayment, requestID: String) throws(Refusal) -> Happening {
        var bill = try requireBill(payment.table)
        try requirePaymentType(payment)
        guard payment.amountCents > 0 else { throw Refusal("A deposit of nothing") }
        guard payment.amountCents <= bill.paymentCents else {
            throw Refusal("The deposit is more than the bill's \(Money.text(bill.paymentCents))")
        }
        let deposit = RegisterDeposit(
            amountCents: payment.amountCents,
            paymentNumber: payment.number,
            requestId: requestID
        )
        bill.deposits.append(deposit)
        open[payment.table] = bill
        return Happening(effect: .depositPosted, bill: bill, items: [], amountCents: payment.amountCents)
    }

    private func requirePaymentType(_ payment: SentPayment) throws(Refusal) {
        guard settings.paymentTypes.contains(where: { $0.number == payment.number && $0.name == payment.name }) else {
            throw Refusal("Payment type \(payment.number) \(payment.name) does not exist")
        }
    }

    /// The line as the register charges it.
    private func charged(_ line: RegisterLine) throws(Refusal) -> RegisterLine {
        guard let product = article(line.articleId) else {
            throw Refusal("Article \(line.articleId) does not exist")
        }
        var charged = line
        if settings.ownPrices { charged.unitPriceCents = product.priceCents }
        charged.variants = []
        for variant in line.variants { charged.variants.append(try self.charged(variant)) }
        return charged
    }

    private mutating func takeFromStock(_ lines: [RegisterLine]) throws(Refusal) {
        var needed: [Int: Int] = [:]
        for line in lines { needed.merge(line.articles, uniquingKeysWith: +) }
        var left: [(id: Int, stock: Int)] = []
        for (id, taken) in needed {
            guard let stock = stock(of: id) else { continue }
            guard stock >= taken else { throw Refusal("Only \(stock) left of \(article(id)?.name ?? "\(id)")") }
            left.append((id, stock - taken))
        }
        for (id, stock) in left { setStock(of: id, to: stock) }
    }

    private mutating func setStock(of id: Int, to stock: Int?) {
        guard catalog.product(id) != nil else { return madeUpStock[id] = stock }
        for index in catalog.products.indices where catalog.products[index].id == id {
            catalog.products[index].stock = stock
        }
    }
}

// MARK: - What people at the till can do

extension RegisterState {
    /// Counts what is left of a product anew; nil ends the counting of one on the shelf.
    mutating func count(_ id: Int, stock: Int?) throws(Refusal) {
        guard article(id) != nil else { throw Refusal("Article \(id) does not exist") }
        guard catalog.product(id) != nil || (stock != nil && madeUp.firstStock(of: id) != nil) else {
            throw Refusal("Article \(id) is made up, and counted down or not by countdownEvery alone")
        }
        setStock(of: id, to: stock)
    }

    mutating func waiterAdds(table: Int, articleID: Int, quantity: Int) throws(Refusal) -> Happening {
        try requireTable(table)
        guard let product = article(articleID) else { throw Refusal("Article \(articleID) does not exist") }
        guard (1...999).contains(quantity) else { throw Refusal("\(quantity) is no quantity") }
        let line = RegisterLine(
            articleId: articleID,
            text: product.name,
            quantity: quantity,
            unitPriceCents: product.priceCents
        )
        var bill = open[table] ?? RegisterBill(table: table)
        bill.lines.append(line)
        open[table] = bill
        return Happening(effect: .waiterAdded, bill: bill, items: [line], amountCents: line.totalCents ?? 0)
    }

    mutating func waiterPays(table: Int) throws(Refusal) -> Happening {
        let bill = try requireBill(table)
        close(bill, as: .paidAtTheTill)
        return Happening(effect: .waiterPaid, bill: bill, items: bill.lines, amountCents: bill.paymentCents)
    }

    /// Moves a bill to another table; one that is open there grows by it.
    mutating func waiterMoves(table: Int, to target: Int) throws(Refusal) -> Happening {
        let bill = try requireBill(table)
        try requireTable(target)
        guard target != table else { throw Refusal("Table \(table) is where it is") }
        close(bill, as: .moved)
        var moved = open[target] ?? RegisterBill(table: target, tableText: bill.tableText)
        moved.lines += bill.lines
        moved.deposits += bill.deposits
        moved.orderInfoTexts += bill.orderInfoTexts
        open[target] = moved
        return Happening(
            effect: .waiterMoved,
            bill: bill,
            items: bill.lines,
            amountCents: bill.paymentCents,
            toTable: target
        )
    }

    /// A register that restarts and remembers no bill.
    mutating func forget() {
        for bill in open.values.sorted(by: { $0.table < $1.table }) { close(bill, as: .forgotten) }
    }
}
