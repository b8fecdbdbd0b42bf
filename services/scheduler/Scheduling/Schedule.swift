import Contracts
import Foundation
import RPC

/// When something is due, again and again.
enum Schedule: Hashable, Sendable {
    /// Once a day at a local time (rule K9).
    case daily(DailyTime)
    /// On a grid: every minute is due on the minute, whatever happened before.
    case every(Duration)
    /// So long after the turn before, give or take a fifth, so that locations do not all come at once.
    case spaced(Duration)

    /// When the first turn is due, for something that begins now.
    func first(after now: Date, dice: Dice) -> Date {
        switch self {
        case .daily(let time): time.next(after: now)
        case .every(let interval):
            Date(
                timeIntervalSince1970: ((now.timeIntervalSince1970 / interval.seconds).rounded(.down) + 1)
                    * interval.seconds
            )
        case .spaced(let interval): now + interval.seconds * dice.roll(0...1)
        }
    }

    /// The turn that is due now, where one has been since `planned`, and when the next will be.
    ///
    /// Of several due times that passed, only the newest has a turn: what was missed is caught up with once.
    func turn(planned: Date, now: Date, dice: Dice) -> Turn {
        switch self {
        case .daily(let time):
            // After more than a year nobody cares how many days were missed.
            var turn = Turn(due: max(planned, now - 400 * 86_400), next: planned, missed: 0)
            if turn.due > planned { turn.due = time.next(after: turn.due) }
            turn.next = time.next(after: turn.due)
            while turn.next <= now {
                turn = Turn(due: turn.next, next: time.next(after: turn.next), missed: turn.missed + 1)
            }
            return turn
        case .every(let interval):
            let missed = ((now.timeIntervalSince1970 - planned.timeIntervalSince1970) / interval.seconds).rounded(.down)
            let due = planned + max(0, missed) * interval.seconds
            return Turn(due: due, next: due + interval.seconds, missed: max(0, Int(missed)))
        case .spaced(let interval):
            return Turn(due: planned, next: now + dice.around(interval), missed: 0)
        }
    }

    /// For people.
    var words: String {
        switch self {
        // Foundation calls it by its older name.
        case .daily(let time): "daily at \(time) (\(time.zone.identifier == "GMT" ? "UTC" : time.zone.identifier))"
        case .every(let interval): "every \(interval.words)"
        case .spaced(let interval): "every \(interval.words), give or take a fifth"
        }
    }
}

/// A due time that is to be run.
struct Turn: Hashable, Sendable {
    var due: Date
    var next: Date
    /// Due times before this one that nobody was there for.
    var missed: Int
}

/// Where chance comes from.
struct Dice: Sendable {
    let roll: @Sendable (ClosedRange<Double>) -> Double

    static let fair = Dice { Double.random(in: $0) }

    /// A time in seconds, give or take a fifth.
    func around(_ duration: Duration) -> Double { duration.seconds * roll(0.8...1.2) }
}

/// How long until a location that fails is looked at again: twice as long each time, up to a limit.
struct Backoff: Hashable, Sendable {
    var first: Duration
    var longest: Duration

    /// The pause after so many failures in a row before this one.
    func pause(level: Int) -> Duration {
        min(longest, first * (1 << min(max(level, 0), 20)))
    }
}

extension Duration {
    var seconds: Double { Double(milliseconds) / 1000 }

    /// `5 min`, `90 s`.
    var words: String {
        let whole = milliseconds
        if whole % 3_600_000 == 0, whole > 0 { return "\(whole / 3_600_000) h" }
        if whole % 60_000 == 0, whole > 0 { return "\(whole / 60_000) min" }
        return whole % 1000 == 0 ? "\(whole / 1000) s" : "\(whole) ms"
    }
}
