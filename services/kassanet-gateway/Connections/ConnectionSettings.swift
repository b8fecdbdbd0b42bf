import Contracts
import Foundation

/// Everything about a connection that is no secret, as it is stored.
struct ConnectionSettings: Codable, Sendable, Equatable {
    /// As ``RegisterAddress`` accepted it.
    var baseURL: String
    var enableEncryption = true
    /// The daily import, `HH:mm` in the location's zone; absent when it is off.
    var syncTime: String?
    /// An IANA name, checked when the connection was made.
    var timeZone = "Europe/Brussels"
    var dateZone = WireSettings.DateZone.location
    var signatureEncoding = WireSettings.SignatureEncoding.base64
    var padding = WireSettings.Padding.zero
    var verifyTLS = true
    var webshopPaymentType = "webshop"
    var noBillMessages: [String] = []
    /// How long a late effect may take to show (wire page, Whose order is on a bill).
    var settleDelayMs = 90_000
    var tableMode = TableMode.virtual
    var onMismatch = MismatchPolicy.settle
    /// The article that fees are charged as (rule K33).
    var feePlu: Int?
    /// Only stock at or below this is asked of the register (rule K27); absent: all that is counted down.
    var stockThreshold: Int?
    /// The section that the register's tables go into (rule K12); absent: the provider's own.
    var tableSection: String?

    /// What is not said is as it is by default.
    init(baseURL: String) { self.baseURL = baseURL }

    var location: TimeZone { TimeZone(identifier: timeZone) ?? .gmt }

    /// How the register is spoken to.
    var wire: WireSettings {
        WireSettings(
            encryption: enableEncryption,
            padding: padding,
            signatureEncoding: signatureEncoding,
            dateZone: dateZone,
            timeZone: location
        )
    }
}
