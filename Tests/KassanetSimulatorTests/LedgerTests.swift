import Foundation
import Testing

@testable import KassanetSimulator

@Suite struct LedgerTests {
    private func withLedger<Result: Sendable>(
        _ body: @Sendable (SimulatorConfiguration, URL) async throws -> Result
    ) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "ledger-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        var configuration = SimulatorConfiguration.test
        configuration.ledgerPath = file.path()
        return try await body(configuration, file)
    }

    private func entries(_ file: URL) throws -> [LedgerEntry] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(LedgerEntry.self, from: Data($0.utf8))
        }
    }

    @Test func itHoldsExactlyTheEffects() async throws {
        try await withLedger { configuration, file in
            var configuration = configuration
            configuration.settings.tips = true
            try await withRegister(configuration) { register in
                let order = TestRequest.post("CreateOrder", Bodies.coffees())
                _ = try await register.send(.get("test"))
                _ = try await register.send(order)
                // None of these has an effect: a repeated id, an unknown article, a wrong amount, a read.
                _ = try await register.send(order)
                _ = try await register.send(.post("CreateOrder", Bodies.coffees().replacing("101", with: "999")))
                _ = try await register.send(.post("PayBill", Bodies.payment("1.00")))
                _ = try await register.send(.get("GetBill?tableNumber=12"))
                _ = try await register.send(.post("PostDeposit", Bodies.payment("2.00")))
                try await register.waiterAdds(table: 12, articleID: 104)
                try await register.waiterMoves(table: 12, to: 13)
                _ = try await register.send(.post("PayBill", Bodies.payment("6.20", table: 13, tip: "0.80")))
                try await register.waiterAdds(table: 1)
                try await register.waiterPays(table: 1)

                let written = try entries(file)
                #expect(written == (await register.ledger))
                #expect(written.map(\.seq) == Array(1...7))
                #expect(
                    written.map(\.effect) == [
                        .orderCreated, .depositPosted, .waiterAdded, .waiterMoved, .billPaid, .waiterAdded, .waiterPaid,
                    ]
                )
                #expect(written.map(\.amountCents) == [500, 200, 320, 620, 620, 250, 250])
                #expect(written.map(\.tipCents) == [0, 0, 0, 0, 80, 0, 0])
                #expect(written.map(\.table) == [12, 12, 12, 12, 13, 1, 1])
                #expect(written.first?.requestId == order.raw.values("request-id").first)
                #expect(written.first?.at == "2025-01-02T02:04:05.000Z")
                #expect(written.allSatisfy { !$0.late })
            }
        }
    }

    @Test func itAppendsToWhatIsThere() async throws {
        try await withLedger { configuration, file in
            for _ in 0..<2 {
                try await withRegister(configuration) { try await $0.waiterAdds(table: 1) }
            }
            #expect(try entries(file).count == 2)
        }
    }

    @Test func aLedgerThatCannotBeWrittenKeepsTheRegisterFromStarting() async throws {
        var configuration = SimulatorConfiguration.test
        configuration.ledgerPath = "/no/such/folder/ledger.jsonl"
        await #expect(throws: ConfigurationError.self) { try await RegisterSimulator.start(configuration) }
    }
}
