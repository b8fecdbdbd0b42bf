import Foundation

/// What differs between one register and the next on the wire, chosen per connection.
///
/// The defaults are those of kassanet-wire.md, Transport; the choices exist where that page has no certain fact.
struct WireSettings: Sendable, Hashable {
    /// How a body is brought to a multiple of eight bytes.
    enum Padding: String, Sendable, Codable, CaseIterable {
        case zero
        case pkcs7
    }

    enum SignatureEncoding: String, Sendable, Codable, CaseIterable {
        case base64
        case hex
    }

    /// Whose wall clock the `Date` header shows.
    enum DateZone: String, Sendable, Codable, CaseIterable {
        case location
        case utc
    }

    var encryption: Bool
    var padding: Padding
    var signatureEncoding: SignatureEncoding
    var dateZone: DateZone
    /// The location's time zone.
    var timeZone: TimeZone

    init(
        encryption: Bool = true,
        padding: Padding = .zero,
        signatureEncoding: SignatureEncoding = .base64,
        dateZone: DateZone = .location,
        timeZone: TimeZone
    ) {
        self.encryption = encryption
        self.padding = padding
        self.signatureEncoding = signatureEncoding
        self.dateZone = dateZone
        self.timeZone = timeZone
    }
}
