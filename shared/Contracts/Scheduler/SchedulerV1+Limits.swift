package import RPC

/// What the scheduler checks of what it is asked, and shows in its document.
package enum ScheduleLimits {
    /// In bytes of UTF-8.
    package static let task = 1...100
    package static let actor = 1...100
    package static let reason = 1...500
    package static let pageSize = 1...200
}

extension RunTaskRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "task": .text(bytes: ScheduleLimits.task, "A name out of `ListTasks`.", example: "retention"),
            "merchantId": .about("Together with `locationId`: only that location."),
            "locationId": .about("Together with `merchantId`: only that location."),
            "actor": .text(bytes: ScheduleLimits.actor, "Who asks; it is kept."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        RunTaskRequest(task: "retention", actor: "anna")
    }
}

extension PauseTaskRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "task": .text(bytes: ScheduleLimits.task, "A name out of `ListTasks`.", example: "stock-polling"),
            "actor": .text(bytes: ScheduleLimits.actor, "Who asks; it is kept."),
            "reason": .text(bytes: ScheduleLimits.reason, "Why; it is kept."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        PauseTaskRequest(task: "stock-polling", actor: "anna", reason: "The registers are being replaced.")
    }
}

extension ResumeTaskRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "task": .text(bytes: ScheduleLimits.task, "A name out of `ListTasks`.", example: "stock-polling"),
            "actor": .text(bytes: ScheduleLimits.actor, "Who asks; it stands in the log."),
            "reason": .text(bytes: ScheduleLimits.reason),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ResumeTaskRequest(task: "stock-polling", actor: "anna")
    }
}

extension GetRunRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        ["waitUntilDone": .about("Answers when the run is through, or the deadline is near.")]
    }
}

extension ListRunsRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "task": .text(bytes: ScheduleLimits.task, "Only this task's.", example: "kassanet:check-and-requeue"),
            "merchantId": .about("Only this merchant's."),
            "locationId": .about("Only this location's; needs `merchantId`."),
            "outcomes": .about("Only runs that ended like this. Only known values are taken."),
            "pageSize": .number(ScheduleLimits.pageSize, "50 without it."),
            "cursor": .about("The `nextCursor` of the page before."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListRunsRequest(task: "kassanet:check-and-requeue", pageSize: 10)
    }
}
