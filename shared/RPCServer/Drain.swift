import RPC
import Synchronization

/// Whether a service still takes calls, or only finishes those it has because it is going down.
package final class Drain: Sendable {
    private let hasBegun = Atomic<Bool>(false)

    package var isDraining: Bool { hasBegun.load(ordering: .relaxed) }

    /// From now on every new call is refused.
    package func begin() {
        hasBegun.store(true, ordering: .relaxed)
    }

    /// Throws `unavailable` once the service is going down.
    func requireUp() throws(RPCError) {
        guard isDraining else { return }
        throw RPCError(
            .unavailable,
            "This process is shutting down and did nothing. Send the call again; another takes it.",
            reason: "shutting_down",
            nextAction: .retry
        )
    }
}
