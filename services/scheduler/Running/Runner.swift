import Contracts
import Foundation
import Logging
import Metrics
import Postgres
import RPC
import ServiceLifecycle
import Synchronization

/// Does the runs that wait, in every replica, so many of each task at once.
///
/// Whoever plans does not matter here: a run that waits is taken by the first that is free, and one whose runner died is
/// taken over under its own id. At a graceful stop nothing new is begun; what is under way gets a while, then it is handed
/// back and goes on elsewhere.
final class Runner: Service {
    private let runs: RunStore
    private let definitions: [String: TaskDefinition]
    private let board: RunBoard
    private let liveness: InstanceLock
    private let pollInterval: Duration
    private let grace: Duration
    private let logger: Logger
    /// Runners that were found without a sign of life in the last round.
    private let suspects = Mutex<Set<UUID>>([])

    /// The name under which runners' liveness is known in the database.
    static let namespace = "scheduler"

    init(
        runs: RunStore,
        definitions: [String: TaskDefinition],
        board: RunBoard,
        liveness: InstanceLock,
        pollInterval: Duration,
        grace: Duration = .seconds(10),
        logger: Logger
    ) {
        self.runs = runs
        self.definitions = definitions
        self.board = board
        self.liveness = liveness
        self.pollInterval = pollInterval
        self.grace = grace
        self.logger = logger
    }

    func run() async throws {
        do {
            // Before that, the others would take this process for dead and its runs for theirs.
            try await cancelWhenGracefulShutdown { try await self.liveness.waitUntilHeld() }
        } catch {
            return
        }
        let (claimed, claims) = AsyncStream.makeStream(of: ClaimedRun.self)
        await withDiscardingTaskGroup { group in
            group.addTask {
                await cancelWhenGracefulShutdown { await self.claim(into: claims) }
                claims.finish()
                try? await Task.sleep(for: self.board.isEmpty ? .zero : self.grace)
                self.board.cancelAll()
            }
            let chores = Task {
                await withDiscardingTaskGroup { chores in
                    chores.addTask { await self.every(self.runs.lease / 5, "Runs not kept", self.keep) }
                    chores.addTask { await self.every(.seconds(1), "Dead runners not looked for", self.takeOver) }
                }
            }
            await withDiscardingTaskGroup { running in
                for await run in claimed { running.addTask { await self.perform(run) } }
            }
            // Runs that were still under way were kept until they were through.
            chores.cancel()
            await chores.value
            group.cancelAll()
        }
    }

    // MARK: - Taking runs

    private func claim(into claims: AsyncStream<ClaimedRun>.Continuation) async {
        while !Task.isCancelled {
            do {
                for run in try await take() { claims.yield(run) }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Waiting runs not looked for", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: pollInterval)
            }
            await board.wait(atMost: pollInterval)
        }
    }

    /// Takes as many of the runs that wait as there is room for.
    private func take() async throws -> [ClaimedRun] {
        var taken: [ClaimedRun] = []
        for (task, lane) in try await runs.waiting() {
            guard let definition = definitions[task] else { continue }
            let free = definition.slots - board.count(RunBoard.Lane(task: task, lane: lane))
            guard free > 0 else { continue }
            for run in try await runs.claim(task, lane: lane, limit: free) {
                // Counted at once, before its turn in the queue of this process.
                board.begin(run, cancel: {})
                taken.append(run)
            }
        }
        return taken
    }

    // MARK: - Doing them

    private func perform(_ run: ClaimedRun) async {
        defer { board.end(run.id) }
        guard let definition = definitions[run.key.task] else { return }
        var logger = logger
        logger[metadataKey: "run"] = "\(run.id.uuidString.lowercased())"
        logger[metadataKey: "task"] = "\(run.key.task)"
        if let location = run.key.location {
            logger[metadataKey: "merchant"] = "\(location.merchantID)"
            logger[metadataKey: "location"] = "\(location.locationID)"
        }
        if run.attempt == 1 {
            Metrics.Timer(label: "scheduler_run_lateness_seconds", dimensions: [("task", run.key.task)])
                .recordNanoseconds(Int64(max(0, run.lateness) * 1_000_000_000))
        }
        let began = ContinuousClock.now
        let context = CallContext.background(timeout: definition.timeout, logger: logger)
        let work = Task { try await definition.work.run(run, context) }
        board.begin(run) { work.cancel() }
        let watch = DeadlineWatch.shared.watch(context.deadline) { work.cancel() }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        let isInTime = DeadlineWatch.shared.forget(watch)
        switch result {
        case .success(let report) where report.outcome == .failed && work.isCancelled && isInTime:
            // It failed because it was broken off.
            await handBack(run, logger)
        case .success(let report):
            await end(run, report, began, logger)
        case .failure(let error):
            if isInTime, work.isCancelled { return await handBack(run, logger) }
            let failure = isInTime ? RPCError(mapping: error) : Self.tookTooLong(definition)
            var noted = logger
            if let cause = failure.cause { noted[metadataKey: "cause"] = "\(cause)" }
            await end(run, RunReport(failed: failure), began, noted)
        }
    }

