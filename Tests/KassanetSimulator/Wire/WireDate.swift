import Foundation

/// Whose wall clock the `Date` header shows.
package enum DateZone: String, Sendable, CaseIterable {
    /// The clock of the location's time zone.
    case location
    case utc
}

/// The `Date` header: `yyyy-MM-ddTHH:mm:ss`, with neither zone nor fraction.
enum WireDate {
    /// The wall clock of an instant in a zone.
    static func text(_ instant: Date, in zone: TimeZone) -> String {
        let parts = calendar(zone).dateComponents([.year, .month, .day, .hour, .minute, .second], from: instant)
        let digits = [parts.month, parts.day, parts.hour, parts.minute, parts.second].map { twoDigits($0 ?? 0) }
        return "\(parts.year ?? 0)-\(digits[0])-\(digits[1])T\(digits[2]):\(digits[3]):\(digits[4])"
    }

    /// How many seconds a header is away from the wall clock; nil when it has another form or names no real moment.
    ///
    /// Both are compared as clock faces, so the hour that a zone repeats in autumn is no special case.
    static func distance(_ header: String, from instant: Date, in zone: TimeZone) -> Double? {
        guard let utc = TimeZone(secondsFromGMT: 0), let sent = moment(header, in: utc) else { return nil }
        let face = instant.addingTimeInterval(Double(zone.secondsFromGMT(for: instant)))
        return abs(sent.timeIntervalSince(face))
    }

    private static func moment(_ header: String, in utc: TimeZone) -> Date? {
        let bytes = Array(header.utf8)
        let form = Array("dddd-dd-ddTdd:dd:dd".utf8)
        guard bytes.count == form.count else { return nil }
        for (byte, wanted) in zip(bytes, form) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard wanted == UInt8(ascii: "d") ? isDigit : byte == wanted else { return nil }
        }
        let numbers = header.split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 6 else { return nil }
        let parts = DateComponents(
            year: numbers[0],
            month: numbers[1],
            day: numbers[2],
            hour: numbers[3],
            minute: numbers[4],
            second: numbers[5]
        )
        // A calendar turns 30 February into 2 March; written back, such a moment differs from what was sent.
        guard let moment = calendar(utc).date(from: parts), text(moment, in: utc) == header else { return nil }
        return moment
    }

    private static func calendar(_ zone: TimeZone) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
