import Metrics
import RPC

/// What is counted of one procedure, with its labels built once.
struct ProcedureMetrics: Sendable {
    /// The path as it is declared, never as it was sent: it becomes a metric label.
    let procedure: String
    private let duration: Metrics.Timer
    private let succeeded: Counter
    private let failed: [RPCCode: Counter]

    init(_ procedure: String) {
        self.procedure = procedure
        func counter(_ code: String) -> Counter {
            Counter(label: "rpc_calls_total", dimensions: [("procedure", procedure), ("code", code)])
        }
        duration = Metrics.Timer(label: "rpc_call_seconds", dimensions: [("procedure", procedure)])
        succeeded = counter("ok")
        failed = Dictionary(uniqueKeysWithValues: RPCCode.allCases.map { ($0, counter($0.rawValue)) })
    }

    /// `failure` is `nil` for a call that was answered.
    func record(_ failure: RPCCode?, took duration: Duration) {
        (failure.flatMap { failed[$0] } ?? succeeded).increment()
        self.duration.recordNanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        )
    }
}
