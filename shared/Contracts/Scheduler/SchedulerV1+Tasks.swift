package import Foundation
package import RPC

// Tasks: what there is, and what people do with them.

package struct ListTasksRequest: Codable, Hashable, Sendable {
    package init() {}

    private enum CodingKeys: CodingKey {}

    /// Takes any object, and nothing that is none: without members, nobody else would look.
    package init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: CodingKeys.self) }
}

package struct ListTasksResponse: Codable, Hashable, Sendable {
    /// By name.
    package var tasks: [ScheduledTask]

    package init(tasks: [ScheduledTask]) {
        self.tasks = tasks
    }
}

/// Something that is due again and again.
package struct ScheduledTask: Codable, Hashable, Sendable {
    /// Such as `in-house:auto-sync`.
    package var name: String
    package var summary: String
    /// When it runs, in words.
    package var schedule: String
    package var paused: TaskPause?
    /// When the next of its runs is due; absent where none is.
    package var nextDueAt: Date?
    /// How many locations have runs of their own.
    package var locations: Int
    /// Runs that wait for a runner.
    package var waitingRuns: Int
    package var runningRuns: Int
    /// The newest run that has ended.
    package var lastRun: TaskRun?

    package init(
        name: String,
        summary: String,
        schedule: String,
        paused: TaskPause? = nil,
        nextDueAt: Date? = nil,
        locations: Int,
        waitingRuns: Int,
        runningRuns: Int,
        lastRun: TaskRun? = nil
    ) {
        self.name = name
        self.summary = summary
        self.schedule = schedule
        self.paused = paused
        self.nextDueAt = nextDueAt
        self.locations = locations
        self.waitingRuns = waitingRuns
        self.runningRuns = runningRuns
        self.lastRun = lastRun
    }
}

/// Who paused a task, since when and why.
package struct TaskPause: Codable, Hashable, Sendable {
    package var actor: String
    package var reason: String
    package var since: Date

    package init(actor: String, reason: String, since: Date) {
        self.actor = actor
        self.reason = reason
        self.since = since
    }
}

package struct RunTaskRequest: Codable, Hashable, Sendable {
    package var task: String
    /// Both or neither: one location, or everything the task is there for.
    package var merchantId: MerchantID?
    package var locationId: LocationID?
    /// Who asks; it is kept.
    package var actor: String

    package init(task: String, merchantId: MerchantID? = nil, locationId: LocationID? = nil, actor: String) {
        self.task = task
        self.merchantId = merchantId
        self.locationId = locationId
        self.actor = actor
    }
}

package struct RunTaskResponse: Codable, Hashable, Sendable {
    package var run: TaskRun
    /// It was due or under way already; this is that run.
    package var joined: Bool

    package init(run: TaskRun, joined: Bool) {
        self.run = run
        self.joined = joined
    }
}

package struct PauseTaskRequest: Codable, Hashable, Sendable {
    package var task: String
    /// Who asks; it is kept.
    package var actor: String
    package var reason: String

    package init(task: String, actor: String, reason: String) {
        self.task = task
        self.actor = actor
        self.reason = reason
    }
}

package struct ScheduledTaskResponse: Codable, Hashable, Sendable {
    package var task: ScheduledTask

    package init(task: ScheduledTask) {
        self.task = task
    }
}

package struct ResumeTaskRequest: Codable, Hashable, Sendable {
    package var task: String
    /// Who asks; it stands in the log.
    package var actor: String
    package var reason: String?

    package init(task: String, actor: String, reason: String? = nil) {
        self.task = task
        self.actor = actor
        self.reason = reason
    }
}

package struct ResumeTaskResponse: Codable, Hashable, Sendable {
    package var task: ScheduledTask
    /// False where it was not paused.
    package var wasPaused: Bool

    package init(task: ScheduledTask, wasPaused: Bool) {
        self.task = task
        self.wasPaused = wasPaused
    }
}
