/// A payment with exactly one payment type, as `PayBill` and `PostDeposit` take it.
struct KassanetPayment: Sendable, Equatable {
    var tableNumber: Int
    var billInfoText: String?
    var paymentType: KassanetPaymentType
    /// Without the tip.
    var amountCents: Int
    /// Left out of the body when 0.
    var tipCents = 0
}

extension KassanetPayment {
    var body: WireValue {
        .members(
            ("TableNumber", .integer(tableNumber)),
            ("BillInfoText", billInfoText.map { .string($0) }),
            (
                "Payments",
                .array([
                    .members(
                        ("Number", .integer(paymentType.number)),
                        ("Name", .string(paymentType.name)),
                        ("Amount", .cents(amountCents))
                    )
                ])
            ),
            ("TipAmount", tipCents == 0 ? nil : .cents(tipCents))
        )
    }
}

extension KassanetClient {
    /// `PayBill`: pays and closes a table's bill.
    ///
    /// The register refuses an amount other than the bill's total at that moment; a bill of 0 is closed with 0.
    func payBill(
        _ connection: KassanetConnection,
        _ payment: KassanetPayment,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<Void> {
        try await perform(.payBill, body: payment.body, on: connection, call: call) { _, _ in }
    }
}
