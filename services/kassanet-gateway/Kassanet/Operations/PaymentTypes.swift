/// A way to pay that the register knows.
struct KassanetPaymentType: Sendable, Equatable {
    let number: Int
    let name: String
}

extension [KassanetPaymentType] {
    /// The payment type of web orders: the one of this name, compared without case (kassanet-wire.md, The webshop
    /// payment type).
    func webshop(named name: String) -> KassanetPaymentType? {
        first { $0.name.trimmingSpaces().lowercased() == name.trimmingSpaces().lowercased() }
    }
}

extension KassanetClient {
    /// `GetPaymentTypes`: every payment type, in the register's order.
    func paymentTypes(
        _ connection: KassanetConnection,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<[KassanetPaymentType]> {
        try await perform(.paymentTypes, on: connection, call: call) {
            (fields, answer) throws(WireFieldError) -> [KassanetPaymentType] in
            guard answer["Payments"]?.elements != nil else { throw WireFieldError(field: "Payments") }
            return fields.entries(answer["Payments"], at: "Payments") {
                (fields, entry) throws(WireFieldError) -> KassanetPaymentType in
                KassanetPaymentType(
                    number: try fields.integer("Number", of: entry),
                    name: try fields.text("Name", of: entry)
                )
            }
        }
    }
}
