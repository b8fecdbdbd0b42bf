import Foundation
import Logging
import Postgres
import RPC
import ServiceLifecycle

/// Runs the lanes of this process: finds locations with work, keeps their lanes, and takes over from processes that died.
///
/// The database is the truth and is polled; being woken only makes it quicker. At a graceful stop no lane is started, and
/// each running one ends at its next checkpoint and is given back.
struct Dispatcher: Service {
    let lanes: LaneStore
    let board: LaneBoard
    let worker: LaneWorker
    let pool: PostgresPool
    let liveness: InstanceLock
    let clock: LaneClock
    let pollInterval: Duration
    let logger: Logger

    /// The name under which the workers' liveness is known in the database.
    static let namespace = "order-router"

    func run() async throws {
        do {
            // Before that, the others would take this process for dead and its lanes for theirs.
            try await cancelWhenGracefulShutdown { try await liveness.waitUntilHeld() }
        } catch {
            return board.stop()
        }
        await withGracefulShutdownHandler {
            let chores = Task {
                await withDiscardingTaskGroup { chores in
                    chores.addTask { await every(pollInterval, "Ready orders not looked for", poll) }
                    chores.addTask { await every(.seconds(1), "Dead workers not looked for", takeOver) }
                    chores.addTask { await every(lanes.lease / 6, "Lanes not kept", keep) }
                }
            }
            await withDiscardingTaskGroup { group in
                for await key in board.toStart {
                    group.addTask {
                        await worker.run(key)
                        board.finished(key)
                    }
                }
            }
            // Lanes that still ran were kept until they were done.
            chores.cancel()
            await chores.value
        } onGracefulShutdown: {
            board.stop()
        }
    }

    private func poll() async throws {
        let free = board.freeCapacity
        guard free > 0 else { return }
        for key in try await lanes.readyLocations(limit: free) { board.wake(key) }
    }

    /// Frees the lanes of workers whose process or connection is gone; those that only sleep keep them until they expire.
    private func takeOver() async throws {
        for owner in try await lanes.otherOwners()
        where try await !InstanceLock.isAlive(namespace: Self.namespace, instance: owner, via: pool) {
            let freed = try await lanes.freeLanes(of: owner)
            logger.warning("Lanes taken over from a worker that is gone", metadata: ["lanes": "\(freed)"])
            try await poll()
        }
    }

    private func keep() async throws {
        let before = ContinuousClock.now
        clock.renewed(try await lanes.renew(board.running), at: before)
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
