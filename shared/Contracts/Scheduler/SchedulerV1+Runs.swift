package import Foundation
package import RPC

// Runs: the history of every task, with outcome and duration.

package struct GetRunRequest: Codable, Hashable, Sendable {
    package var runId: UUID
    /// Answers when the run is through, or the deadline is near.
    package var waitUntilDone: Bool?

    package init(runId: UUID, waitUntilDone: Bool? = nil) {
        self.runId = runId
        self.waitUntilDone = waitUntilDone
    }
}

package struct GetRunResponse: Codable, Hashable, Sendable {
    package var run: TaskRun

    package init(run: TaskRun) {
        self.run = run
    }
}

package struct ListRunsRequest: Codable, Hashable, Sendable {
    package var task: String?
    package var merchantId: MerchantID?
    package var locationId: LocationID?
    /// Only runs that this one began: those of the locations, where a task was run for all.
    package var parentRunId: UUID?
    /// Only runs that ended like this.
    package var outcomes: [Open<TaskRunOutcome>]?
    package var pageSize: Int?
    package var cursor: String?

    package init(
        task: String? = nil,
        merchantId: MerchantID? = nil,
        locationId: LocationID? = nil,
        parentRunId: UUID? = nil,
        outcomes: [TaskRunOutcome]? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.task = task
        self.merchantId = merchantId
        self.locationId = locationId
        self.parentRunId = parentRunId
        self.outcomes = outcomes?.map { Open($0) }
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListRunsResponse: Codable, Hashable, Sendable {
    package var runs: [TaskRun]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(runs: [TaskRun], nextCursor: String? = nil) {
        self.runs = runs
        self.nextCursor = nextCursor
    }
}

/// One run of a task: there is one per task, location and due time.
///
/// A run whose runner died goes on under the same `runId`.
package struct TaskRun: Codable, Hashable, Sendable {
    package var runId: UUID
    package var task: String
    /// Absent for a run of the deployment as a whole.
    package var merchantId: MerchantID?
    package var locationId: LocationID?
    package var dueAt: Date
    /// How many due times before this one nobody was there for; this run stands for them too.
    package var missedRuns: Int
    package var trigger: Open<TaskRunTrigger>
    /// Who asked for it, where a person did.
    package var actor: String?
    /// The run for all locations that this one belongs to.
    package var parentRunId: UUID?
    package var state: Open<TaskRunState>
    /// How often it was begun; more than 1 where a runner died or stopped in between.
    package var attempts: Int
    package var startedAt: Date?
    package var endedAt: Date?
    package var durationMs: Int?
    /// Absent until it has ended.
    package var outcome: Open<TaskRunOutcome>?
    /// What came of it, as a stable token.
    package var reason: String?
    /// The same in words: the cause, and the next action (rule P1).
    package var explanation: String?
    package var nextAction: String?
    /// Its parts, where it has several: a service each, for one.
    package var items: [TaskRunItem]

    package init(
        runId: UUID,
        task: String,
        merchantId: MerchantID? = nil,
        locationId: LocationID? = nil,
        dueAt: Date,
        missedRuns: Int,
        trigger: TaskRunTrigger,
        actor: String? = nil,
        parentRunId: UUID? = nil,
        state: TaskRunState,
        attempts: Int,
        startedAt: Date? = nil,
        endedAt: Date? = nil,
        durationMs: Int? = nil,
        outcome: TaskRunOutcome? = nil,
        reason: String? = nil,
        explanation: String? = nil,
        nextAction: String? = nil,
        items: [TaskRunItem]
    ) {
        self.runId = runId
        self.task = task
        self.merchantId = merchantId
        self.locationId = locationId
        self.dueAt = dueAt
        self.missedRuns = missedRuns
        self.trigger = Open(trigger)
        self.actor = actor
        self.parentRunId = parentRunId
        self.state = Open(state)
        self.attempts = attempts
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.durationMs = durationMs
        self.outcome = outcome.map { Open($0) }
        self.reason = reason
        self.explanation = explanation
        self.nextAction = nextAction
        self.items = items
    }
}

/// One part of a run.
package struct TaskRunItem: Codable, Hashable, Sendable {
    /// Such as `order-router`.
    package var name: String
    package var outcome: Open<TaskRunOutcome>
    /// How many rows, locations or the like it was about.
    package var count: Int?
    package var reason: String?
    package var explanation: String?
    package var nextAction: String?

    package init(
        name: String,
        outcome: TaskRunOutcome,
        count: Int? = nil,
        reason: String? = nil,
        explanation: String? = nil,
        nextAction: String? = nil
    ) {
        self.name = name
        self.outcome = Open(outcome)
        self.count = count
        self.reason = reason
        self.explanation = explanation
        self.nextAction = nextAction
    }
}

package enum TaskRunState: String, CaseIterable, Sendable, Codable {
    /// Its time has come; it waits for a runner.
    case due
    case running
    case done
}

package enum TaskRunOutcome: String, CaseIterable, Sendable, Codable {
    case succeeded
    case failed
    /// There was nothing to do.
    case skipped
}

package enum TaskRunTrigger: String, CaseIterable, Sendable, Codable {
    case schedule
    /// `RunTask`.
    case person
}
