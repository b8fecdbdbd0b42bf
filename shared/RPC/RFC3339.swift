package import Foundation

/// Instants as text: `2026-03-01T18:30:00.250Z`, always in UTC when written, with any offset when read.
package enum RFC3339 {
    /// The instant, rounded to the millisecond.
    ///
    /// What was read comes out as the same instant, however often it is passed on. The years have four digits: what lies
    /// beyond is written as the first or the last instant that has.
    package static func text(_ date: Date) -> String {
        String(unsafeUninitializedCapacity: length) { write(date, to: $0) }
    }

    /// Reads an instant; `nil` where the text is none, or names a day or a time of day that does not exist.
    ///
    /// Foundation's parser is not used: it takes 30 February for 2 March, and does not look at what follows.
    package static func date(_ text: String) -> Date? {
        var text = text
        return text.withUTF8 { date($0) }
    }

    /// The same of a text's bytes.
    static func date(_ text: UnsafeBufferPointer<UInt8>) -> Date? {
        var rest = Reader(text: text)
        guard let year = rest.number(4), year > 0, rest.take("-"),
            let month = rest.number(2), (1...12).contains(month), rest.take("-"),
            let day = rest.number(2), (1...days(in: month, of: year)).contains(day),
            rest.take("T") || rest.take("t"),
            let hour = rest.number(2), hour < 24, rest.take(":"),
            let minute = rest.number(2), minute < 60, rest.take(":"),
            let second = rest.number(2), second < 60,
            let fraction = rest.fraction(), let offset = rest.offset(), rest.isAtEnd
        else { return nil }
        let time = hour * 3600 + minute * 60 + second - offset
        return Date(timeIntervalSince1970: Double(dayNumber(year, month, day) * 86_400 + time) + fraction)
    }

    /// How long a text is.
    static let length = 24

    /// Writes the text into room for `length` bytes, and returns that length.
    static func write(_ date: Date, to room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let bounds = -62_135_596_800_000.0...253_402_300_799_999.0
        let rounded = (date.timeIntervalSince1970 * 1000).rounded()
        let instant = Int(rounded.isNaN ? 0 : min(max(rounded, bounds.lowerBound), bounds.upperBound))
        let day = Int((Double(instant) / 86_400_000).rounded(.down))
        let time = instant - day * 86_400_000
        let (year, month, dayOfMonth) = civil(day)
        func put(_ value: Int, _ digits: Int, at place: Int, _ separator: Unicode.Scalar) {
            var value = value
            for at in (place..<place + digits).reversed() {
                room[at] = UInt8(ascii: "0") + UInt8(value % 10)
                value /= 10
            }
            room[place + digits] = UInt8(ascii: separator)
        }
        put(year, 4, at: 0, "-")
        put(month, 2, at: 5, "-")
        put(dayOfMonth, 2, at: 8, "T")
        put(time / 3_600_000, 2, at: 11, ":")
        put(time / 60_000 % 60, 2, at: 14, ":")
        put(time / 1000 % 60, 2, at: 17, ".")
        put(time % 1000, 3, at: 20, "Z")
        return length
    }

    private struct Reader {
        let text: UnsafeBufferPointer<UInt8>
        var at = 0

        var isAtEnd: Bool { at == text.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        /// Exactly so many digits.
        mutating func number(_ digits: Int) -> Int? {
            guard at + digits <= text.count else { return nil }
            var value = 0
            for byte in text[at..<at + digits] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            at += digits
            return value
        }

        mutating func fraction() -> Double? {
            guard take(".") else { return 0 }
            guard let first = number(1) else { return nil }
            var value = Double(first) * 0.1
            var unit = 0.01
            while let digit = number(1) {
                value += Double(digit) * unit
                unit /= 10
            }
            return value
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int? {
            if take("Z") || take("z") { return 0 }
            let isWest = take("-")
            guard isWest || take("+"), let hours = number(2), hours < 24, take(":"), let minutes = number(2),
                minutes < 60
            else { return nil }
            return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    // The two conversions below count from 1 March of year 0, so that a leap day is the last of its year.

    /// Days since 1 January 1970, in the Gregorian calendar.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    private static func civil(_ dayNumber: Int) -> (year: Int, month: Int, day: Int) {
        let days = dayNumber + 719_468
        let (era, day) = days.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