    private static func tookTooLong(_ definition: TaskDefinition) -> RPCError {
        RPCError(
            .deadlineExceeded,
            "The run took longer than \(definition.timeout.words) and was ended. What it had done stays done; the next run goes on.",
            reason: "run_timed_out",
            nextAction: .wait
        )
    }

    private func end(_ run: ClaimedRun, _ report: RunReport, _ began: ContinuousClock.Instant, _ logger: Logger) async {
        // The work is done: what keeps it from being written down passes, or the run is begun again elsewhere.
        for attempt in 1...10 {
            do {
                guard try await runs.finish(run, report) else {
                    return logger.warning("The run is no longer ours; its outcome was not recorded")
                }
                return note(run, report, began, logger)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Outcome not recorded", metadata: ["error": "\(error)", "attempt": "\(attempt)"])
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func note(_ run: ClaimedRun, _ report: RunReport, _ began: ContinuousClock.Instant, _ logger: Logger) {
        let took = ContinuousClock.now - began
        let task = ("task", run.key.task)
        Counter(label: "scheduler_runs_total", dimensions: [task, ("outcome", report.outcome.rawValue)]).increment()
        Metrics.Timer(label: "scheduler_run_seconds", dimensions: [task]).recordNanoseconds(
            took.milliseconds * 1_000_000
        )
        let facts: Logger.Metadata = [
            "outcome": "\(report.outcome.rawValue)", "reason": "\(report.reason ?? "none")",
            "attempt": "\(run.attempt)", "duration_ms": "\(took.milliseconds)",
        ]
        guard report.outcome == .failed else { return logger.debug("Run ended", metadata: facts) }
        // A location's register that is off is its own story, told once by its gateway; a task as a whole is ours.
        let level: Logger.Level = run.key.location == nil ? .warning : .info
        logger.log(
            level: level,
            "Run failed",
            metadata: facts.merging(["explanation": "\(report.explanation ?? "")"]) { $1 }
        )
    }

    private func handBack(_ run: ClaimedRun, _ logger: Logger) async {
        // In a task of its own: this one is cancelled, and the row is to be written all the same.
        let runs = runs
        let handing = Task { try await runs.handBack(run) }
        do {
            try await handing.value
            logger.info("Run handed back")
        } catch {
            logger.warning("Run not handed back; its lease frees it", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Chores

    private func keep() async throws {
        let running = board.running
        guard !running.isEmpty else { return }
        let ours = try await runs.renew(running)
        let lost = running.keys.filter { !ours.contains($0) && board.running[$0] == running[$0] }
        board.cancel(lost)
    }

    /// Frees runs of processes that are gone; those that only sleep keep theirs until their leases run out.
    ///
    /// Gone means found without a sign of life twice in a row: a live runner whose connection breaks has it back by then.
    func takeOver() async throws {
        var missing: Set<UUID> = []
        for owner in try await runs.otherRunners()
        where try await !InstanceLock.isAlive(namespace: Self.namespace, instance: owner, via: runs.pool) {
            missing.insert(owner)
        }
        let gone = suspects.withLock { suspects in
            defer { suspects = missing }
            return missing.intersection(suspects)
        }
        let orphans = try await runs.takeOver(from: Array(gone))
        guard orphans != RunStore.Orphans() else { return }
        logger.warning(
            "Runs taken over from a runner that is gone",
            metadata: ["resumed": "\(orphans.resumed)", "given_up": "\(orphans.givenUp)"]
        )
        board.wake()
    }

    private func every(_ pause: Duration, _ failure: Logger.Message, _ chore: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await chore()
            } catch is CancellationError {
                return
            } catch {
                logger.warning(failure, metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: pause)
        }
    }
}
