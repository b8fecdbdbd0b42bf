import Contracts
import Foundation
import Logging
import RPC
import RPCServer
import ServiceLifecycle

/// `Scheduler` v1, and `Retention` of its history: one method per procedure.
struct SchedulerService: Sendable {
    let definitions: [String: TaskDefinition]
    let tasks: TaskStore
    let runs: RunStore
    let connections: ConnectionStore
    let follower: ConnectionFollower
    let board: RunBoard
    let history: HistoryErasure
    /// How often a run that somebody waits for is looked at.
    var watchInterval: Duration = .milliseconds(250)

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(SchedulerV1.listTasks, listTasks),
        .procedure(SchedulerV1.runTask, runTask),
        .procedure(SchedulerV1.pauseTask, pauseTask),
        .procedure(SchedulerV1.resumeTask, resumeTask),
        .procedure(SchedulerV1.getRun, getRun),
        .procedure(SchedulerV1.listRuns, listRuns),
        .procedure(RetentionV1.eraseExpired, eraseExpired),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    // MARK: - Tasks

    func listTasks(_ request: ListTasksRequest, _ context: CallContext) async throws -> ListTasksResponse {
        try context.caller.requireAccessToAllMerchants()
        return ListTasksResponse(tasks: try await tasks.views())
    }

    func runTask(_ request: RunTaskRequest, _ context: CallContext) async throws -> RunTaskResponse {
        try context.caller.requireAccessToAllMerchants()
        try Self.check(request.actor, "actor", ScheduleLimits.actor)
        let definition = try known(request.task)
        let location = try Self.location(request)
        if let location {
            guard definition.hasLocations else { throw SchedulingError.noLocations(definition.name) }
            if try await !connections.isKnown(location) {
                // It may have been connected a moment ago.
                await follower.refresh()
                guard try await connections.isKnown(location) else { throw SchedulingError.unknownLocation }
            }
        }
        let (run, joined) = try await runs.begin(
            TargetKey(task: definition.name, location: location),
            actor: request.actor
        )
        board.wake()
        context.logger.info(
            "Task run by hand",
            metadata: ["task": "\(definition.name)", "actor": "\(request.actor)", "run": "\(run.runId)"]
        )
        return RunTaskResponse(run: run, joined: joined)
    }

    private static func location(_ request: RunTaskRequest) throws(RPCError) -> LocationKey? {
        switch (request.merchantId, request.locationId) {
        case (let merchant?, let location?): return LocationKey(merchant, location)
        case (nil, nil): return nil
        default:
            let missing = request.merchantId == nil ? "merchantId" : "locationId"
            throw .invalid([FieldProblem(missing, "is missing", accepted: "merchantId and locationId, or neither")])
        }
    }

    func pauseTask(_ request: PauseTaskRequest, _ context: CallContext) async throws -> ScheduledTaskResponse {
        try context.caller.requireAccessToAllMerchants()
        try Self.check(request.actor, "actor", ScheduleLimits.actor)
        try Self.check(request.reason, "reason", ScheduleLimits.reason)
        let definition = try known(request.task)
        try await tasks.pause(definition.name, actor: request.actor, reason: request.reason)
        context.logger.info(
            "Task paused",
            metadata: ["task": "\(definition.name)", "actor": "\(request.actor)"]
        )
        return ScheduledTaskResponse(task: try await view(definition.name))
    }

    func resumeTask(_ request: ResumeTaskRequest, _ context: CallContext) async throws -> ResumeTaskResponse {
        try context.caller.requireAccessToAllMerchants()
        try Self.check(request.actor, "actor", ScheduleLimits.actor)
        if let reason = request.reason { try Self.check(reason, "reason", ScheduleLimits.reason) }
        let definition = try known(request.task)
        let wasPaused = try await tasks.resume(definition.name)
        board.wake()
        context.logger.info(
            "Task resumed",
            metadata: ["task": "\(definition.name)", "actor": "\(request.actor)", "was_paused": "\(wasPaused)"]
        )
        return ResumeTaskResponse(task: try await view(definition.name), wasPaused: wasPaused)
    }

    private func known(_ task: String) throws(SchedulingError) -> TaskDefinition {
        guard let definition = definitions[task] else { throw .unknownTask(task, known: definitions.keys.sorted()) }
        return definition
    }

    private func view(_ task: String) async throws -> ScheduledTask {
        guard let view = try await tasks.views(of: task).first else {
            throw SchedulingError.unknownTask(task, known: definitions.keys.sorted())
        }
        return view
    }

    // MARK: - Runs

    func getRun(_ request: GetRunRequest, _ context: CallContext) async throws -> GetRunResponse {
        try context.caller.requireAccessToAllMerchants()
        while true {
            guard let run = try await runs.find(request.runId) else { throw SchedulingError.unknownRun }
            let isAwaited = request.waitUntilDone == true && run.state.knownValue != .done
            guard isAwaited, context.deadline.remaining > .milliseconds(500) + watchInterval,
                await !Self.isStopping(within: watchInterval)
            else { return GetRunResponse(run: run) }
        }
    }

    /// Whether this process was asked to stop, after a moment.
    private static func isStopping(within pause: Duration) async -> Bool {
        await cancelWhenGracefulShutdown {
            do {
                try await Task.sleep(for: pause)
                return false
            } catch {
                return true
            }
        }
    }

    func listRuns(_ request: ListRunsRequest, _ context: CallContext) async throws -> ListRunsResponse {
        try context.caller.requireAccessToAllMerchants()
        let size = request.pageSize ?? 50
        guard ScheduleLimits.pageSize.contains(size) else {
            throw RPCError.invalid([FieldProblem("pageSize", "is \(size)", accepted: "1 to 200")])
        }
        guard request.locationId == nil || request.merchantId != nil else {
            throw RPCError.invalid([FieldProblem("merchantId", "is missing", accepted: "the merchant of locationId")])
        }
        var filter = RunStore.Filter(
            task: try request.task.map { try known($0).name },
            merchant: request.merchantId,
            location: request.locationId,
            parent: request.parentRunId
        )
        for outcome in request.outcomes ?? [] {
            guard let value = outcome.knownValue else {
                throw RPCError.invalid([
                    FieldProblem(
                        "outcomes",
                        "has \(outcome.text.prefix(40))",
                        accepted: Open<TaskRunOutcome>.accepted
                    )
                ])
            }
            filter.outcomes.append(value)
        }
        let after = try request.cursor.map { text in
            guard let cursor = RunCursor(text) else { throw SchedulingError.malformedCursor }
            return cursor
        }
        let found = try await runs.list(filter, after: after, limit: size + 1)
        let page = Array(found.prefix(size))
        let last = found.count > size ? page.last : nil
        return ListRunsResponse(
            runs: page,
            nextCursor: last.map { RunCursor(dueAt: $0.dueAt, runID: $0.runId).text }
        )
    }

    // MARK: - The scheduler's own history

    func eraseExpired(_ request: EraseExpiredRequest, _ context: CallContext) async throws -> EraseExpiredResponse {
        try context.caller.requireAccessToAllMerchants()
        return try await history.erase(limit: request.rows())
    }

    // MARK: -

    private static func check(_ text: String, _ field: String, _ bytes: ClosedRange<Int>) throws(RPCError) {
        guard bytes.contains(text.utf8.count) else {
            throw .invalid([
                FieldProblem(
                    field,
                    "has \(text.utf8.count) bytes",
                    accepted: "\(bytes.lowerBound) to \(bytes.upperBound) bytes"
                )
            ])
        }
    }
}
