import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

/// A bill that is read on one register proves nothing of an order that went to another.
@Suite("A register that was exchanged", .timeLimit(.minutes(5)), .serialized)
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

    /// I4: a bill with the same dishes on it is another guest's, and is not paid with this one's money.
    @Test("A bill of another register is not compared with an order that went to the first")
    func anotherRegistersBillIsNotCompared() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let order = Place.first.place()
            #expect(try await bed.service.placeOrder(order, bed.context()).outcome.knownValue == .done)
            func read(_ attempt: UUID?) async throws -> ReadBillResponse {
                try await bed.service.readBill(
                    ReadBillRequest(
                        merchantId: Place.first.merchant,
                        locationId: Place.first.location,
                        tableNumber: order.tableNumber,
                        comparedWith: BillComparison(
                            order: order.order,
                            baseline: Bill(tableNumber: order.tableNumber),
                            attemptId: attempt
                        )
                    ),
                    bed.context()
                )
            }
            let here = try await read(order.attemptId)
            #expect(here.sentElsewhere == nil)
            #expect(here.growth?.isOursAlone == true)

            let other = try await RegisterSimulator.start(SimulatorConfiguration())
            try await bed.connect { $0.baseURL = other.baseURL }
            let there = try await read(order.attemptId)
            #expect(there.growth == nil)
            #expect(there.sentElsewhere?.contains(bed.register.baseURL) == true)
            // An attempt that is no longer kept, and a caller that names none, are compared as ever.
            for attempt in [UUID(), nil] {
                let unknown = try await read(attempt)
                #expect(unknown.sentElsewhere == nil)
                #expect(unknown.growth != nil)
            }
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
