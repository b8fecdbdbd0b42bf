import Contracts
import Foundation
import Logging
import Metrics
import RPC
import ServiceLifecycle
import Synchronization

/// Runs imports: a bounded number at once in this process, one per location.
///
/// The database is the truth and is polled; being woken only makes it quicker. An import is this worker's under a lease
/// that is renewed while it runs; at a graceful stop it is given back at once, and when this process dies another goes
/// on at the step when the lease has run out.
final class ImportWorker: Service {
    private let syncs: SyncStore
    private let imports: ImportRun
    private let teller: SyncTeller
    private let concurrency: Int
    private let logger: Logger
    private let alarm = Alarm()

    init(syncs: SyncStore, imports: ImportRun, teller: SyncTeller, concurrency: Int, logger: Logger) {
        self.syncs = syncs
        self.imports = imports
        self.teller = teller
        self.concurrency = concurrency
        self.logger = logger
    }

    /// Looks for due imports now.
    func wake() { alarm.ring() }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                let running = RunningImports(most: concurrency)
                while !Task.isCancelled {
                    do {
                        while running.hasRoom, let claimed = try await syncs.claim() {
                            running.begin()
                            teller.wake()
                            group.addTask { [self] in
                                await work(claimed)
                                running.end()
                                alarm.ring()
                            }
                        }
                        try await clearStaging()
                    } catch is CancellationError {
                        break
                    } catch {
                        logger.warning("Imports not looked at", metadata: ["error": "\(error)"])
                    }
                    await alarm.wait(atMost: syncs.timing.poll)
                }
                group.cancelAll()
            }
        }
    }

    // MARK: - One import

    /// Works until the import ends, waits or is lost; renews its lease meanwhile.
    private func work(_ claimed: ImportRecord) async {
        var logger = logger
        logger[metadataKey: "sync"] = "\(claimed.id.uuidString.lowercased())"
        logger[metadataKey: "location"] = "\(claimed.key.locationID)"
        let driving = Task { [self, logger] in await drive(claimed, logger) }
        let renewing = Task { [self, logger] in
            while !Task.isCancelled {
                try await Task.sleep(for: syncs.timing.lease / 3)
                do {
                    if try await syncs.renew(claimed) { continue }
                    // Ended by somebody else, or taken over.
                    driving.cancel()
                    return
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("Import's lease not renewed", metadata: ["error": "\(error)"])
                }
            }
        }
        await withTaskCancellationHandler {
            await driving.value
        } onCancel: {
            driving.cancel()
        }
        renewing.cancel()
        teller.wake()
    }

    private func drive(_ claimed: ImportRecord, _ logger: Logger) async {
        var record = claimed
        var deadline = Deadline(after: syncs.timing.limit)
        do {
            guard record.takeovers < syncs.timing.takeovers else {
                return try await fail(record, ImportProblem(SyncError.interruptedTooOften(record.step.stage)), logger)
            }
            var step: ImportStep?
            while record.state == .inProgress {
                if step.map({ $0.stage != record.step.stage || record.step.followsTheMenu }) ?? true {
                    deadline = Deadline(after: syncs.timing.limit)
                    record = try await beginAttempt(record)
                }
                step = record.step
                do {
                    record = try await attempt(record, by: deadline)
                } catch let error where !Self.endsTheWork(error) {
                    guard let next = try await overcome(error, record, logger) else { return }
                    record = next
                }
            }
            logger.info(
                "Import ended",
                metadata: ["state": "\(record.state.rawValue)", "message": "\(record.message)"]
            )
            Counter(label: "menu_imports_total", dimensions: [("state", record.state.rawValue)]).increment()
        } catch is ImportLost {
            logger.notice("Import is no longer ours")
        } catch {
            if !(error is CancellationError) {
                logger.warning("Import left where it was", metadata: ["error": "\(error)"])
            }
            await giveBack(record, logger)
        }
    }

    private static func endsTheWork(_ error: any Error) -> Bool {
        error is ImportLost || (error is CancellationError && Task.isCancelled) || Task.isCancelled
    }

    private func beginAttempt(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        let (attempt, step) = (record.failures + 1, record.step)
        record.change(step.stage) { stage in
            stage.state = .known(.running)
            if !step.followsTheMenu {
                stage.attempt = attempt
                if step.countsAnew { stage.done = 0 }
                stage.startedAt = stage.startedAt ?? Date()
            }
            stage.nextAttemptAt = nil
        }
        let saved = try await syncs.save(record)
        imports.watch.noticed(record.id)
        return saved
    }

    private func attempt(_ record: ImportRecord, by deadline: Deadline) async throws -> ImportRecord {
        do {
            return try await withDeadline(deadline) { [imports] in try await imports.perform(record) }
        } catch let error as RPCError where error.code == .deadlineExceeded && deadline.hasPassed {
            throw SyncError.stageTooSlow(record.step.stage, limit: syncs.timing.limit)
        }
    }

    /// After a failure: another attempt later, the way on without it, or the end of the import.
    ///
    /// - Returns: The import, where it goes on now.
    private func overcome(_ error: any Error, _ record: ImportRecord, _ logger: Logger) async throws -> ImportRecord? {
        let problem = ImportProblem(error)
        logger.warning(
            "Import stage failed",
            metadata: [
                "stage": "\(record.step.stage.rawValue)", "step": "\(record.step.rawValue)",
                "attempt": "\(record.failures + 1)", "reason": "\(problem.reason)", "error": "\(error)",
            ]
        )
        if let lost = error as? SyncError, lost == .locationDeleted { throw ImportLost() }
        if let lost = error as? ImportError, lost == .stagingLost, record.step != .read {
            return try await beginAgain(record)
        }
        guard problem.isWorthRepeating, record.failures + 1 < syncs.timing.attempts else {
            if record.step.followsTheMenu { return try await imports.goOn(record, without: problem) }
            try await fail(record, problem, logger)
            return nil
        }
        var record = record
        record.failures += 1
        record.reason = problem.reason
        record.message = SyncWords.retrying(
            problem,
            attempt: record.failures + 1,
            of: syncs.timing.attempts,
            in: syncs.timing.pause
        )
        let pause = syncs.timing.pause
        record.change(record.step.stage) { stage in
            stage.state = .known(.waiting)
            stage.problem = problem.message
            stage.nextAttemptAt = Date() + Double(pause.milliseconds) / 1000
        }
        _ = try await syncs.giveBack(record, after: pause)
        imports.watch.noticed(record.id)
        return nil
    }

    /// The database lost what was read: the register is read again.
    ///
    /// What a person approved was another reading's plan.
    private func beginAgain(_ record: ImportRecord) async throws -> ImportRecord {
        var record = record
        record.step = .read
        record.approval = nil
        record.plan = nil
        record.baseVersion = nil
        record.stages = ImportRecord.freshStages
        return try await syncs.save(record)
    }

    private func fail(_ record: ImportRecord, _ problem: ImportProblem, _ logger: Logger) async throws {
        var record = record
        record.failures += 1
        record.reason = problem.reason
        record.message = problem.message
        record.change(record.step.stage) { stage in
            stage.state = .known(.failed)
            stage.problem = problem.message
            stage.endedAt = Date()
            stage.nextAttemptAt = nil
        }
        _ = try await syncs.end(record, in: .failed)
        imports.watch.noticed(record.id)
        logger.warning("Import failed", metadata: ["reason": "\(problem.reason)", "message": "\(problem.message)"])
        Counter(label: "menu_imports_total", dimensions: [("state", "failed")]).increment()
    }

    /// Whoever takes it next goes on at its step; where even this fails, the lease runs out by itself.
    private func giveBack(_ record: ImportRecord, _ logger: Logger) async {
        // This task may be cancelled, and then no statement of it would be sent.
        let back = Task { [syncs] in _ = try await syncs.giveBack(record) }
        do {
            try await back.value
        } catch is ImportLost {
            return
        } catch {
            logger.warning("Import not given back", metadata: ["error": "\(error)"])
        }
    }

    /// Takes away what ended imports left in staging.
    private func clearStaging() async throws {
        for sync in try await syncs.toClear(limit: 4) {
            try await imports.clearStaging(of: sync)
            try await syncs.cleared(sync)
        }
    }
}

extension ImportRun {
    func clearStaging(of sync: UUID) async throws {
        try await StagingStore(pool: pool).clear(sync)
    }
}

/// How many imports this process runs now.
private final class RunningImports: Sendable {
    private let count = Mutex(0)
    private let most: Int

    init(most: Int) { self.most = most }

    var hasRoom: Bool { count.withLock { $0 < most } }
    func begin() { count.withLock { $0 += 1 } }
    func end() { count.withLock { $0 -= 1 } }
}
