package import Foundation

extension Date: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .timestamptz }

    /// The instant, rounded to the microsecond as PostgreSQL keeps it.
    package func postgresText() throws -> String? {
        guard let text = Timestamp.text(self) else {
            throw PostgresCell.Mismatch(found: "an instant PostgreSQL cannot hold")
        }
        return text
    }

    package init(postgres cell: PostgresCell) throws {
        guard let date = Timestamp.date(try cell.bytes(of: .timestamptz)) else {
            throw cell.mismatch("a timestamptz that is infinite or unreadable")
        }
        self = date
    }
}

/// PostgreSQL's ISO text of an instant, in the proleptic Gregorian calendar, to the microsecond.
enum Timestamp {
    private static let referenceDay = 11_323  // 2001-01-01, counted from 1970-01-01
    private static let microsecondsADay = 86_400_000_000

    /// The instant in UTC; `nil` outside the years 4713 BC to 294276 AD, and for what is no instant.
    static func text(_ date: Date, separator: Character = " ", zone: String = "+00") -> String? {
        let seconds = date.timeIntervalSinceReferenceDate
        guard seconds > -211_000_000_000, seconds < 9_223_000_000_000 else {
            return nil
        }
        let (day, microsecond) = Int((seconds * 1_000_000).rounded())
            .flooringDivision(by: microsecondsADay)
        let (year, month, dayOfMonth) = civil(day + referenceDay)
        let second = microsecond / 1_000_000
        var text = padded(year > 0 ? year : 1 - year, 4)
        text += "-\(padded(month, 2))-\(padded(dayOfMonth, 2))\(separator)"
        text += "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        text += ".\(padded(microsecond % 1_000_000, 6))\(zone)"
        return year > 0 ? text : text + " BC"
    }

    /// Reads `2026-01-31 12:34:56.789+01:30 BC`, the fraction, the offset's minutes and BC optional, T for the space too.
    static func date(_ text: some Collection<UInt8>) -> Date? {
        var rest = Scanner(text)
        guard let year = rest.number(), rest.skip("-"), let month = rest.number(), rest.skip("-"),
            let day = rest.number(), rest.skip(" ") || rest.skip("T"), let hour = rest.number(), rest.skip(":"),
            let minute = rest.number(), rest.skip(":"), let second = rest.number(), year <= 300_000
        else {
            return nil
        }
        let fraction = rest.skip(".") ? rest.microseconds() : 0
        guard let fraction, let offset = rest.offset() else {
            return nil
        }
        let isBeforeChrist = rest.skip(" ") && rest.skip("B") && rest.skip("C")
        guard rest.isAtEnd else {
            return nil
        }
        let days = self.days(isBeforeChrist ? 1 - year : year, month, day) - referenceDay
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Date(timeIntervalSinceReferenceDate: Double(seconds * 1_000_000 + fraction) / 1_000_000)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    // The two conversions below count from 1 March of year 0, so that a leap day is the last of its year.

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, day) = (days + 719_468).flooringDivision(by: 146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooringDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int {
    fileprivate func flooringDivision(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

private struct Scanner<Text: Collection<UInt8>> {
    private var rest: Text.SubSequence

    init(_ text: Text) {
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else {
            return false
        }
        rest.removeFirst()
        return true
    }

    /// Up to six digits, which no calculation here can overflow.
    mutating func number() -> Int? {
        digits().map(\.value)
    }

    mutating func microseconds() -> Int? {
        guard let (value, count) = digits() else {
            return nil
        }
        return (count..<6).reduce(value) { scaled, _ in scaled * 10 }
    }

    /// Seconds east of UTC, of `Z`, `+hh`, `+hh:mm` or `+hh:mm:ss`.
    mutating func offset() -> Int? {
        if skip("Z") { return 0 }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number() else {
            return nil
        }
        let minutes = skip(":") ? number() : 0
        let seconds = skip(":") ? number() : 0
        guard let minutes, let seconds else {
            return nil
        }
        return (hours * 3600 + minutes * 60 + seconds) * (isWest ? -1 : 1)
    }

    private mutating func digits() -> (value: Int, count: Int)? {
        var value = 0
        var count = 0
        while count < 6, let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            count += 1
            rest.removeFirst()
        }
        return count > 0 ? (value, count) : nil
    }
}
