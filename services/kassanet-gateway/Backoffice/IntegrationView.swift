import Contracts
import Foundation
import RPC

/// An integration as the backoffice shows it (rule K3).
///
/// Credentials are masked.
struct IntegrationView: Codable, Sendable {
    var provider: String
    var locationId: String
    var credentials: MaskedCredentials
    var settings: Settings
    var connection: Status
    /// Newest first (rule K11).
    var logs: [ActivityEntry]

    struct MaskedCredentials: Codable, Sendable {
        var baseURL: String
        var signatureKey = "********"
        var encryptionToken = "********"

        private enum CodingKeys: String, CodingKey {
            case baseURL = "base_url"
            case signatureKey = "signature_key"
            case encryptionToken = "encryption_token"
        }
    }

    struct Settings: Codable, Sendable {
        var enableEncryption: Bool
        var syncTime: String?
        var timeZone: String
        var dateZone: String
        var signatureEncoding: String
        var padding: String
        var verifyTLS: Bool
        var webshopPaymentType: String
        var noBillMessages: [String]
        var settleDelayMs: Int
        var tableMode: String
        var onMismatch: String
        var feePlu: Int?

        private enum CodingKeys: String, CodingKey {
            case enableEncryption = "enable_encryption"
            case syncTime = "sync_time"
            case timeZone = "time_zone"
            case dateZone = "date_zone"
            case signatureEncoding = "signature_encoding"
            case padding
            case verifyTLS = "verify_tls"
            case webshopPaymentType = "webshop_payment_type"
            case noBillMessages = "no_bill_messages"
            case settleDelayMs = "settle_delay_ms"
            case tableMode = "table_mode"
            case onMismatch = "on_mismatch"
            case feePlu = "fee_plu"
        }
    }

    struct Status: Codable, Sendable {
        var status: String
        var message: String
        var testedAt: Date?
        var tips: Bool
        var webshopPaymentType: Bool
        var warnings: [String]

        private enum CodingKeys: String, CodingKey {
            case status, message, tips, warnings
            case testedAt = "tested_at"
            case webshopPaymentType = "webshop_payment_type"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case provider, credentials, settings, connection, logs
        case locationId = "location_id"
    }

    init(_ connection: Connection, logs: [ActivityEntry]) {
        let settings = connection.settings
        provider = connection.provider.rawValue
        locationId = connection.locationID.rawValue
        credentials = MaskedCredentials(baseURL: settings.baseURL)
        self.settings = Settings(
            enableEncryption: settings.enableEncryption,
            syncTime: settings.syncTime,
            timeZone: settings.timeZone,
            dateZone: settings.dateZone.rawValue,
            signatureEncoding: settings.signatureEncoding.rawValue,
            padding: settings.padding.rawValue,
            verifyTLS: settings.verifyTLS,
            webshopPaymentType: settings.webshopPaymentType,
            noBillMessages: settings.noBillMessages,
            settleDelayMs: settings.settleDelayMs,
            tableMode: settings.tableMode.rawValue,
            onMismatch: settings.onMismatch.rawValue,
            feePlu: settings.feePlu
        )
        self.connection = Status(
            status: connection.status.rawValue,
            message: connection.statusMessage,
            testedAt: connection.testedAt,
            tips: connection.takesTips,
            webshopPaymentType: connection.paymentType != nil,
            warnings: settings.verifyTLS ? [] : ["The register's certificate is not checked (verify_tls is off)."]
        )
        self.logs = logs
    }
}

/// What a connection test found, as the backoffice shows it (rule K4).
struct TestView: Codable, Sendable {
    var status: String
    var message: String
    var systemName: String?
    var systemVersion: String?
    var tips: Bool?
    var webshopPaymentType: Bool?
    var warnings: [String]

    private enum CodingKeys: String, CodingKey {
        case status, message, tips, warnings
        case systemName = "system_name"
        case systemVersion = "system_version"
        case webshopPaymentType = "webshop_payment_type"
    }

    init(_ response: TestConnectionResponse) {
        status = response.status.text
        message = response.message
        systemName = response.systemName
        systemVersion = response.systemVersion
        tips = response.tips
        webshopPaymentType = response.webshopPaymentType
        warnings = response.warnings
    }
}

/// That an integration was removed (rule K5).
struct DeletedView: Codable, Sendable {
    var deleted: Bool
}
