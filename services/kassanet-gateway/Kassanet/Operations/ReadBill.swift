/// An open bill on a table.
struct KassanetBill: Sendable, Equatable {
    let table: Int
    /// Begins with channel and order number for bills of ours; empty when the register gives none.
    let text: String
    /// What is still to pay: net of deposits.
    let totalCents: Int
    let lines: [KassanetBillLine]
    let deposits: [KassanetDeposit]
}

struct KassanetBillLine: Sendable, Equatable {
    let articleId: Int
    let text: String
    /// Negative on a line that takes something back.
    let quantity: Int
    let unitPriceCents: Int
    /// Their quantities are per unit of this line.
    let variants: [KassanetBillLine]
}

struct KassanetDeposit: Sendable, Equatable {
    let amountCents: Int
    let paymentNumber: Int?
}

extension KassanetClient {
    /// `GetBill`: the bill on a table, or nil when the register says that there is none.
    ///
    /// A bill exists when the answer lists items or a total other than 0. None exists when it lists nothing and the
    /// total is 0, or when the register refuses with one of the connection's `noBillMessages`. Every other refusal is
    /// thrown and decides nothing (kassanet-wire.md, Bill or no bill).
    func readBill(
        _ connection: KassanetConnection,
        table: Int,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<KassanetBill?> {
        do throws(KassanetError) {
            return try await perform(.bill, query: [("tableNumber", String(table))], on: connection, call: call) {
                (fields, answer) throws(WireFieldError) -> KassanetBill? in
                try KassanetBill.read(answer, table: table, &fields)
            }
        } catch {
            guard case .refused(let message) = error.cause, connection.meansNoBill(message) else { throw error }
            return KassanetAnswer(value: nil, exchange: error.exchange, remarks: [])
        }
    }
}

extension KassanetConnection {
    fileprivate func meansNoBill(_ message: String) -> Bool {
        noBillMessages.contains { !$0.isEmpty && message.lowercased().contains($0.lowercased()) }
    }
}

extension KassanetBill {
    fileprivate static func read(
        _ answer: WireValue,
        table: Int,
        _ fields: inout WireFields
    ) throws(WireFieldError) -> KassanetBill? {
        guard let billTotal = answer["BillTotal"] else { throw WireFieldError(field: "BillTotal") }
        let total = try fields.within("BillTotal") { (fields) throws(WireFieldError) in
            try fields.cents("Payment", of: billTotal)
        }
        // An entry that cannot be read is still an item on the bill.
        let hasItems = answer["Items"]?.elements?.isEmpty == false
        guard hasItems || total != 0 else { return nil }
        if let named = answer["TableNumber"]?.integer, named != table {
            throw WireFieldError(field: "TableNumber")
        }
        return KassanetBill(
            table: table,
            text: answer["TableText"]?.text ?? "",
            totalCents: total,
            lines: KassanetBillLine.read(answer["Items"], at: "Items", &fields),
            deposits: fields.entries(answer["Deposits"], at: "Deposits") {
                (fields, entry) throws(WireFieldError) -> KassanetDeposit in
                KassanetDeposit(
                    amountCents: try fields.cents("Amount", of: entry),
                    paymentNumber: entry["PaymentNumber"]?.integer
                )
            }
        )
    }
}

extension KassanetBillLine {
    /// A number of units that a restaurant can have sold; anything else is no line that can be counted with.
    private static func quantity(of entry: WireValue, _ fields: WireFields) throws(WireFieldError) -> Int {
        let quantity = try fields.integer("Quantity", of: entry)
        guard (-100_000...100_000).contains(quantity) else { throw WireFieldError(field: "Quantity") }
        return quantity
    }

    fileprivate static func read(
        _ list: WireValue?,
        at name: String,
        _ fields: inout WireFields
    ) -> [KassanetBillLine] {
        fields.entries(list, at: name) { (fields, entry) throws(WireFieldError) -> KassanetBillLine in
            KassanetBillLine(
                articleId: try fields.integer("ArticleId", of: entry),
                text: entry["Text"]?.text ?? "",
                quantity: try quantity(of: entry, fields),
                unitPriceCents: try fields.cents("UnitPrice", of: entry),
                variants: read(entry["Variants"], at: "Variants", &fields)
            )
        }
    }
}
