import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

/// A bill that is read on one register proves nothing of an order that went to another.
@Suite("A register that was exchanged", .timeLimit(.minutes(2)), .serialized)
struct RegisterChangedTests {
    @Test("After a refusal or a lost answer of the old register, the new one's empty bill is no proof")
    func newRegisterIsNotRead() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.effectThenReset, on: "CreateOrder"))
            let order = Place.first.place()
            #expect(try await bed.service.placeOrder(order, bed.context()).outcome.knownValue == .noAnswer)
            await bed.register.add(.init(.resetBeforeEffect, on: "PayBill"))
            let payment = Place.first.pay(500)
            #expect(try await bed.service.settleBill(payment, bed.context()).outcome.knownValue == .noAnswer)

            let other = try await RegisterSimulator.start(SimulatorConfiguration())
            try await bed.connect { $0.baseURL = other.baseURL }
            for (finding, what) in [
                (try await placement(order.attemptId, bed), "placement"),
                (try await placement(order.attemptId, bed, afterRefusal: true), "refused placement"),
                (try await settlement(payment.attemptId, bed), "payment"),
            ] {
                #expect(finding.finding.knownValue == .unknown, "\(what)")
                #expect(finding.reason == "register_changed", "\(what)")
                #expect(finding.evidence.contains(bed.register.baseURL), "\(what)")
                #expect(finding.checkAgainInMs == nil, "\(what)")
            }
            #expect(await other.requests.isEmpty)

            // The old register at its address again, under new credentials: what it shows counts.
            try await bed.connect()
            #expect(try await placement(order.attemptId, bed).finding.knownValue == .done)
            await other.stop()
        }
    }

    @Test("The same address under the other provider's name is another register too (K6)")
    func otherProviderIsAnotherRegister() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.effectThenReset, on: "CreateOrder"))
            let order = Place.first.place()
            _ = try await bed.service.placeOrder(order, bed.context())
            _ = try await bed.connections.delete(
                merchant: Place.first.merchant,
                location: Place.first.location,
                provider: .vanhoutte
            )
            try await bed.connect(provider: .hendrickx)
            #expect(try await placement(order.attemptId, bed).reason == "register_changed")
        }
    }

    private func placement(
        _ attempt: UUID,
        _ bed: GatewayBed,
        afterRefusal: Bool = false
    ) async throws -> CheckResponse {
        var request = Place.first.check(attempt)
        request.afterRefusal = afterRefusal
        return try await bed.service.checkPlacement(request, bed.context())
    }

    private func settlement(_ attempt: UUID, _ bed: GatewayBed) async throws -> CheckResponse {
        try await bed.service.checkSettlement(
            CheckSettlementRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                attemptId: attempt,
                tableNumber: 901,
                kind: .settle,
                amountCents: 500,
                billBefore: Bill(tableNumber: 901, openCents: 500)
            ),
            bed.context()
        )
    }
}
