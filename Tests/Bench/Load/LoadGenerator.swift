import Foundation
import Histogram
import TestBed

/// Sends prepared HTTP requests over kept connections from one thread, and measures how long each took.
///
/// Made for a machine that the measured service shares: one thread, no allocation per connection beyond its buffers, and
/// of an answer it reads the status and the length.
struct LoadGenerator: Sendable {
    var port: Int
    var connections = 32
    /// Answers of this first part of a run are not counted.
    var warmUp: Duration = .milliseconds(500)

    /// How requests follow one another.
    enum Pace: Sendable {
        /// Each connection sends as soon as it has its answer: how much can be done.
        case closed
        /// On a fixed schedule, whatever the answers do: how long callers wait.
        ///
        /// A request that is sent late because every connection is busy counts from when it was due.
        case open(perSecond: Double)
    }

    /// Runs for a time, or until `most` requests are sent; `request` makes the whole request with this number.
    func run(
        _ pace: Pace,
        for time: Duration,
        most: Int = .max,
        request: @escaping @Sendable (Int) -> [UInt8]
    ) async throws -> LoadResult {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        var run = try LoadRun(
                            port: port,
                            connections: connections,
                            pace: pace,
                            most: most,
                            request: request
                        )
                        return try run.go(warmUp: warmUp, time: time)
                    }
                )
            }
        }
    }
}

/// What a run of load found.
struct LoadResult: Sendable {
    /// Answers with status 200 after the warm-up.
    var completed = 0
    /// Answers with another status, and requests without an answer.
    var failed = 0
    var seconds = 0.0
    /// Microseconds from when a request was due to its answer.
    var latency = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    /// The first answer that was not 200, for whoever wonders why.
    var firstFailure: String?

    var perSecond: Double { seconds > 0 ? Double(completed) / seconds : 0 }

    /// Milliseconds.
    func percentile(_ percentile: Double) -> Double { Double(latency.valueAtPercentile(percentile)) / 1000 }

    /// A run counts only when at least 99 % of it was done (reliability.md, Goal table).
    func check(_ what: String) throws {
        guard completed > 0, Double(failed) <= Double(completed + failed) / 100 else {
            throw TestBedError(
                "\(what): \(completed) done, \(failed) failed. \(firstFailure ?? "Nothing was answered.")"
            )
        }
    }
}
