/// An amount read from the wire: whole cents, and whether the register had written finer ones.
struct WireMoney: Sendable, Hashable {
    let cents: Int
    /// More than two decimals were written and a half cent or more was rounded up; the caller reports it.
    let rounded: Bool

    /// Reads decimal euros; nil when the text is no number or beyond ten trillion euros.
    init?(_ text: String) {
        let usual = WireDecimal.hundredths(usual: text).map { (value: $0, rounded: false) }
        guard let scaled = usual ?? WireDecimal(text)?.scaled(by: 2), abs(scaled.value) <= 1_000_000_000_000_000 else {
            return nil
        }
        cents = scaled.value
        rounded = scaled.rounded
    }

    /// Decimal euros with two decimals, exactly: 1250 is `12.50`, -5 is `-0.05`.
    static func text(cents: Int) -> String {
        let magnitude = cents.magnitude
        let fraction = magnitude % 100
        return "\(cents < 0 ? "-" : "")\(magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

/// A decimal number taken apart by its digits, never through a float.
struct WireDecimal: Sendable, Hashable {
    private let negative: Bool
    /// Digits without the point, and where the point is counted from their end (negative: zeros to append).
    private let digits: [UInt8]
    private let decimals: Int

    /// Reads a JSON number, also with a leading plus sign or leading zeros.
    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        guard bytes.count <= 64 else { return nil }
        negative = bytes.first == UInt8(ascii: "-")
        if negative || bytes.first == UInt8(ascii: "+") {
            bytes.removeFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) {
            guard let value = Int(String(decoding: bytes[bytes.index(after: mark)...], as: UTF8.self)),
                (-40...40).contains(value)
            else { return nil }
            exponent = value
            bytes = bytes[..<mark]
        }
        let halves = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let all = halves.joined()
        guard let whole = halves.first, !whole.isEmpty, halves.count == 1 || !halves[1].isEmpty,
            all.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        digits = all.map { $0 - UInt8(ascii: "0") }
        decimals = (halves.count == 2 ? halves[1].count : 0) - exponent
    }

    /// The hundredths of a number in the spelling that nearly all of them have: a minus perhaps, up to 15 digits, and up to
    /// two more behind a point.
    ///
    /// Nil for any other spelling, which may be that of a number all the same. A catalogue has millions of numbers; this
    /// reads one without taking it apart.
    static func hundredths(usual text: String) -> Int? {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            let isNegative = bytes.first == UInt8(ascii: "-")
            var position = isNegative ? 1 : 0
            var value = 0
            func digits(atMost count: Int) -> Int {
                let end = min(bytes.count, position + count)
                let start = position
                while position < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
                    value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
                    position += 1
                }
                return position - start
            }
            guard digits(atMost: 15) > 0 else { return nil }
            var decimals = 0
            if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
                position += 1
                decimals = digits(atMost: 2)
                guard decimals > 0 else { return nil }
            }
            guard position == bytes.count else { return nil }
            for _ in decimals..<2 { value *= 10 }
            return isNegative ? -value : value
        } ?? nil
    }

    /// The number times ten to the power of `places`, its magnitude rounded half up to a whole number.
    func scaled(by places: Int) -> (value: Int, rounded: Bool)? {
        let surplus = decimals - places
        let kept = digits.prefix(max(0, digits.count - max(0, surplus)))
        let dropped = surplus > digits.count ? [] : digits.suffix(max(0, surplus))
        var value = 0
        for digit in kept + Array(repeating: 0, count: max(0, -surplus)) {
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = product.addingReportingOverflow(Int(digit))
            guard !overflowed, !overflowedToo else { return nil }
            value = sum
        }
        if let first = dropped.first, first >= 5 {
            let (sum, overflowed) = value.addingReportingOverflow(1)
            guard !overflowed else { return nil }
            value = sum
        }
        let rounded = digits.suffix(max(0, surplus)).contains { $0 != 0 }
        return (negative ? -value : value, rounded)
    }
}
