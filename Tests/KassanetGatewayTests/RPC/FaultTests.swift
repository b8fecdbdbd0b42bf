import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

/// A fault of the register, and what a call that meets it comes to.
struct Meeting: Sendable, CustomTestStringConvertible {
    let fault: RegisterFault.Kind
    var status = 500
    var delayMs = 20
    let outcome: AttemptOutcome
    let reason: String?
    /// Whether the register had its effect.
    let happens: Bool
    /// What the location is afterwards.
    let leaves: ConnectionStatus

    var testDescription: String { fault == .status ? "status \(status)" : fault.rawValue }

    func fault(on endpoint: String) -> RegisterFault {
        RegisterFault(fault, on: endpoint, delayMs: delayMs, status: status, message: #"{"IsSuccessStatusCode":true}"#)
    }

    /// Time enough for a register that answers, and not long to wait for one that does not.
    var limit: Duration {
        [.neverAnswer, .effectNeverAnswer, .lateEffect].contains(fault) ? .seconds(2) : .seconds(25)
    }

    private static func lost(_ fault: RegisterFault.Kind, happens: Bool, delayMs: Int = 20) -> Meeting {
        Meeting(
            fault: fault,
            delayMs: delayMs,
            outcome: .noAnswer,
            reason: "no_answer",
            happens: happens,
            // The read that settles it decides that, and must be possible.
            leaves: .connected
        )
    }

    private static func status(_ status: Int) -> Meeting {
        Meeting(
            fault: .status,
            status: status,
            outcome: .noAnswer,
            reason: "no_answer",
            happens: false,
            leaves: .connected
        )
    }

    private static func wrongConnection(_ status: Int) -> Meeting {
        Meeting(
            fault: .status,
            status: status,
            outcome: .notSent,
            reason: "register_misconfigured",
            happens: false,
            leaves: .misconfigured
        )
    }

    private static func fine(_ fault: RegisterFault.Kind, delayMs: Int = 20) -> Meeting {
        Meeting(fault: fault, delayMs: delayMs, outcome: .done, reason: nil, happens: true, leaves: .connected)
    }

    /// Every kind of fault that a write can meet.
    static let writes: [Meeting] = [
        Meeting(
            fault: .refuse,
            outcome: .refused,
            reason: "refused_by_register",
            happens: false,
            leaves: .connected
        ),
        lost(.neverAnswer, happens: false), lost(.effectNeverAnswer, happens: true),
        lost(.resetBeforeEffect, happens: false), lost(.effectThenReset, happens: true),
        lost(.lateEffect, happens: false, delayMs: 600_000), lost(.statusWithEffect, happens: true),
        lost(.garbage, happens: true), lost(.badLength, happens: true), lost(.wrongKey, happens: true),
        lost(.truncated, happens: true), lost(.huge, happens: true), lost(.redirect, happens: false),
        status(408), status(500), status(502), status(503), status(504), wrongConnection(401), wrongConnection(403),
        wrongConnection(404), fine(.slow), fine(.drip, delayMs: 1), fine(.plain), fine(.answer),
    ]
}

@Suite("What a write that meets a fault comes to (K7, K30)", .timeLimit(.minutes(5)), .serialized)
struct WriteFaultTests {
    @Test("CreateOrder tells what the register did, is sent once, and marks the location", arguments: Meeting.writes)
    func createOrder(_ met: Meeting) async throws {
        try await GatewayBed.with(total: met.limit) { bed in
            try await bed.connect()
            await bed.register.add(met.fault(on: "CreateOrder"))
            let report = try await bed.service.placeOrder(Place.first.place(), bed.context())
            try await check(report, met, "CreateOrder", .orderCreated, bed)
        }
    }

    @Test("PayBill tells what the register did, is sent once, and marks the location", arguments: Meeting.writes)
    func payBill(_ met: Meeting) async throws {
        try await GatewayBed.with(total: met.limit) { bed in
            try await bed.connect()
            try await bed.register.waiterAdds(table: 901, articleID: 101, quantity: 2)
            await bed.register.add(met.fault(on: "PayBill"))
            let report = try await bed.service.settleBill(Place.first.pay(500), bed.context())
            try await check(report, met, "PayBill", .billPaid, bed)
        }
    }

    @Test("PostDeposit tells what the register did, is sent once, and marks the location", arguments: Meeting.writes)
    func postDeposit(_ met: Meeting) async throws {
        try await GatewayBed.with(total: met.limit) { bed in
            try await bed.connect()
            try await bed.register.waiterAdds(table: 901, articleID: 101, quantity: 2)
            await bed.register.add(met.fault(on: "PostDeposit"))
            let report = try await bed.service.postDeposit(Place.first.pay(200), bed.context())
            try await check(report, met, "PostDeposit", .depositPosted, bed)
        }
    }

    private func check(
        _ report: AttemptReport,
        _ met: Meeting,
        _ endpoint: String,
        _ effect: LedgerEntry.Effect,
        _ bed: GatewayBed
    ) async throws {
        #expect(report.outcome.knownValue == met.outcome)
        #expect(report.reason == met.reason)
        #expect((report.explanation == nil) == (met.outcome == .done))
        #expect((report.registerMessage != nil) == (met.outcome == .refused))
        let sent = await bed.register.requests(endpoint: endpoint)
        #expect(sent.count == 1)
        #expect(report.requestId == sent.first?.requestId)
        #expect(await bed.register.ledger.contains { $0.effect == effect } == met.happens)
        #expect(try await bed.connection().status == met.leaves)
        #expect(try await bed.log().first?.type == (met.outcome == .done ? "success" : "error"))
    }

