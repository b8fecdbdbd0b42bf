extension KassanetClient {
    /// `PostDeposit`: pays part of a table's bill, which stays open.
    func postDeposit(
        _ connection: KassanetConnection,
        _ payment: KassanetPayment,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<Void> {
        try await perform(.postDeposit, body: payment.body, on: connection, call: call) { _, _ in }
    }
}
