import CoreMetrics
import Metrics

/// What a pool counts.
///
/// The `pool` label is the application name; outcomes are a closed set.
struct PostgresMetrics: Sendable {
    private let inUse: Meter
    private let waiting: Meter
    private let acquisition: Timer
    private let statements: [Outcome: Timer]

    private enum Outcome: String, CaseIterable {
        case ok, refused, conflict, timedOut = "timed_out", lost, unavailable, canceled, other
    }

    init(pool: String) {
        let dimensions = [("pool", pool)]
        inUse = Meter(label: "postgres_pool_in_use", dimensions: dimensions)
        waiting = Meter(label: "postgres_pool_waiting", dimensions: dimensions)
        acquisition = Timer(label: "postgres_pool_acquire_seconds", dimensions: dimensions)
        statements = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map { outcome in
                let labels = dimensions + [("outcome", outcome.rawValue)]
                return (outcome, Timer(label: "postgres_query_seconds", dimensions: labels))
            }
        )
    }

    func report(inUse: Int, waiting: Int) {
        self.inUse.set(inUse)
        self.waiting.set(waiting)
    }

    func recordAcquisition(since start: ContinuousClock.Instant) {
        acquisition.recordNanoseconds(start.duration(to: .now).nanoseconds)
    }

    /// Runs a statement and records how long it took and how it ended.
    func measure<Value>(
        isolation: isolated (any Actor)? = #isolation,
        _ statement: () async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        do {
            let value = try await statement()
            record(.ok, since: start)
            return value
        } catch {
            record(Self.outcome(of: error), since: start)
            throw error
        }
    }

    private func record(_ outcome: Outcome, since start: ContinuousClock.Instant) {
        statements[outcome]?.recordNanoseconds(start.duration(to: .now).nanoseconds)
    }

    private static func outcome(of error: any Error) -> Outcome {
        guard let error = error as? PostgresError else {
            return error is CancellationError ? .canceled : .other
        }
        return switch error.kind {
        case .server(.queryCanceled), .timedOut: .timedOut
        case .server(let state): state.isTransient ? .conflict : .refused
        case .connectionLost: .lost
        case .connectionFailed, .poolExhausted, .closed, .configuration: .unavailable
        case .decoding, .encoding, .zeroCharacter, .unexpectedRows: .other
        }
    }
}

extension Duration {
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
