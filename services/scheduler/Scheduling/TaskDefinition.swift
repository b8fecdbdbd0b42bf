import Contracts
import Foundation
import RPC

/// A task: when it is due and what is done then.
struct TaskDefinition: Sendable {
    let name: String
    /// What it is for, in a sentence.
    let summary: String
    /// When it runs for the deployment as a whole; `nil` where that is only ever by hand.
    let schedule: Schedule?
    /// When it runs for each of its locations; `nil` where a location brings its own time, or there are none.
    let locationSchedule: Schedule?
    /// Whether it has runs for locations.
    let hasLocations: Bool
    /// When it runs, for people, where the schedule does not say it all.
    let words: String
    /// How many of its runs a process has at once, in each lane.
    let slots: Int
    /// How long one run may take.
    let timeout: Duration
    let work: any TaskWork

    init(
        _ name: String,
        _ summary: String,
        schedule: Schedule?,
        locationSchedule: Schedule? = nil,
        hasLocations: Bool = false,
        words: String? = nil,
        slots: Int,
        timeout: Duration,
        work: any TaskWork
    ) {
        self.name = name
        self.summary = summary
        self.schedule = schedule
        self.locationSchedule = locationSchedule
        self.hasLocations = hasLocations
        self.words = words ?? schedule?.words ?? "by hand"
        self.slots = slots
        self.timeout = timeout
        self.work = work
    }
}

/// What a task does in one run.
///
/// A run is begun again, under its own id, where its runner died; the work must bear that. What it throws is the outcome
/// of a failed run.
protocol TaskWork: Sendable {
    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport
}

/// What came of a run.
struct RunReport: Hashable, Sendable {
    var outcome: TaskRunOutcome
    var reason: String?
    var explanation: String?
    var nextAction: NextAction?
    var items: [TaskRunItem] = []
    /// When the location has its next turn.
    var turn = NextTurn.asPlanned

    static func succeeded(_ reason: String? = nil, _ explanation: String? = nil) -> RunReport {
        RunReport(outcome: .succeeded, reason: reason, explanation: explanation)
    }

    static func skipped(_ reason: String, _ explanation: String) -> RunReport {
        RunReport(outcome: .skipped, reason: reason, explanation: explanation)
    }

    init(
        outcome: TaskRunOutcome,
        reason: String? = nil,
        explanation: String? = nil,
        nextAction: NextAction? = nil,
        items: [TaskRunItem] = [],
        turn: NextTurn = .asPlanned
    ) {
        self.outcome = outcome
        self.reason = reason
        self.explanation = explanation
        self.nextAction = nextAction
        self.items = items
        self.turn = turn
    }

    /// A run that an error ended.
    init(failed error: RPCError) {
        self.init(
            outcome: .failed,
            reason: error.reason ?? error.code.rawValue,
            explanation: error.message,
            nextAction: error.nextAction
        )
    }

    func next(_ turn: NextTurn) -> RunReport {
        var copy = self
        copy.turn = turn
        return copy
    }
}

/// When a location has its next turn, as its last one decided.
enum NextTurn: Hashable, Sendable {
    /// As it was planned when this one began.
    case asPlanned
    /// After so many seconds, with so many failures in a row behind it.
    case after(seconds: Double, level: Int)
    /// None, until something changes.
    case never
}

extension TaskRunItem {
    /// A part that an error ended.
    init(_ name: String, failed error: RPCError, count: Int? = nil) {
        self.init(
            name: name,
            outcome: .failed,
            count: count,
            reason: error.reason ?? error.code.rawValue,
            explanation: error.message,
            nextAction: error.nextAction?.rawValue
        )
    }
}
