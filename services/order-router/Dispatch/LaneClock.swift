import Synchronization

/// Until when this process may trust its lanes, on its own monotonic clock.
///
/// The database grants leases; this only decides when to stop trusting one. It counts from before the query was sent, so
/// a slow round trip shortens a lease and never lengthens it.
final class LaneClock: Sendable {
    private let lease: Duration
    private let renewedAt = Mutex<ContinuousClock.Instant?>(nil)

    init(lease: Duration) {
        self.lease = lease
    }

    /// A renewal of all lanes that was sent at this moment has succeeded.
    func renewed(at instant: ContinuousClock.Instant) {
        renewedAt.withLock { $0 = instant }
    }

    /// What is left of a lane that was claimed by a query sent at `claimedAt`.
    func timeLeft(claimedAt: ContinuousClock.Instant) -> Duration {
        let start = renewedAt.withLock { $0.map { max($0, claimedAt) } ?? claimedAt }
        return lease - start.duration(to: .now)
    }
}
