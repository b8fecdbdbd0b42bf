import Foundation

/// Where a page of orders ended.
struct OrderCursor: Sendable, Equatable {
    var acceptedAt: Date
    var orderID: UUID

    var text: String {
        let microseconds = Int((acceptedAt.timeIntervalSince1970 * 1_000_000).rounded())
        return Data("\(microseconds):\(orderID.uuidString)".utf8).base64EncodedString()
    }

    init(acceptedAt: Date, orderID: UUID) {
        self.acceptedAt = acceptedAt
        self.orderID = orderID
    }

    /// `nil` where the text is no cursor of ours.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count == 2, let microseconds = Int(parts[0]), Self.range.contains(microseconds),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(acceptedAt: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), orderID: id)
    }

    /// From 1970 to the year 5138: what is beyond was never a moment of acceptance.
    private static let range = 0...100_000_000_000_000_000
}
