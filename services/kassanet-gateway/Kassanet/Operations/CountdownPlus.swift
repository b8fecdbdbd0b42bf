/// How many of an article are left; one that is not listed is not limited.
struct KassanetCountdown: Sendable, Equatable {
    let articleId: Int
    let name: String?
    let stock: Int
}

extension KassanetClient {
    /// `GetCountdownPluState`: what is left of the articles that are counted (rule K27).
    ///
    /// With a threshold the register lists only those at or under it.
    func countdownPlus(
        _ connection: KassanetConnection,
        threshold: Int? = nil,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<[KassanetCountdown]> {
        let query = threshold.map { [("threshold", String($0))] } ?? []
        return try await perform(.countdownPluState, query: query, on: connection, call: call) {
            (fields, answer) throws(WireFieldError) -> [KassanetCountdown] in
            guard answer["CountdownPlus"]?.elements != nil else { throw WireFieldError(field: "CountdownPlus") }
            return fields.entries(answer["CountdownPlus"], at: "CountdownPlus") {
                (fields, entry) throws(WireFieldError) -> KassanetCountdown in
                KassanetCountdown(
                    articleId: try fields.integer("Id", of: entry),
                    name: entry["Name"]?.text,
                    stock: try fields.integer("Stock", of: entry)
                )
            }
        }
    }
}
