/// The body of a `PayBill` or a `PostDeposit`, read by the letter.
struct SentPayment: Sendable, Equatable {
    var table: Int
    var billInfoText: String
    var number: Int
    var name: String
    var amountCents: Int
    /// Nil when the field was left out, as it must be without a tip.
    var tipCents: Int?

    init(_ body: WireValue, _ place: String, tip: Bool) throws(WrongShape) {
        let known: Set = ["TableNumber", "BillInfoText", "Payments"]
        let reader = try ShapeReader(body, place, known: tip ? known.union(["TipAmount"]) : known)
        table = try reader.integer("TableNumber", in: 1...999_999)
        billInfoText = try reader.text("BillInfoText")
        tipCents = try reader.optionalCents("TipAmount")
        if tipCents == 0 { throw WrongShape(detail: "\(place).TipAmount is sent without a tip") }

        let payments = try reader.array("Payments")
        guard payments.count == 1, let only = payments.first else {
            throw WrongShape(detail: "\(place).Payments has not exactly one entry")
        }
        let payment = try ShapeReader(only, "\(place).Payments[0]", known: ["Number", "Name", "Amount"])
        number = try payment.integer("Number", in: 1...999_999)
        name = try payment.text("Name")
        amountCents = try payment.cents("Amount")
    }
}
