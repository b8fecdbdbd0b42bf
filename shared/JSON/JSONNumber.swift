/// A number as it is written, which the parser found to be one.
struct JSONNumber {
    private let text: UnsafeBufferPointer<UInt8>

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    /// The number, where it is whole and fits; exact, also where it is written `1.50e2`.
    @inline(__always)
    func integer<Value: FixedWidthInteger>() -> Value? {
        let isNegative = text[0] == UInt8(ascii: "-")
        // Up to 18 digits fit, and are what there nearly always is.
        guard text.count <= 18 else { return exactInteger(isNegative) }
        var value: Int64 = 0
        for byte in text[(isNegative ? 1 : 0)...] {
            guard byte.isDigit else { return exactInteger(isNegative) }
            value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
        }
        return Value(exactly: isNegative ? -value : value)
    }

    @inline(never)
    private func exactInteger<Value: FixedWidthInteger>(_ isNegative: Bool) -> Value? {
        let decimal = Decimal(text)
        guard let magnitude = decimal.magnitude(ofDigits: text) else { return nil }
        guard isNegative else { return Value(exactly: magnitude) }
        return magnitude == 0 ? 0 : Value(exactly: -Int128(magnitude))
    }

    /// The nearest binary number; `nil` beyond the largest.
    func double() -> Double? {
        if let whole: Int64 = text.count <= 15 && text.allSatisfy(\.isDigit) ? integer() : nil { return Double(whole) }
        let value = Double(String(decoding: text, as: UTF8.self))
        return value.flatMap { $0.isFinite ? $0 : nil }
    }

    /// Where the digits that count stand, and how far the point is from behind the last of them.
    private struct Decimal {
        private var significant: Range<Int>?
        private var exponent = 0

        init(_ text: UnsafeBufferPointer<UInt8>) {
            var hasPoint = false
            var isInExponent = false
            var written = 0
            var isExponentNegative = false
            // Digits behind the point count down, zeros behind the last digit that counts count up again.
            var shift = 0
            var trailing = 0
            for (at, byte) in text.enumerated() {
                switch byte {
                case UInt8(ascii: "."): hasPoint = true
                case UInt8(ascii: "e"), UInt8(ascii: "E"): isInExponent = true
                case UInt8(ascii: "-"): isExponentNegative = isInExponent
                case UInt8(ascii: "+"): break
                case _ where isInExponent:
                    written = min(written * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000_000)
                default:
                    if hasPoint { shift -= 1 }
                    if byte == UInt8(ascii: "0") {
                        trailing += 1
                    } else {
                        trailing = 0
                        significant = (significant?.lowerBound ?? at)..<at + 1
                    }
                }
            }
            exponent = shift + trailing + (isExponentNegative ? -written : written)
        }

        func magnitude(ofDigits text: UnsafeBufferPointer<UInt8>) -> UInt64? {
            guard let significant else { return 0 }
            // Twenty digits is what 64 bits may take, and one may be the point.
            guard exponent >= 0, exponent < 20, significant.count <= 21 else { return nil }
            var magnitude: UInt64 = 0
            for byte in text[significant] where byte.isDigit {
                guard let longer = magnitude.appending(UInt64(byte - UInt8(ascii: "0"))) else { return nil }
                magnitude = longer
            }
            for _ in 0..<exponent {
                guard let longer = magnitude.appending(0) else { return nil }
                magnitude = longer
            }
            return magnitude
        }
    }
}

extension UInt64 {
    fileprivate func appending(_ digit: UInt64) -> UInt64? {
        let (tens, overflow) = multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(digit)
        return overflow || carry ? nil : sum
    }
}
