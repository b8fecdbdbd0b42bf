extension KassanetClient {
    /// `GetFreeTableNumber`: a number that has no open bill, or nil when the register has none to give.
    ///
    /// It reserves nothing: the register names the same number to everyone until a bill opens.
    func freeTableNumber(
        _ connection: KassanetConnection,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<Int?> {
        try await perform(.freeTableNumber, on: connection, call: call) {
            (fields, answer) throws(WireFieldError) -> Int? in
            if answer["TableNumber"]?.flag == false {
                return nil
            }
            let number = try fields.integer("TableNumber", of: answer)
            guard number > 0 else { throw WireFieldError(field: "TableNumber") }
            return number
        }
    }
}
