import Contracts
import Foundation
import Logging
import Postgres
import RPC
import ServiceLifecycle
import Synchronization

/// Executes writes towards registers at most once each (architecture page, Writes towards a register).
///
/// The attempt is committed before anything is sent. Its outcome is told to the caller at once and committed right after:
/// a gateway that dies in between leaves "sending", which is settled by reading the register, as any lost answer is. Until
/// the commit, whoever asks this process is told from memory. A caller that goes away does not stop a send that has begun:
/// its outcome is recorded all the same. As a `Service` it stops when every outcome is committed.
final class AttemptRunner: Sendable, Service {
    private let attempts: AttemptStore
    private let pool: PostgresPool
    private let state = Mutex(State())

    private struct State {
        /// How many calls of this process are at each attempt: the one that sends, and any that came to the same id.
        var underWay: [UUID: Int] = [:]
        /// Outcomes that were told and are not committed yet.
        var unrecorded: [UUID: Outcome] = [:]
        /// The last commit of each location, after which the next one begins: its log tells things as they happened.
        var last: [Location: (UUID, Task<Void, Never>)] = [:]
        var sends: [UUID: Task<AttemptReport, Never>] = [:]
    }

    private struct Location: Hashable {
        let merchant: MerchantID
        let location: LocationID
    }

    private struct Outcome {
        let report: AttemptReport
        let location: Location
        let commit: Task<Void, Never>
    }

    /// The name under which this process's liveness is known in the database.
    static let namespace = "kassanet-gateway"
    /// The waits before a commit that failed is tried again; after the last the row stays as it is.
    private static let commitDelays: [Duration] = [.milliseconds(100), .milliseconds(500), .seconds(2)]

    init(attempts: AttemptStore, pool: PostgresPool) {
        self.attempts = attempts
        self.pool = pool
    }

    /// Waits for the end of its group, then for every send under way and every outcome.
    func run() async throws {
        try await gracefulShutdown()
        await finishAll()
    }

    /// Returns when no send is under way and every outcome told so far is committed, or given up.
    func finishAll() async {
        while true {
            let (sends, commits) = state.withLock { (Array($0.sends.values), $0.unrecorded.values.map(\.commit)) }
            guard !sends.isEmpty || !commits.isEmpty else { return }
            for send in sends { _ = await send.value }
            for commit in commits { await commit.value }
        }
    }

    /// Commits the intent, sends, and answers; the outcome is committed right after.
    ///
    /// An attempt that exists already is not sent again: its state is reported.
    func run(
        _ intent: Intent,
        context: CallContext,
        _ send: @escaping @Sendable () async -> AttemptResult
    ) async throws -> AttemptReport {
        // Counted before the row exists, so whoever sees the row sees its sender too.
        enter(intent.attemptID)
        let known: Attempt?
        do {
            known = try await attempts.begin(intent)
        } catch {
            leave(intent.attemptID)
            throw error
        }
        if let known {
            leave(intent.attemptID)
            return try await report(known)
        }
        // A task of its own, so that a cancelled call cannot break off a send. It begins only once it is known to
        // `finishAll`.
        let task = state.withLock { state in
            let task = Task { [self] in
                let result = await send()
                return conclude(intent, result, context.logger)
            }
            state.sends[intent.attemptID] = task
            return task
        }
        return await task.value
    }

    /// Keeps an outcome in memory, starts its commit, and ends the send, all in one step for whoever looks.
    private func conclude(_ intent: Intent, _ result: AttemptResult, _ logger: Logger) -> AttemptReport {
        let report = AttemptReport(
            attemptId: intent.attemptID,
            outcome: result.outcome,
            reason: result.reason,
            explanation: result.explanation,
            registerMessage: result.registerMessage,
            requestId: result.requestID,
            durationMs: result.durationMs
        )
        let location = Location(merchant: intent.merchantID, location: intent.locationID)
        state.withLock { state in
            let before = state.last[location]?.1
            let commit = Task { [self] in
                await before?.value
                await record(intent.attemptID, result, logger)
                recorded(intent.attemptID, location)
            }
            state.unrecorded[intent.attemptID] = Outcome(report: report, location: location, commit: commit)
            state.last[location] = (intent.attemptID, commit)
            state.sends[intent.attemptID] = nil
        }
        return report
    }

