import Contracts

extension Cents {
    /// `1250` as `€ 12.50`, for messages.
    var euros: String {
        let magnitude = String(abs(self) % 100)
        return "€ \(self < 0 ? "-" : "")\(abs(self) / 100).\(magnitude.count == 1 ? "0" : "")\(magnitude)"
    }
}
