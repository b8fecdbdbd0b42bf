/// What a register says about itself.
struct KassanetSystem: Sendable, Equatable {
    /// Whether the register takes tips (rule K35).
    let tipCalculatorActivated: Bool
    let name: String?
    let version: String?
}

extension KassanetClient {
    /// `test`: succeeds when the register answers and its `IsSuccessStatusCode` is not false (rule K4).
    func testRegister(
        _ connection: KassanetConnection,
        call: KassanetCall = KassanetCall()
    ) async throws(KassanetError) -> KassanetAnswer<KassanetSystem> {
        try await perform(.test, on: connection, call: call) { _, answer in
            KassanetSystem(
                tipCalculatorActivated: answer["tipCalculatorActivated"]?.flag ?? false,
                name: answer["SystemName"]?.text,
                version: answer["SystemVersion"]?.text
            )
        }
    }
}
