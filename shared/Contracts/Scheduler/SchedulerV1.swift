package import RPC

/// Runs what is due, once, whichever replica is alive.
///
/// Tasks belong to the deployment and reach over all merchants, so only a caller for all of them may call.
package enum SchedulerV1 {
    package static let service = "upvendo.schedule.v1.Scheduler"

    /// Every task: when it runs, whether it is paused, how it went last.
    package static let listTasks = RPCMethod<ListTasksRequest, ListTasksResponse>(
        service,
        "ListTasks",
        .readOnly,
        summary: "Every task: when it runs, whether it is paused, how it went last."
    )

    /// Runs a task now, for one location or for all that it is there for; or joins the run that is under way.
    ///
    /// It answers when the run is stored, not when it is through. It works for a paused task too. Fails with `not_found`
    /// (`unknown_task`, `unknown_location`) and `failed_precondition` (`task_has_no_locations`).
    package static let runTask = RPCMethod<RunTaskRequest, RunTaskResponse>(
        service,
        "RunTask",
        .notIdempotent,
        summary: "Runs a task now, for one location or for all."
    )

    /// Keeps a task from running by itself; a pause that is there already stands.
    ///
    /// Runs under way go on to their end. Fails with `not_found` (`unknown_task`).
    package static let pauseTask = RPCMethod<PauseTaskRequest, ScheduledTaskResponse>(
        service,
        "PauseTask",
        .idempotent,
        summary: "Keeps a task from running by itself until it is resumed."
    )

    /// Ends a pause; what was missed is caught up with once.
    ///
    /// Fails with `not_found` (`unknown_task`).
    package static let resumeTask = RPCMethod<ResumeTaskRequest, ResumeTaskResponse>(
        service,
        "ResumeTask",
        .idempotent,
        summary: "Lets a paused task run again; what was missed is caught up with once."
    )

    /// One run; with `waitUntilDone`, when it is through or the deadline is near.
    ///
    /// Fails with `not_found` (`unknown_run`).
    package static let getRun = RPCMethod<GetRunRequest, GetRunResponse>(
        service,
        "GetRun",
        .readOnly,
        summary: "One run: whether it is through, its outcome, its cause and the next action."
    )

    /// A page of runs, newest due time first.
    package static let listRuns = RPCMethod<ListRunsRequest, ListRunsResponse>(
        service,
        "ListRuns",
        .readOnly,
        summary: "A page of runs, newest due time first."
    )
}
