import Synchronization

/// Until when this process may trust its lanes, on its own monotonic clock.
///
/// The database grants leases; this only decides when to stop trusting one. It counts from before the query was sent, so
/// a slow round trip shortens a lease and never lengthens it.
final class LaneClock: Sendable {
    private let lease: Duration
    private let renewedAt = Mutex<[LaneKey: ContinuousClock.Instant]>([:])

    init(lease: Duration) {
        self.lease = lease
    }

    /// These lanes were kept by a renewal that was sent at this moment; one that had run out is not among them.
    func renewed(_ kept: [LaneKey], at instant: ContinuousClock.Instant) {
        renewedAt.withLock { $0 = Dictionary(kept.map { ($0, instant) }) { first, _ in first } }
    }

    /// What is left of a lane that was claimed by a query sent at `claimedAt`.
    func timeLeft(of key: LaneKey, claimedAt: ContinuousClock.Instant) -> Duration {
        let start = renewedAt.withLock { $0[key].map { max($0, claimedAt) } ?? claimedAt }
        return lease - start.duration(to: .now)
    }
}
