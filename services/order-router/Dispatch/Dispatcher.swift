import Foundation
import Logging
import Postgres
import RPC
import ServiceLifecycle
import Synchronization

/// Runs the lanes of this process: finds locations with work, keeps their lanes, and takes over from processes that died.
///
/// The database is the truth and is polled; being woken only makes it quicker. At a graceful stop no lane is started, and
/// each running one ends at its next checkpoint and is given back.
final class Dispatcher: Service {
    let lanes: LaneStore
    let board: LaneBoard
    let worker: LaneWorker
    let pool: PostgresPool
    let liveness: InstanceLock
    let clock: LaneClock
    let pollInterval: Duration
    let logger: Logger
    /// Workers that were found without a sign of life in the last round.
    private let suspects = Mutex<Set<UUID>>([])

    init(
        lanes: LaneStore,
        board: LaneBoard,
        worker: LaneWorker,
        pool: PostgresPool,
        liveness: InstanceLock,
        clock: LaneClock,
        pollInterval: Duration,
        logger: Logger
    ) {
        self.lanes = lanes
        self.board = board
        self.worker = worker
        self.pool = pool
        self.liveness = liveness
        self.clock = clock
        self.pollInterval = pollInterval
        self.logger = logger
    }

    /// The name under which the workers' liveness is known in the database.
    static let namespace = "order-router"

    func run() async throws {
        do {
            // Before that, the others would take this process for dead and its lanes for theirs.
            try await cancelWhenGracefulShutdown { try await self.liveness.waitUntilHeld() }
        } catch {
            return board.stop()
        }
        await withGracefulShutdownHandler {
            let chores = Task {
                await withDiscardingTaskGroup { chores in
                    chores.addTask { await self.every(self.pollInterval, "Ready orders not looked for", self.poll) }
                    chores.addTask { await self.every(.seconds(1), "Dead workers not looked for", self.takeOver) }
                    chores.addTask { await self.every(self.lanes.lease / 6, "Lanes not kept", self.keep) }
                }
            }
            await withDiscardingTaskGroup { group in
                for await key in board.toStart {
                    group.addTask {
                        await self.worker.run(key)
                        self.board.finished(key)
                    }
                }
            }
            // Lanes that still ran were kept until they were done.
            chores.cancel()
            await chores.value
        } onGracefulShutdown: {
            self.board.stop()
        }
    }

    private func poll() async throws {
        let free = board.freeCapacity
        guard free > 0 else { return }
        for key in try await lanes.readyLocations(limit: free) { board.wake(key) }
    }

    /// Frees the lanes of workers that are gone; those that only sleep keep theirs until they expire.
    ///
    /// Gone means found without a sign of life twice in a row: a live worker whose connection breaks has it back by then.
    private func takeOver() async throws {
        var missing: Set<UUID> = []
        for owner in try await lanes.otherOwners()
        where try await !InstanceLock.isAlive(namespace: Self.namespace, instance: owner, via: pool) {
            missing.insert(owner)
        }
        let gone = suspects.withLock { suspects in
            defer { suspects = missing }
            return missing.intersection(suspects)
        }
        for owner in gone {
            let freed = try await lanes.freeLanes(of: owner)
            logger.warning("Lanes taken over from a worker that is gone", metadata: ["lanes": "\(freed)"])
            try await poll()
        }
    }

    private func keep() async throws {
        let running = board.running
        guard !running.isEmpty else { return }
        let before = ContinuousClock.now
        clock.renewed(try await lanes.renew(running), at: before)
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
