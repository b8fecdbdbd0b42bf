import Contracts
import Foundation
import RPC

@testable import OrderRouter

/// A write on its way to the model register.
struct ModelWrite {
    enum Content {
        case place([BillLine])
        case settle(Cents)
        case deposit(Cents)
    }

    var attemptId: UUID
    var mark: String
    var table: Int
    var content: Content

    /// - Returns: False where the register says no.
    func take(on register: inout ModelRegister) -> Bool {
        switch content {
        case .place(let lines):
            register.place(mark, lines, onTable: table)
            return true
        case .settle(let amount): return register.settle(amount, for: mark, onTable: table)
        case .deposit(let amount): return register.deposit(amount, for: mark, onTable: table)
        }
    }
}

/// What may go wrong with one write, beyond an unreachable register.
enum WriteFault: CaseIterable {
    case none
    case lostAnswer
    case lostAnswerEffectLater
    case lostBeforeEffect
    case refused
    /// The register says no and does it nevertheless.
    case refusedButDone
    case tooLate
    case crashBeforeSend
    case crashAfterSend
    /// The caller's connection breaks while the attempt goes on.
    case callerLosesAnswer
}

/// A gateway as its contract promises it to be: an attempt is committed before it is sent and executed at most once.
///
/// Its proofs are those of a register without idempotency keys: the mark on the bill proves presence; a bill like the
/// one before, read after the settle delay, proves absence.
struct ModelGateway {
    /// The latest after its sending that a write without an answer can still take effect.
    static let settleDelay = 30_000

    struct Attempt {
        var sentAt: Int?
        var finishedAt: Int
        var report: AttemptReport
    }

    var attempts: [UUID: Attempt] = [:]
    var status = ConnectionStatus.connected
    var epoch = 1
    var isRegisterUp = true
    /// Effects that land later, with the moment they do.
    var late: [(at: Int, write: ModelWrite)] = []

    /// Executes a write, unless it was executed or barred before.
    ///
    /// - Returns: The report, or `nil` where the caller does not get it.
    mutating func execute(
        _ write: ModelWrite,
        fault: WriteFault,
        delay: Int,
        now: Int,
        on register: inout ModelRegister
    ) -> AttemptReport? {
        let id = write.attemptId
        if let known = attempts[id] { return report(known, now: now) }
        func record(_ report: AttemptReport, sent: Bool = true) -> Attempt {
            Attempt(sentAt: sent ? now : nil, finishedAt: now, report: report)
        }
        let unreachable = AttemptReport(attemptId: id, outcome: .notSent, reason: "register_unreachable")
        let noAnswer = AttemptReport(attemptId: id, outcome: .noAnswer)
        let refused = AttemptReport(attemptId: id, outcome: .refused, registerMessage: "No.")
        if status != .connected || !isRegisterUp {
            if status == .connected { status = .disconnected }
            attempts[id] = record(unreachable, sent: false)
            return unreachable
        }
        switch fault {
        case .none, .callerLosesAnswer:
            let isDone = write.take(on: &register)
            var attempt = record(isDone ? AttemptReport(attemptId: id, outcome: .done) : refused)
            if fault == .callerLosesAnswer { attempt.finishedAt = now + delay }
            attempts[id] = attempt
            return fault == .none ? attempt.report : nil
        case .lostAnswer:
            _ = write.take(on: &register)
            attempts[id] = record(noAnswer)
            return noAnswer
        case .lostAnswerEffectLater:
            late.append((now + delay, write))
            attempts[id] = record(noAnswer)
            return noAnswer
        case .lostBeforeEffect:
            attempts[id] = record(noAnswer)
            return noAnswer
        case .refused:
            attempts[id] = record(refused)
            return refused
        case .refusedButDone:
            _ = write.take(on: &register)
            attempts[id] = record(refused)
            return refused
        case .tooLate:
            attempts[id] = record(AttemptReport(attemptId: id, outcome: .notSent, reason: "too_late"), sent: false)
            return attempts[id]?.report
        case .crashBeforeSend, .crashAfterSend:
            // After the crash nobody can tell whether it was sent: the row says that it was about to be.
            if fault == .crashAfterSend { late.append((now + delay, write)) }
            attempts[id] = record(noAnswer)
            return nil
        }
    }

    /// How an attempt ended; one that never arrived is barred from now on.
    mutating func look(up id: UUID, now: Int) -> AttemptReport {
        if let known = attempts[id] { return report(known, now: now) }
        let barred = AttemptReport(attemptId: id, outcome: .notSent, reason: "never_sent")
        attempts[id] = Attempt(sentAt: nil, finishedAt: now, report: barred)
        return barred
    }

    private func report(_ attempt: Attempt, now: Int) -> AttemptReport {
        guard attempt.finishedAt > now else { return attempt.report }
        return AttemptReport(attemptId: attempt.report.attemptId, outcome: .inProgress)
    }

    func checkPlacement(_ id: UUID, _ order: Order, now: Int, on register: ModelRegister) -> CheckResponse {
        guard let table = order.progress.tableNumber, let baseline = order.progress.baseline else {
            return CheckResponse(.unknown, evidence: "No table.")
        }
        let bill = register.bill(onTable: table)
        let growth = BillGrowth(
            of: bill,
            since: baseline,
            expecting: order.content.items.map(\.billLine),
            mark: order.mark
        )
        if growth.hasMark { return CheckResponse(.done, evidence: "The mark is on the bill.") }
        let settled = (attempts[id]?.sentAt ?? 0) + Self.settleDelay
        if now < settled { return CheckResponse(.unknown, evidence: "Too early.", checkAgainInMs: settled - now) }
        if growth.ours == Open(.absent), growth.growthCents >= 0 {
            return CheckResponse(.absent, evidence: "Nothing of it is on the bill.")
        }
        return CheckResponse(.unknown, evidence: "The bill changed in other ways.", reason: "bill_changed")
    }

    func checkPayment(_ payment: PaymentIntent, _ order: Order, now: Int, on register: ModelRegister) -> CheckResponse {
        let bill = register.bill(onTable: order.progress.tableNumber ?? 0)
        let isOnBill = bill.has(mark: order.mark)
        let settled = (attempts[payment.write.attemptId]?.sentAt ?? 0) + Self.settleDelay
        switch payment.kind {
        case .settle where !isOnBill:
            return CheckResponse(.done, evidence: "The bill is paid.")
        case .deposit where bill.deposits.count > payment.bill.deposits.count:
            return CheckResponse(.done, evidence: "The deposit is on the bill.")
        case .deposit where !isOnBill:
            return CheckResponse(.unknown, evidence: "The bill is gone.", reason: "bill_gone")
        default:
            if now < settled { return CheckResponse(.unknown, evidence: "Too early.", checkAgainInMs: settled - now) }
            return CheckResponse(.absent, evidence: "The bill is as it was.")
        }
    }
}
