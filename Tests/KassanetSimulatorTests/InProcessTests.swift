import KassanetSimulator
import Testing

/// What the tests of other targets can reach, without `@testable`.
@Suite struct InProcessTests {
    @Test func everythingTheControlAPIDoesIsAMethod() async throws {
        var configuration = SimulatorConfiguration()
        configuration.settings.freeTables = [901, 902]
        configuration.catalog = RegisterCatalog(products: [
            RegisterProduct(id: 1, name: "Beer", priceCents: 300, stock: 4),
            RegisterProduct(id: 2, name: "Wine", priceCents: 450),
        ])
        let register = try await RegisterSimulator.start(configuration)
        #expect(register.baseURL.hasPrefix("http://127.0.0.1:"))
        #expect(register.controlURL.hasPrefix("http://127.0.0.1:"))

        try await register.waiterAdds(table: 901, articleID: 2, quantity: 2)
        #expect(await register.bill(table: 901)?.lines.first?.totalCents == 900)
        try await register.waiterMoves(table: 901, to: 3)
        try await register.waiterPays(table: 3)
        try await register.waitFor(effect: .waiterPaid)
        #expect(await register.ledger.map(\.effect) == [.waiterAdded, .waiterMoved, .waiterPaid])
        #expect(await register.history.map(\.closed) == [.moved, .paidAtTheTill])

        await register.changeSettings { $0.billOff = true }
        #expect(await register.settings.billOff)
        await register.setCatalog(.brasserie)
        #expect(await register.catalog.product(102)?.name == "Crème brûlée")

        await register.add(
            RegisterFault(.lateEffect, on: "CreateOrder", delayMs: 500, connection: .reset),
            RegisterFault(.refuse, on: "PayBill", times: 2, skip: 1, message: "No")
        )
        #expect(await register.faults.count == 2)
        await register.clearFaults()
        await register.landLateEffects()
        await register.forget()
        #expect(await register.openBills.isEmpty)
        #expect(await register.requests.isEmpty)
        #expect(await register.violations.isEmpty)
        try await register.setPower(on: false)
        try await register.setPower(on: true)
        await register.stop()
    }
}
