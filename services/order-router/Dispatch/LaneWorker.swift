import Contracts
import Foundation
import Logging
import Metrics
import Notifications
import RPC

/// Works for one location at a time: takes its lane, brings its orders as far as they go, gives the lane back.
struct LaneWorker: Sendable {
    let lanes: LaneStore
    let routes: RouteStore
    let board: LaneBoard
    let journey: Journey
    let desk: OrderDesk
    let alerts: AlertDesk
    let clock: LaneClock
    let logger: Logger
    /// Calls that wait for an order hear of its steps through this.
    var watch: OrderWatch?
    /// Subscribers hear of them through this.
    var sender: NotificationSender?

    func run(_ key: LaneKey) async {
        var generation: Int?
        do {
            let claimedAt = ContinuousClock.now
            var claim = try await lanes.claim(key)
            while let current = claim {
                generation = current.generation
                claim = try await drive(current, claimedAt: claimedAt)
            }
        } catch let unreadable as UnreadableOrder {
            logger.critical(
                "Order cannot be read and is left aside for a minute",
                metadata: ["order": "\(unreadable.id.uuidString.lowercased())", "error": "\(unreadable.cause)"]
            )
            await setAside(unreadable, key)
            board.wake(key)
        } catch {
            logger.warning("Lane ended early", metadata: ["location": "\(key.locationID)", "error": "\(error)"])
            await giveBack(key, generation)
        }
    }

    private func setAside(_ unreadable: UnreadableOrder, _ key: LaneKey) async {
        do {
            try await lanes.setAside(unreadable, of: key.merchantID)
        } catch {
            logger.warning("Order not set aside", metadata: ["error": "\(error)"])
        }
        await giveBack(key, unreadable.generation)
    }

    /// Whoever takes the lane next goes on from the last checkpoint.
    ///
    /// Where even this fails, the lane runs out by itself.
    private func giveBack(_ key: LaneKey, _ generation: Int?) async {
        guard let generation else { return }
        do {
            try await lanes.release(key, generation: generation)
        } catch {
            logger.warning("Lane not given back", metadata: ["location": "\(key.locationID)", "error": "\(error)"])
        }
    }

    /// Brings one order as far as it goes without resting.
    ///
    /// Each step is stored before the next begins, and the last one together with the way on.
    ///
    /// - Returns: The next order of the lane; `nil` where nothing is ready and the lane is given back.
    private func drive(_ claim: Claim, claimedAt: ContinuousClock.Instant) async throws -> Claim? {
        let key = LaneKey(merchantID: claim.order.merchantID, locationID: claim.order.locationID)
        var order = claim.order
        var stored = order.state
        var isFresh = false
        var following: Action?
        var start = HeadStart.none
        var history = StepHistory()
        while let action = following ?? journey.next(for: order, on: claim.route, isFresh: isFresh) {
            history.begin(action)
            let job = OrderDesk.Job(
                order: order,
                route: claim.route,
                timeLeft: clock.timeLeft(of: key, claimedAt: claimedAt),
                logger: logger(for: order)
            )
            let outcome = await desk.perform(action, job, after: start)
            history.note(outcome)
            var decision = journey.decide(outcome.event, for: order, on: claim.route)
            if case .go(let next, let known) = decision {
                if known.state != order.state { history.end(in: known) }
                (following, order, start) = (next, known, .none)
                continue
            }
            guard case .store(_, let wanted) = decision else { break }
            if let letGo = wanted.letGo, let failure = await desk.tell(letGo, job) {
                decision = journey.decide(failure, for: order, on: claim.route)
            }
            guard case .store(let next, let followup) = decision else { break }
            history.end(in: next)
            let change = OrderChange(
                before: stored,
                after: next,
                gateway: claim.route.gateway,
                wake: followup.wake,
                freesTable: next.state.isFinal && outcome.event == .tableReleased || followup.letGo != nil,
                steps: history.steps
            )
            guard followup.wake == .now, !board.isStopped else {
                return try await rest(change, followup.alert, claim, job.logger)
            }
            var ahead = job
            ahead.order = next
            following = journey.next(for: next, on: claim.route, isFresh: true)
            async let early = desk.headStart(on: following, ahead)
            guard try await lanes.record(change, generation: claim.generation) else {
                warnOfLoss(change, job.logger)
                return try await lanes.next(key, generation: claim.generation)
            }
            await told(change, claim.route, followup.alert, job.logger)
            (order, stored, isFresh, history) = (next, next.state, true, StepHistory())
            start = await early
        }
        if !isFresh { try await lanes.rest(order, generation: claim.generation) }
        return try await lanes.next(key, generation: claim.generation)
    }

