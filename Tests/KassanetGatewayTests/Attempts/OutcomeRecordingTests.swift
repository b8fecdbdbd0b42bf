import Contracts
import Foundation
import KassanetSimulator
import Postgres
import RPC
import Testing

@testable import KassanetGateway

/// The outcome of a write is told first and committed right after; nobody who asks in between is told anything else.
@Suite("Outcomes told before they are committed", .timeLimit(.minutes(5)), .serialized)
struct OutcomeRecordingTests {
    @Test("While the commit is held up, the caller has its answer, and whoever asks gets the same")
    func answerDoesNotWaitForTheCommit() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let request = Place.first.place()
            try await holdingUpCommit(of: request, bed) { told in
                #expect(told.outcome.knownValue == .done)
                #expect(try await state(of: request.attemptId, bed) == "sending")
                let asked = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
                #expect(asked == told)
                #expect(try await bed.service.placeOrder(request, bed.context()) == told)
                let foreign = await rpcError {
                    _ = try await bed.service.placeOrder(
                        Place.elsewhere.place(attempt: request.attemptId),
                        bed.context()
                    )
                }
                #expect(foreign?.reason == "not_connected")
            }
            await bed.service.attempts.finishAll()
            #expect(try await state(of: request.attemptId, bed) == "done")
            #expect(await bed.register.requests(endpoint: "CreateOrder").count == 1)
        }
    }

    @Test("A location's log tells its writes in the order in which they happened (K11)")
    func logKeepsItsOrder() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(.second)
            let first = Place.first.place(.sample(number: "1"))
            try await holdingUpCommit(of: first, bed) { _ in
                _ = try await bed.service.placeOrder(Place.first.place(.sample(number: "2")), bed.context())
                // Another location's does not wait for it.
                let other = Place.second.place(.sample(number: "3"), table: 902)
                _ = try await bed.service.placeOrder(other, bed.context())
                await bed.service.attempts.waitUntilRecorded(other.attemptId)
                #expect(try await state(of: other.attemptId, bed) == "done")
                let entries = try await bed.activity.entries(Place.first.merchant, Place.first.location)
                #expect(entries == [])
            }
            let messages = try await bed.log().map(\.message)
            #expect(messages == ["Order #2 was sent to table 901.", "Order #1 was sent to table 901."])
        }
    }

    @Test("A stop waits for the send under way and for its commit")
    func stopWaits() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 200))
            let request = Place.first.place()
            let call = Task { try await bed.service.placeOrder(request, bed.context()) }
            try await bed.register.waitForRequest(endpoint: "CreateOrder")
            call.cancel()
            await bed.service.attempts.finishAll()
            #expect(try await state(of: request.attemptId, bed) == "done")
            _ = await call.result
        }
    }

    /// Places an order, and runs the body when it is answered while its outcome cannot be committed.
    private func holdingUpCommit(
        of request: PlaceOrderRequest,
        _ bed: GatewayBed,
        _ body: (AttemptReport) async throws -> Void
    ) async throws {
        // It is answered when the row is locked.
        await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 60_000))
        let call = Task { try await bed.service.placeOrder(request, bed.context()) }
        try await bed.register.waitForRequest(endpoint: "CreateOrder")
        try await bed.postgres.transaction { transaction in
            _ = try await transaction.query(
                "SELECT 1 FROM attempts WHERE attempt_id = \(request.attemptId) FOR UPDATE"
            )
            bed.register.endSlowness()
            try await body(try await call.value)
        }
    }

    private func state(of attemptID: UUID, _ bed: GatewayBed) async throws -> String? {
        let row = try await bed.postgres.queryOne("SELECT state FROM attempts WHERE attempt_id = \(attemptID)")
        return try row?["state", as: String.self]
    }
}
