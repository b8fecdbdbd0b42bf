import Contracts
import Foundation
import RPC
import RegisterHTTP
import Secrets

/// A location's connection to its Kassanet register (rules K1, K2, K6).
struct Connection: Sendable {
    var merchantID: MerchantID
    var locationID: LocationID
    var provider: Provider
    var credentials: Credentials
    var settings: ConnectionSettings
    var status: ConnectionStatus
    /// The last test's or failure's words.
    var statusMessage: String
    var testedAt: Date?
    /// Grows with every successful test and every change of credentials.
    var epoch: Int
    /// The feed's version of this row.
    var version: Int
    /// Whether the register takes tips, as its last test said (rule K35).
    var takesTips: Bool
    /// The payment type that settles our orders, as last seen on the register.
    var paymentType: KassanetPaymentType?
    /// When an import was last asked for by hand (rule K5).
    var syncRequestedAt: Date?
    /// When it was connected, after the last deletion.
    var connectedAt: Date?
    var isDeleted: Bool

    /// Which register it is, for an attempt to remember: another provider or another address is another register.
    var register: String { "\(provider.rawValue) \(settings.baseURL)" }

    /// The section that the register's tables go into (rule K12).
    var tableSection: String { settings.tableSection ?? provider.tableSection }

    /// The daily import; nil when it is off.
    var dailySync: DailyTime? { settings.syncTime.flatMap { DailyTime($0, zone: settings.timeZone) } }

    /// What the wire needs.
    var wire: KassanetConnection {
        KassanetConnection(
            baseURL: settings.baseURL,
            signatureKey: credentials.signatureKey,
            encryptionToken: credentials.encryptionToken,
            verifyTLS: settings.verifyTLS,
            wire: settings.wire,
            noBillMessages: settings.noBillMessages
        )
    }

    /// What others are told of it.
    var feedEntry: PosConnection {
        PosConnection(
            merchantId: merchantID,
            locationId: locationID,
            provider: provider.rawValue,
            version: version,
            status: status,
            epoch: epoch,
            timeZone: settings.timeZone,
            tableMode: settings.tableMode,
            onMismatch: settings.onMismatch,
            capabilities: PosCapabilities(
                tableModes: [.named, .virtual, .physical],
                placesAndSettles: false,
                idempotentPlacement: false,
                payLater: false,
                tips: takesTips,
                exactSettlement: true,
                push: false,
                numericPlu: true,
                currency: Currency.eur.rawValue
            ),
            isDeleted: isDeleted,
            syncTime: settings.syncTime,
            syncRequestedAt: syncRequestedAt,
            stockThreshold: settings.stockThreshold,
            tableSection: tableSection,
            connectedAt: connectedAt
        )
    }
}

/// Whose register it is.
///
/// Both speak Kassanet; the provider names the integration (rule K1).
enum Provider: String, CaseIterable, Sendable, Codable {
    case hendrickx
    case vanhoutte

    var displayName: String {
        switch self {
        case .hendrickx: "Hendrickx"
        case .vanhoutte: "Vanhoutte"
        }
    }

    /// The section for its tables where nobody chose another.
    var tableSection: String { "\(displayName) Tables" }
}

/// What the register knows us by.
struct Credentials: Sendable, Equatable {
    var signatureKey: Secret
    var encryptionToken: Secret
}
