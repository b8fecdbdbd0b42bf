package import Foundation

/// A time of day in a time zone, such as a location's daily import (rule K9).
///
/// It is due once a day, whatever the zone's clock does. Where the clock jumps over it, it is due when the clock has
/// jumped; where the clock shows it twice, it is due the first time.
package struct DailyTime: Hashable, Sendable {
    package let hour: Int
    package let minute: Int
    package let zone: TimeZone

    /// Reads `HH:mm` in an IANA zone; nil where either is none.
    package init?(_ text: String, zone identifier: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), let zone = TimeZone(identifier: identifier),
            let hour = Self.twoDigits(bytes[0], bytes[1]), hour < 24,
            let minute = Self.twoDigits(bytes[3], bytes[4]), minute < 60
        else { return nil }
        self.hour = hour
        self.minute = minute
        self.zone = zone
    }

    /// When it is due for the first time after a moment.
    package func next(after date: Date) -> Date {
        let second = Int(date.timeIntervalSince1970.rounded(.down))
        var day = Self.day(of: second + offset(at: second))
        while true {
            let due = Date(timeIntervalSince1970: Double(moment(on: day)))
            if due > date { return due }
            day += 1
        }
    }

    // MARK: - One day

    // Foundation's calendar has policies for this, too. The rule is short enough to be seen whole, and then it does not
    // change with the platform's edition of Foundation.

    private static let secondsPerDay = 86_400

    /// The moment at which it is due on a local day, in seconds; days are counted as 1970-01-01 is 0.
    private func moment(on day: Int) -> Int {
        let local = day * Self.secondsPerDay + hour * 3_600 + minute * 60
        // No zone is further than a day from UTC, so a change of the clock near this time lies between these two.
        let before = offset(at: local - Self.secondsPerDay)
        let after = offset(at: local + Self.secondsPerDay)
        let candidates = [local - before, local - after].filter { $0 + offset(at: $0) == local }
        if let first = candidates.min() { return first }
        return change(between: local - max(before, after), and: local - min(before, after))
    }

    /// The first second that has the offset of `late`; `early` has another.
    private func change(between early: Int, and late: Int) -> Int {
        let changed = offset(at: late)
        var (early, late) = (early, late)
        while late - early > 1 {
            let middle = early + (late - early) / 2
            if offset(at: middle) == changed { late = middle } else { early = middle }
        }
        return late
    }

    private func offset(at second: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    }

    private static func day(of localSecond: Int) -> Int {
        localSecond >= 0 ? localSecond / secondsPerDay : (localSecond + 1) / secondsPerDay - 1
    }

    private static func twoDigits(_ tens: UInt8, _ ones: UInt8) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard digits.contains(tens), digits.contains(ones) else { return nil }
        return Int(tens - digits.lowerBound) * 10 + Int(ones - digits.lowerBound)
    }
}

extension DailyTime: CustomStringConvertible {
    /// As it was read: `05:00`.
    package var description: String {
        "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}