    /// Stores the last step of an order for now, and goes on to the next one in the same commit.
    private func rest(_ change: OrderChange, _ alert: Alert?, _ claim: Claim, _ logger: Logger) async throws -> Claim? {
        let end = try await lanes.recordAndGoOn(change, generation: claim.generation, takesNext: !board.isStopped)
        if end.isRecorded {
            await told(change, claim.route, alert, logger)
        } else {
            warnOfLoss(change, logger)
        }
        if end.wokeOthers {
            board.wake(LaneKey(merchantID: change.after.merchantID, locationID: change.after.locationID))
        }
        return try end.next.get()
    }

    private func warnOfLoss(_ change: OrderChange, _ logger: Logger) {
        logger.warning("Order is no longer ours", metadata: ["state": "\(change.before.rawValue)"])
    }

    /// What others learn of a step: metrics, alerts, and orders that were waiting for this one to prove the register.
    private func told(_ change: OrderChange, _ route: Route, _ alert: Alert?, _ logger: Logger) async {
        let order = change.after
        watch?.noticed(order.id)
        sender?.wake()
        var before = change.before
        for step in change.steps where step.state != before {
            Counter(label: "order_transitions_total", dimensions: [("state", step.state.rawValue)]).increment()
            logger.info(
                "Order moved",
                metadata: [
                    "from": "\(before.rawValue)", "to": "\(step.state.rawValue)",
                    "action": "\(step.action)", "duration_ms": "\(step.durationMs)",
                    "reason": order.progress.reason.map { "\($0)" } ?? "",
                ]
            )
            before = step.state
        }
        if let alert { await alerts.raise(alert, about: order, on: route, logger: logger) }
        if order.progress.parkings > 0, change.before != order.state {
            do {
                let key = LaneKey(merchantID: order.merchantID, locationID: order.locationID)
                if try await routes.drain(key) { board.wake(key) }
            } catch {
                logger.warning("Parked orders not looked at", metadata: ["error": "\(error)"])
            }
        }
    }

    private func logger(for order: Order) -> Logger {
        var logger = logger
        logger[metadataKey: "order"] = "\(order.id.uuidString.lowercased())"
        logger[metadataKey: "order_number"] = "\(order.content.orderNumber)"
        logger[metadataKey: "location"] = "\(order.locationID)"
        return logger
    }
}

/// What is kept of the way to a checkpoint: the steps that are stored with it.
private struct StepHistory {
    private(set) var steps: [OrderChange.Step] = []
    private var action = ""
    private var start = ContinuousClock.now
    private var attemptId: UUID?
    private var requestId: String?

    mutating func begin(_ action: Action) {
        self.action = action.name
        attemptId = action.attemptId ?? attemptId
    }

    mutating func note(_ outcome: OrderDesk.Outcome) {
        requestId = outcome.requestId ?? requestId
    }

    /// The step led to this order's state; the next one begins.
    mutating func end(in order: Order) {
        steps.append(
            OrderChange.Step(
                state: order.state,
                action: action,
                reason: order.progress.reason,
                explanation: order.progress.explanation,
                durationMs: Int(start.duration(to: .now).milliseconds),
                attemptId: attemptId,
                requestId: requestId
            )
        )
        (start, attemptId, requestId) = (.now, nil, nil)
    }
}
