/// An amount of money in the smallest unit of its currency.
///
/// Never a binary float.
package typealias Cents = Int

/// The currencies registers are known to charge in (ISO 4217).
package enum Currency: String, CaseIterable, Sendable, Codable {
    case eur = "EUR"
}
