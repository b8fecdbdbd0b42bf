/// An amount of money in the smallest unit of its currency.
///
/// Never a binary float.
package typealias Cents = Int

/// The currencies registers are known to charge in (ISO 4217).
package enum Currency: String, CaseIterable, Sendable, Codable {
    case eur = "EUR"
}

extension Cents {
    /// `1250` as `€ 12.50`, for messages.
    package var euros: String {
        let magnitude = String(abs(self) % 100)
        return "€ \(self < 0 ? "-" : "")\(abs(self) / 100).\(magnitude.count == 1 ? "0" : "")\(magnitude)"
    }
}
