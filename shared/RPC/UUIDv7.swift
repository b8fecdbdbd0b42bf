package import Foundation

/// Identifiers that sort by the time they were made (RFC 9562, version 7), so new rows land at the end of an index.
package enum UUIDv7 {
    package static func next(at date: Date = Date()) -> UUID {
        let milliseconds = UInt64(max(0, date.timeIntervalSince1970) * 1000)
        let high = UInt64.random(in: .min ... .max)
        let low = UInt64.random(in: .min ... .max)
        func time(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: milliseconds >> shift) }
        func random(_ word: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> shift) }
        return UUID(
            uuid: (
                time(40), time(32), time(24), time(16), time(8), time(0),
                0x70 | (random(high, 0) & 0x0F), random(high, 8),
                0x80 | (random(high, 16) & 0x3F), random(high, 24),
                random(low, 0), random(low, 8), random(low, 16), random(low, 24), random(low, 32), random(low, 40)
            )
        )
    }
}
