/// A physical table, as the register lists it.
struct KassanetTable: Sendable, Equatable {
    let number: Int
    let name: String?
}

extension KassanetClient {
    /// `TableNumbers`: the physical tables, in the register's order.
    ///
    /// Entries may be objects or plain numbers. An answer without the list is incomplete rather than empty, so that a
    /// broken answer never looks like a restaurant without tables.
    func tableNumbers(
        _ connection: KassanetConnection,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<[KassanetTable]> {
        try await perform(.tableNumbers, on: connection, call: call) {
            (fields, answer) throws(WireFieldError) -> [KassanetTable] in
            guard answer["TableNumbers"]?.elements != nil else { throw WireFieldError(field: "TableNumbers") }
            return fields.entries(answer["TableNumbers"], at: "TableNumbers") {
                (fields, entry) throws(WireFieldError) -> KassanetTable in
                if let number = entry.integer {
                    return KassanetTable(number: number, name: nil)
                }
                let number = try fields.integer("TableNumber", of: entry)
                return KassanetTable(number: number, name: entry["Name"]?.text)
            }
        }
    }
}
