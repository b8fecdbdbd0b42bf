import Foundation
import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Makes a run of everything that is due, in the replica that has the leader's seat.
final class Planner: Service {
    private let seat: LeaderSeat
    private let plans: PlanStore
    private let board: RunBoard
    private let interval: Duration
    private let logger: Logger
    private let wasLeader = Mutex(false)

    init(seat: LeaderSeat, plans: PlanStore, board: RunBoard, interval: Duration, logger: Logger) {
        self.seat = seat
        self.plans = plans
        self.board = board
        self.interval = interval
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.noteSeat()
                do {
                    if self.seat.isOurs { try await self.plan() }
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("Due runs not planned", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// Makes all runs that are due now.
    func plan() async throws {
        while true {
            let planned = try await plans.planDue()
            if planned.created > 0 { board.wake() }
            guard planned.looked == PlanStore.batch, planned.created > 0 else { return }
        }
    }

    private func noteSeat() {
        let isLeader = seat.isOurs
        Gauge(label: "scheduler_is_leader").record(isLeader ? 1 : 0)
        let changed = wasLeader.withLock { was in
            defer { was = isLeader }
            return was != isLeader
        }
        if changed { logger.info(isLeader ? "This replica plans now" : "This replica no longer plans") }
    }
}
