import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

@Suite("Bounds on calls under way", .timeLimit(.minutes(5)), .serialized)
struct BoundsTests {
    @Test("A flood of reads that hang takes no place from a write, and the next read is refused clearly")
    func readsDoNotStarveWrites() async throws {
        try await GatewayBed.with(slots: .init(reads: 6, writes: 2, perRegister: 6)) { bed in
            try await bed.connect()
            try await whileReadsHang(6, at: .first, bed) {
                let refused = await rpcError {
                    _ = try await bed.service.askFreeTable(Place.first.itself, bed.context())
                }
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.reason == "gateway_busy")
                #expect(refused?.nextAction == .retry)
                #expect(refused?.message.contains("6 reads") == true)
                let placed = try await bed.service.placeOrder(Place.first.place(), bed.context())
                #expect(placed.outcome.knownValue == .done)
                #expect(try await bed.connection().status == .connected)
            }
            // Places come back.
            _ = try await bed.service.askFreeTable(Place.first.itself, bed.context())
        }
    }

    @Test("A register that swallows every call holds its own places only; other locations' registers are reached")
    func oneRegisterHoldsFewPlaces() async throws {
        try await GatewayBed.with(slots: .init(reads: 100, writes: 100, perRegister: 3)) { bed in
            let other = try await RegisterSimulator.start(SimulatorConfiguration())
            try await bed.connect()
            try await bed.connect(.second) { $0.baseURL = other.baseURL }
            try await whileReadsHang(3, at: .first, bed) {
                let refused = await rpcError {
                    _ = try await bed.service.readBill(Place.first.bill(), bed.context())
                }
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.reason == "register_busy")
                let tested = await rpcError {
                    _ = try await bed.service.testConnection(Place.first.itself, bed.context())
                }
                #expect(tested?.reason == "register_busy")
                _ = try await bed.service.readBill(Place.second.bill(), bed.context())
                #expect(try await bed.connection().status == .connected)
            }
            await other.stop()
        }
    }

    @Test("A write without a place is not sent, says so, and marks nothing")
    func writesAreBounded() async throws {
        try await GatewayBed.with(slots: .init(reads: 9, writes: 1, perRegister: 9)) { bed in
            try await bed.connect()
            await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 60_000))
            async let first = bed.service.placeOrder(Place.first.place(), bed.context())
            try await bed.register.waitForRequest(endpoint: "CreateOrder")
            let second = try await bed.service.placeOrder(Place.first.place(table: 902), bed.context())
            #expect(second.outcome.knownValue == .notSent)
            #expect(second.reason == "gateway_busy")
            bed.register.endSlowness()
            #expect(try await first.outcome.knownValue == .done)
            #expect(await bed.register.requests(endpoint: "CreateOrder").count == 1)
            #expect(try await bed.connection().status == .connected)
        }
    }

    /// Runs the body while reads of a location wait for a register that does not answer.
    private func whileReadsHang(
        _ count: Int,
        at place: Place,
        _ bed: GatewayBed,
        _ body: () async throws -> Void
    ) async throws {
        await bed.register.add(.init(.neverAnswer, on: "TableNumbers", times: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { _ = try? await bed.service.listTables(place.itself, bed.context()) }
            }
            try await bed.register.waitForRequest(endpoint: "TableNumbers", count: count)
            try await body()
            group.cancelAll()
        }
        await bed.register.clearFaults()
    }
}
