/// The moment by which a call must be done, on this machine's monotonic clock.
///
/// It crosses the wire as the time that is left (`Connect-Timeout-Ms`), so clocks of different machines never meet.
package struct Deadline: Sendable, Hashable, Comparable {
    package let instant: ContinuousClock.Instant

    package init(at instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    package init(after duration: Duration) {
        instant = .now.advanced(by: duration)
    }

    /// What is left; never less than zero.
    package var remaining: Duration {
        max(.zero, ContinuousClock.now.duration(to: instant))
    }

    package var hasPassed: Bool { ContinuousClock.now >= instant }

    package static func < (lhs: Deadline, rhs: Deadline) -> Bool { lhs.instant < rhs.instant }

    /// The header value: whole milliseconds, at most ten digits.
    ///
    /// Less than one is sent as one, for none is no timeout.
    package var timeoutHeader: String {
        String(min(max(1, remaining.milliseconds), 9_999_999_999))
    }

    /// Reads `Connect-Timeout-Ms`; `nil` where it is not a positive whole number of at most ten digits.
    package init?(timeoutHeader: String) {
        let isDigits = timeoutHeader.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDigits, timeoutHeader.utf8.count <= 10, let milliseconds = Int64(timeoutHeader), milliseconds > 0 else {
            return nil
        }
        self.init(after: .milliseconds(milliseconds))
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
