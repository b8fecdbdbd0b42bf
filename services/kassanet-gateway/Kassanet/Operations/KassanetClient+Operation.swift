extension KassanetClient {
    /// Calls an endpoint and reads its answer into a value.
    ///
    /// A field that the value cannot do without, missing or malformed, makes the answer `incomplete`.
    func perform<Value: Sendable>(
        _ endpoint: KassanetEndpoint,
        query: [(String, String)] = [],
        body: WireValue? = nil,
        on connection: KassanetConnection,
        call: KassanetCall,
        reading read: (inout WireFields, WireValue) throws(WireFieldError) -> Value
    ) async throws(KassanetError) -> KassanetAnswer<Value> {
        let answer = try await exchange(endpoint, query: query, body: body, on: connection, call: call)
        var fields = WireFields()
        do throws(WireFieldError) {
            let value = try read(&fields, answer.value)
            return KassanetAnswer(
                value: value,
                exchange: answer.exchange,
                remarks: fields.remarks,
                skipped: fields.skipped
            )
        } catch {
            let cause = KassanetError.Cause.incomplete(field: error.field)
            throw KassanetError(cause: cause, endpoint: endpoint, exchange: answer.exchange)
        }
    }
}
