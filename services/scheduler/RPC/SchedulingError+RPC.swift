import RPC

/// What keeps scheduler from doing what it was asked.
enum SchedulingError: Error, Hashable {
    case unknownTask(String, known: [String])
    case unknownLocation
    case noLocations(String)
    case unknownRun
    case malformedCursor
}

extension SchedulingError: RPCErrorConvertible {
    var rpcError: RPCError {
        switch self {
        case .unknownTask(let task, let known):
            RPCError(
                .notFound,
                "There is no task \(task.prefix(100)). There are: \(known.joined(separator: ", ")).",
                reason: "unknown_task",
                nextAction: .fixRequest,
                fields: [FieldProblem("task", "is no task", accepted: known.joined(separator: ", "))]
            )
        case .unknownLocation:
            RPCError(
                .notFound,
                "No register is connected at this location. Connect it in the backoffice, or check locationId.",
                reason: "unknown_location",
                nextAction: .fixRequest,
                fields: [FieldProblem("locationId", "has no register connected")]
            )
        case .noLocations(let task):
            RPCError(
                .failedPrecondition,
                "\(task) runs for the deployment as a whole. Run it without a location.",
                reason: "task_has_no_locations",
                nextAction: .fixRequest
            )
        case .unknownRun:
            RPCError(
                .notFound,
                "There is no such run, or no longer: the history is kept for a while only.",
                reason: "unknown_run",
                nextAction: .fixRequest
            )
        case .malformedCursor:
            .invalid([FieldProblem("cursor", "is not one of ours", accepted: "the nextCursor of the page before")])
        }
    }
}