    private func record(_ attemptID: UUID, _ result: AttemptResult, _ logger: Logger) async {
        var delays = Self.commitDelays[...]
        while true {
            do {
                return try await attempts.finish(attemptID, result)
            } catch {
                guard let delay = delays.popFirst() else {
                    // The caller was told the true outcome. The row stays "sending", which others read as "no answer": safe.
                    logger.error(
                        "Attempt outcome not recorded",
                        metadata: ["attempt": "\(attemptID)", "error": "\(error)"]
                    )
                    return
                }
                // Nobody cancels this task; were it so, the next try came at once.
                try? await Task.sleep(for: delay)
            }
        }
    }

    private func recorded(_ attemptID: UUID, _ location: Location) {
        state.withLock { state in
            state.unrecorded[attemptID] = nil
            if state.last[location]?.0 == attemptID { state.last[location] = nil }
        }
        leave(attemptID)
    }

    /// What became of an attempt.
    ///
    /// One that is unknown is ruled out for good.
    func look(up attemptID: UUID, _ merchant: MerchantID, _ location: LocationID) async throws -> AttemptReport {
        if let told = told(attemptID, Location(merchant: merchant, location: location)) { return told }
        guard let attempt = try await attempts.findOrRule(out: attemptID, merchant, location) else {
            throw GatewayError.unknownAttempt
        }
        return try await report(attempt)
    }

    /// Attempts in full, oldest first.
    func details(
        _ attemptIDs: [UUID],
        _ merchant: MerchantID,
        _ location: LocationID
    ) async throws -> [AttemptDetail] {
        for attemptID in attemptIDs { await waitUntilRecorded(attemptID) }
        var details: [AttemptDetail] = []
        for record in try await attempts.records(attemptIDs, merchant, location) {
            if let outcome = record.attempt.outcome {
                details.append(record.detail(outcome))
            } else {
                let isBeingSent = try await isBeingSent(record.attempt)
                details.append(record.detail(isBeingSent ? .inProgress : .noAnswer))
            }
        }
        return details
    }

    /// Returns when this process has no outcome of the attempt left to commit.
    func waitUntilRecorded(_ attemptID: UUID) async {
        await state.withLock { $0.unrecorded[attemptID]?.commit }?.value
    }

    private func told(_ attemptID: UUID, _ location: Location) -> AttemptReport? {
        state.withLock { state in
            state.unrecorded[attemptID].flatMap { $0.location == location ? $0.report : nil }
        }
    }

    private func enter(_ attemptID: UUID) {
        state.withLock { $0.underWay[attemptID, default: 0] += 1 }
    }

    private func leave(_ attemptID: UUID) {
        state.withLock { state in
            let left = (state.underWay[attemptID] ?? 1) - 1
            state.underWay[attemptID] = left > 0 ? left : nil
        }
    }

    private func report(_ attempt: Attempt) async throws -> AttemptReport {
        if let outcome = attempt.outcome { return attempt.report(outcome) }
        if let told = told(attempt.id, Location(merchant: attempt.merchantID, location: attempt.locationID)) {
            return told
        }
        if try await isBeingSent(attempt) { return attempt.report(.inProgress) }
        // Its outcome may have been recorded since the row was read, so what the row says now is told.
        let ended = try await attempts.recordSenderGone(attempt.id)
        return ended.report(ended.outcome ?? .noAnswer)
    }

    /// Whether the process that began the attempt is still at it.
    ///
    /// No send outlasts `notAfter`.
    private func isBeingSent(_ attempt: Attempt) async throws -> Bool {
        if attempt.instance == attempts.instance { return state.withLock { $0.underWay[attempt.id] != nil } }
        guard Date() < attempt.notAfter.addingTimeInterval(5) else { return false }
        return try await InstanceLock.isAlive(namespace: Self.namespace, instance: attempt.instance, via: pool)
    }
}
