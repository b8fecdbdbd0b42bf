import Foundation

/// The `Date` header: `yyyy-MM-ddTHH:mm:ss`, a wall clock without zone or fraction (kassanet-wire.md, Transport).
enum WireDate {
    static func text(of instant: Date, settings: WireSettings) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = settings.dateZone == .utc ? .gmt : settings.timeZone
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: instant)
        let day = [padded(parts.year, 4), padded(parts.month, 2), padded(parts.day, 2)].joined(separator: "-")
        let time = [padded(parts.hour, 2), padded(parts.minute, 2), padded(parts.second, 2)].joined(separator: ":")
        return "\(day)T\(time)"
    }

    private static func padded(_ number: Int?, _ width: Int) -> String {
        let digits = String(number ?? 0)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