    @Test("A waiter's line that comes first does not stop an order, and stops an exact payment")
    func waiterCameFirst() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.tableTaken, on: "CreateOrder", articleId: 104))
            let placed = try await bed.service.placeOrder(Place.first.place(), bed.context())
            #expect(placed.outcome.knownValue == .done)
            await bed.register.add(.init(.waiterAdds, on: "PayBill", articleId: 104))
            let paid = try await bed.service.settleBill(Place.first.pay(820), bed.context())
            #expect(paid.outcome.knownValue == .refused)
            #expect(paid.registerMessage?.contains("11.40") == true)
            await bed.register.add(.init(.waiterAdds, on: "PostDeposit", articleId: 104))
            let deposit = try await bed.service.postDeposit(Place.first.pay(500), bed.context())
            #expect(deposit.outcome.knownValue == .done)
        }
    }
}

@Suite("What a read that meets a fault comes to (K7, K8)", .timeLimit(.minutes(5)), .serialized)
struct ReadFaultTests {
    private static let passing: [RegisterFault.Kind] = [
        .neverAnswer, .resetBeforeEffect, .status, .garbage, .badLength, .wrongKey, .truncated,
    ]

    @Test("GetBill is read again after an answer that was lost (K8)", arguments: passing)
    func passingFaultIsOutlasted(_ kind: RegisterFault.Kind) async throws {
        try await GatewayBed.with(total: kind == .neverAnswer ? .seconds(4) : .seconds(25)) { bed in
            try await bed.connect()
            try await bed.register.waiterAdds(table: 901, articleID: 101, quantity: 2)
            await bed.register.add(.init(kind, on: "GetBill", times: kind == .neverAnswer ? 1 : 3))
            let answer = try await bed.service.readBill(Place.first.bill(), bed.context())
            #expect(answer.bill.openCents == 500)
            let sent = await bed.register.requests(endpoint: "GetBill")
            #expect(sent.count == (kind == .neverAnswer ? 2 : 4))
            #expect(Set(sent.map(\.requestId)).count == sent.count)
            #expect(answer.requestId == sent.last?.requestId)
            #expect(try await bed.connection().status == .connected)
        }
    }

    @Test("GetBill gives up after four, and the location is disconnected (K7, K8)", arguments: passing.dropFirst())
    func lastingFaultDisconnects(_ kind: RegisterFault.Kind) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(kind, on: "GetBill", times: 0))
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.reason == "register_unreachable")
            #expect(error?.nextAction == .wait)
            #expect(await bed.register.requests(endpoint: "GetBill").count == 4)
            #expect(try await bed.connection().status == .disconnected)
            #expect(try await bed.log().first?.type == "error")
        }
    }

    @Test("A register that never answers GetBill is disconnected (K7)")
    func silenceDisconnects() async throws {
        try await GatewayBed.with(total: .milliseconds(500)) { bed in
            try await bed.connect()
            await bed.register.add(.init(.neverAnswer, on: "GetBill", times: 0))
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.reason == "register_unreachable")
            #expect(try await bed.connection().status == .disconnected)
        }
    }

    @Test("A read that is refused says so and leaves the location connected")
    func refusedReadIsNoOutage() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.changeSettings { $0.billOff = true }
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.reason == "register_unreadable")
            #expect(error?.message.contains("Bills are not available") == true)
            #expect(await bed.register.requests(endpoint: "GetBill").count == 1)
            #expect(try await bed.connection().status == .connected)
        }
    }

    @Test("A refusal that is configured to mean no bill is an empty one")
    func noBillMessageIsNoBill() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.noBillMessages = ["no open bill"] }
            await bed.register.changeSettings { $0.noBillRefused = true }
            let answer = try await bed.service.readBill(Place.first.bill(), bed.context())
            #expect(answer.bill == Bill(tableNumber: 901))
        }
    }

    @Test(
        "A wrong address or key makes the location misconfigured, at the first answer (K7)",
        arguments: [401, 403, 404, 302]
    )
    func wrongConnectionIsMisconfigured(_ status: Int) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(status == 302 ? .redirect : .status, on: "GetBill", times: 0, status: status))
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.reason == "register_misconfigured")
            #expect(error?.nextAction == .callSupport)
            #expect(await bed.register.requests.count == 1)
            #expect(try await bed.connection().status == .misconfigured)
        }
    }

    @Test("An answer that is too large or dribbles in is given up")
    func boundlessAnswerIsGivenUp() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            await bed.register.add(.init(.huge, on: "GetBill", times: 0))
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.reason == "register_unreachable")
        }
        try await GatewayBed.with(total: .milliseconds(500)) { bed in
            try await bed.connect()
            await bed.register.add(.init(.drip, on: "GetBill", times: 0, delayMs: 60_000))
            let error = await rpcError { _ = try await bed.service.readBill(Place.first.bill(), bed.context()) }
            #expect(error?.reason == "register_unreachable")
        }
    }
}
