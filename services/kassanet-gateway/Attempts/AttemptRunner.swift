import Contracts
import Foundation
import Logging
import Postgres
import RPC
import Synchronization

/// Executes writes towards registers at most once each (architecture page, Writes towards a register).
///
/// The attempt is committed before anything is sent, and its outcome after. A caller that goes away does not stop a send
/// that has begun: its outcome is recorded all the same.
final class AttemptRunner: Sendable {
    private let attempts: AttemptStore
    private let pool: PostgresPool
    /// How many calls of this process are at each attempt: the one that sends, and any that came to the same id.
    private let underWay = Mutex<[UUID: Int]>([:])

    /// The name under which this process's liveness is known in the database.
    static let namespace = "kassanet-gateway"

    init(attempts: AttemptStore, pool: PostgresPool) {
        self.attempts = attempts
        self.pool = pool
    }

    /// Commits the intent, sends, commits the outcome.
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
        // A task of its own, so that a cancelled call cannot break off a send.
        return await Task { [self] in
            let result = await send()
            do {
                try await attempts.finish(intent.attemptID, result)
            } catch {
                // The caller still gets the true outcome. The row stays "sending", which others read as "no answer": safe.
                context.logger.error(
                    "Attempt outcome not recorded",
                    metadata: ["attempt": "\(intent.attemptID)", "error": "\(error)"]
                )
            }
            leave(intent.attemptID)
            return AttemptReport(
                attemptId: intent.attemptID,
                outcome: result.outcome,
                reason: result.reason,
                explanation: result.explanation,
                registerMessage: result.registerMessage,
                requestId: result.requestID,
                durationMs: result.durationMs
            )
        }.value
    }

    /// What became of an attempt.
    ///
    /// One that is unknown is ruled out for good.
    func look(up attemptID: UUID, _ merchant: MerchantID, _ location: LocationID) async throws -> AttemptReport {
        guard let attempt = try await attempts.findOrRule(out: attemptID, merchant, location) else {
            throw GatewayError.unknownAttempt
        }
        return try await report(attempt)
    }

    private func enter(_ attemptID: UUID) {
        underWay.withLock { $0[attemptID, default: 0] += 1 }
    }

    private func leave(_ attemptID: UUID) {
        underWay.withLock { counts in
            let left = (counts[attemptID] ?? 1) - 1
            counts[attemptID] = left > 0 ? left : nil
        }
    }

    private func report(_ attempt: Attempt) async throws -> AttemptReport {
        if let outcome = attempt.outcome { return attempt.report(outcome) }
        if try await isBeingSent(attempt) { return attempt.report(.inProgress) }
        // Its outcome may have been recorded since the row was read, so what the row says now is told.
        let ended = try await attempts.recordSenderGone(attempt.id)
        return ended.report(ended.outcome ?? .noAnswer)
    }

    /// Whether the process that began the attempt is still at it.
    ///
    /// No send outlasts `notAfter`.
    private func isBeingSent(_ attempt: Attempt) async throws -> Bool {
        if attempt.instance == attempts.instance { return underWay.withLock { $0[attempt.id] != nil } }
        guard Date() < attempt.notAfter.addingTimeInterval(5) else { return false }
        return try await InstanceLock.isAlive(namespace: Self.namespace, instance: attempt.instance, via: pool)
    }
}
