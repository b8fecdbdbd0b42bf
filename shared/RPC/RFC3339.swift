package import Foundation

/// Instants as text: `2026-03-01T18:30:00.250Z`, always in UTC when written, with any offset when read.
package enum RFC3339 {
    /// The instant, rounded to the millisecond.
    ///
    /// What was read comes out as the same instant, however often it is passed on.
    package static func text(_ date: Date) -> String {
        // The formatter cuts off, and a date is a binary fraction: 0.001 s is stored as a little less.
        date.addingTimeInterval(0.000_5).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Reads an instant; `nil` where the text is none, or names a day or a time of day that does not exist.
    ///
    /// Foundation's parser is not used: it takes 30 February for 2 March, and does not look at what follows.
    package static func date(_ text: String) -> Date? {
        var rest = Array(text.utf8)[...]
        guard let year = number(4, from: &rest), year > 0, take("-", from: &rest),
            let month = number(2, from: &rest), (1...12).contains(month), take("-", from: &rest),
            let day = number(2, from: &rest), (1...days(in: month, of: year)).contains(day),
            take("T", from: &rest) || take("t", from: &rest),
            let hour = number(2, from: &rest), hour < 24, take(":", from: &rest),
            let minute = number(2, from: &rest), minute < 60, take(":", from: &rest),
            let second = number(2, from: &rest), second < 60,
            let fraction = fraction(from: &rest), let offset = offset(from: &rest), rest.isEmpty
        else { return nil }
        let time = hour * 3600 + minute * 60 + second - offset
        return Date(timeIntervalSince1970: Double(dayNumber(year, month, day) * 86_400 + time) + fraction)
    }

    private static func take(_ character: Unicode.Scalar, from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Exactly so many digits.
    private static func number(_ digits: Int, from rest: inout ArraySlice<UInt8>) -> Int? {
        let found = rest.prefix(digits).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard found.count == digits else { return nil }
        rest = rest.dropFirst(digits)
        return found.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func fraction(from rest: inout ArraySlice<UInt8>) -> Double? {
        guard take(".", from: &rest) else { return 0 }
        var value = 0.0
        var unit = 0.1
        guard rest.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true else { return nil }
        while let digit = number(1, from: &rest) {
            value += Double(digit) * unit
            unit /= 10
        }
        return value
    }

    /// Seconds east of UTC.
    private static func offset(from rest: inout ArraySlice<UInt8>) -> Int? {
        if take("Z", from: &rest) || take("z", from: &rest) { return 0 }
        let isWest = take("-", from: &rest)
        guard isWest || take("+", from: &rest), let hours = number(2, from: &rest), hours < 24, take(":", from: &rest),
            let minutes = number(2, from: &rest), minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// Days since 1 January 1970, in the Gregorian calendar.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Counted from March, so that a leap day is the last of its year.
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
