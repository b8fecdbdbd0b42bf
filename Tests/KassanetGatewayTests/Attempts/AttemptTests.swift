import Contracts
import Foundation
import KassanetSimulator
import Postgres
import RPC
import Testing

@testable import KassanetGateway

/// Writes towards a register (architecture page): committed first, sent at most once, always accounted for.
@Suite("Attempts at the register", .timeLimit(.minutes(5)), .serialized)
struct AttemptTests {
    @Test("One attempt id, sixteen calls at once, one CreateOrder (K30)")
    func oneAttemptIsSentOnce() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let request = Place.first.place()
            let reports = try await withThrowingTaskGroup { group in
                for _ in 0..<16 {
                    group.addTask { try await bed.service.placeOrder(request, bed.context()) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let outcomes = reports.compactMap(\.outcome.knownValue)
            #expect(outcomes.count == 16)
            #expect(outcomes.contains(.done))
            #expect(outcomes.allSatisfy { [.done, .inProgress].contains($0) })
            #expect(await bed.register.requests(endpoint: "CreateOrder").count == 1)
            let late = try await bed.service.placeOrder(request, bed.context())
            #expect(late.outcome.knownValue == .done)
            #expect(late == (try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())))
            #expect(await bed.register.requests(endpoint: "CreateOrder").count == 1)
        }
    }

    @Test("An attempt that nobody knows is ruled out, and is not sent when it arrives after all")
    func unknownAttemptIsRuledOut() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let request = Place.first.place()
            let looked = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
            #expect(looked.outcome.knownValue == .notSent)
            #expect(looked.reason == "never_received")
            #expect(looked.explanation?.isEmpty == false)
            let placed = try await bed.service.placeOrder(request, bed.context())
            #expect(placed == looked)
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("Each outcome is recorded with its reason and explanation, and told again (K34)")
    func outcomesAreRecorded() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let done = try await place(bed)
            #expect(done.outcome.knownValue == .done)
            #expect(done.requestId != nil)

            await bed.register.add(.init(.refuse, on: "CreateOrder", message: "The kitchen is closed"))
            let refused = try await place(bed)
            #expect(refused.outcome.knownValue == .refused)
            #expect(refused.reason == "refused_by_register")
            #expect(refused.registerMessage == "The kitchen is closed")
            #expect(refused.explanation?.contains("The kitchen is closed") == true)

            let invalid = try await place(bed, .sample(items: [OrderItem(plu: "x", name: "Tea", unitPriceCents: 1)]))
            #expect(invalid.outcome.knownValue == .notSent)
            #expect(invalid.reason == "invalid_order")
            #expect(invalid.requestId == nil)

            let late = try await place(bed, within: 1)
            #expect(late.outcome.knownValue == .notSent)
            #expect(late.reason == "too_late")

            await bed.register.add(.init(.effectThenReset, on: "CreateOrder"))
            let lost = try await place(bed)
            #expect(lost.outcome.knownValue == .noAnswer)
            #expect(lost.reason == "no_answer")
            #expect(lost.explanation?.isEmpty == false)

            await bed.service.attempts.finishAll()
            let rows = try await bed.postgres.query(
                "SELECT state, sends, http_status FROM attempts ORDER BY created_at"
            )
            #expect(
                try rows.map { try $0["state", as: String.self] } == [
                    "done", "refused", "not_sent", "not_sent", "no_answer",
                ]
            )
            #expect(try rows.map { try $0["sends", as: Int.self] } == [1, 1, 0, 0, 1])
            #expect(try rows.map { try $0["http_status", as: Int?.self] } == [200, 200, nil, nil, nil])
        }
    }

    /// Places an order and checks that `GetAttempt` says the same.
    private func place(
        _ bed: GatewayBed,
        _ order: PosOrder = .sample(),
        within seconds: Double = 60
    ) async throws -> AttemptReport {
        let request = Place.first.place(order, within: seconds)
        let report = try await bed.service.placeOrder(request, bed.context())
        let again = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
        #expect(again == report)
        return report
    }

    @Test("What a dead instance was sending has no answer; what a live one is sending is in progress")
    func senderIsDeadOrAlive() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let other = AttemptStore(pool: bed.postgres, instance: UUID())
            let intent = Intent(Place.first.place())
            #expect(try await other.begin(intent) == nil)
            let lock = InstanceLock(
                GatewayBed.configuration(bed.databaseURL),
                namespace: AttemptRunner.namespace,
                instance: other.instance,
                logger: bed.logs.logger
            )
            let living = Task { try await lock.run() }
            try await lock.waitUntilHeld()
            let alive = try await bed.service.getAttempt(Place.first.attempt(intent.attemptID), bed.context())
            #expect(alive.outcome.knownValue == .inProgress)
            living.cancel()
            _ = await living.result
            let dead = try await firstValue {
                let report = try await bed.service.getAttempt(Place.first.attempt(intent.attemptID), bed.context())
                return report.outcome.knownValue == .inProgress ? nil : report
            }
            #expect(dead?.outcome.knownValue == .noAnswer)
            let again = try await bed.service.getAttempt(Place.first.attempt(intent.attemptID), bed.context())
            #expect(again.outcome.knownValue == .noAnswer)
            #expect(again.reason == "gateway_stopped")
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("The answer that first tells of a dead sender has the reason too")
    func deadSenderIsExplainedAtOnce() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let intent = Intent(Place.first.place())
            _ = try await AttemptStore(pool: bed.postgres, instance: UUID()).begin(intent)
            let report = try await bed.service.getAttempt(Place.first.attempt(intent.attemptID), bed.context())
            #expect(report.outcome.knownValue == .noAnswer)
            #expect(report.reason == "gateway_stopped")
            #expect(report.explanation?.isEmpty == false)
        }
    }

    @Test("A sender that was taken for dead may send until its time is up; one that ended may not")
    func deadSenderMaySendUntilItsTimeIsUp() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let cutOff = Intent(Place.first.place())
            _ = try await AttemptStore(pool: bed.postgres, instance: UUID()).begin(cutOff)
            _ = try await bed.service.getAttempt(Place.first.attempt(cutOff.attemptID), bed.context())
            let ended = Place.first.place()
            _ = try await bed.service.placeOrder(ended, bed.context())
            await bed.service.attempts.waitUntilRecorded(ended.attemptId)
            func check(_ id: UUID) async throws -> AttemptCheck {
                let place = Place.first
                return try #require(try await bed.attempts.recordCheck(id, place.merchant, place.location))
            }
            #expect(abs(try await check(cutOff.attemptID).sentBy.timeIntervalSince(cutOff.notAfter)) < 0.01)
            let over = try await check(ended.attemptId)
            #expect(over.sentBy <= over.firstAt)
        }
    }

    @Test("An outcome that is recorded while a look-up takes its sender for dead is the one that is told")
    func recordedOutcomeWinsOverDoubt() async throws {
        try await GatewayBed.with { bed in
            let other = AttemptStore(pool: bed.postgres, instance: UUID())
            let intent = Intent(Place.first.place())
            _ = try await other.begin(intent)
            let result = AttemptResult(outcome: .done, activity: (.success, "Sent."))
            try await other.finish(intent.attemptID, result)
            let settled = try await bed.attempts.recordSenderGone(intent.attemptID)
            #expect(settled.outcome == .done)
        }
    }

    @Test("An attempt whose outcome could not be recorded is in doubt, however often it is asked for")
    func unrecordedOutcomeIsInDoubt() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            let request = Place.first.place()
            // What a failed `finish` of this very process leaves behind.
            _ = try await bed.attempts.begin(Intent(request))
            let repeated = try await bed.service.placeOrder(request, bed.context())
            #expect(repeated.outcome.knownValue == .noAnswer)
            let looked = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
            #expect(looked.outcome.knownValue == .noAnswer)
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("Another merchant's attempt, and another location's, is not found", arguments: [Place.elsewhere, .second])
    func attemptsAreTheirOwners(_ other: Place) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(other)
            let request = Place.first.place()
            _ = try await bed.service.placeOrder(request, bed.context())
            for call in [
                { _ = try await bed.service.getAttempt(other.attempt(request.attemptId), bed.context()) },
                { _ = try await bed.service.placeOrder(other.place(attempt: request.attemptId), bed.context()) },
                { _ = try await bed.service.checkPlacement(other.check(request.attemptId), bed.context()) },
            ] as [() async throws -> Void] {
                let error = await rpcError(call)
                #expect(error?.code == .notFound)
                #expect(error?.reason == "unknown_attempt")
            }
            #expect(await bed.register.requests(endpoint: "CreateOrder").count == 1)
        }
    }

    @Test("A caller that goes away does not break off a send: its outcome is recorded")
    func cancelledCallIsRecorded() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.slow, on: "CreateOrder", delayMs: 200))
            let request = Place.first.place()
            let call = Task { try await bed.service.placeOrder(request, bed.context()) }
            try await bed.register.waitForRequest(endpoint: "CreateOrder")
            call.cancel()
            _ = await call.result
            let report = try await bed.service.getAttempt(Place.first.attempt(request.attemptId), bed.context())
            #expect(report.outcome.knownValue == .done)
            #expect(try await bed.log().first?.message.contains("#1042") == true)
        }
    }

    @Test("Nothing is sent with less time left than one send may take", arguments: [0.5, -10])
    func tooLateIsNotSent(_ seconds: Double) async throws {
        try await GatewayBed.with(total: .seconds(5)) { bed in
            try await bed.connect()
            let report = try await bed.service.placeOrder(Place.first.place(within: seconds), bed.context())
            #expect(report.outcome.knownValue == .notSent)
            #expect(report.reason == "too_late")
            #expect(await bed.register.requests.isEmpty)
            #expect(try await bed.connection().status == .connected)
        }
    }
}

extension Intent {
    init(_ request: PlaceOrderRequest) {
        self.init(
            attemptID: request.attemptId,
            merchantID: request.merchantId,
            locationID: request.locationId,
            operation: .placeOrder,
            tableNumber: request.tableNumber,
            register: "vanhoutte http://127.0.0.1:1",
            notAfter: request.notAfter
        )
    }
}

extension Place {
    func check(_ attempt: UUID, _ order: PosOrder = .sample(), table: Int = 901) -> CheckPlacementRequest {
        CheckPlacementRequest(
            merchantId: merchant,
            locationId: location,
            attemptId: attempt,
            tableNumber: table,
            order: order,
            baseline: Bill(tableNumber: table),
            afterRefusal: false
        )
    }
}

/// The first value that is had, or nothing after a minute; PostgreSQL notices a lost connection when it does.
func firstValue<Value>(_ body: () async throws -> Value?) async throws -> Value? {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if let value = try await body() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    return nil
}
