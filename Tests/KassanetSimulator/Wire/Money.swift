/// Euros as the wire writes them, and the whole cents they are everywhere else.
enum Money {
    /// The most that one amount may be, so that no sum of them can overflow.
    static let most = 99_999_999

    /// Cents as decimal euros with two digits behind the point.
    static func text(_ cents: Int) -> String {
        let magnitude = cents.magnitude
        let fraction = magnitude % 100
        return "\(cents < 0 ? "-" : "")\(magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    /// The cents of a decimal text; nil for a sign, an exponent, or more than two digits behind the point.
    static func cents(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count <= 2, isDigits(whole), whole.count <= 6 else { return nil }
        guard let euros = Int(whole) else { return nil }
        guard parts.count == 2 else { return euros * 100 }
        let fraction = parts[1]
        guard isDigits(fraction), fraction.count <= 2, let digits = Int(fraction) else { return nil }
        return euros * 100 + (fraction.count == 1 ? digits * 10 : digits)
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
