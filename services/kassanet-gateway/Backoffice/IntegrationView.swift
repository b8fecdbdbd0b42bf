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
    /// How the import stands (rule K10); absent where none was asked for.
    var sync: SyncView?
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
        /// In the location's zone.
        var syncTime: String?
        /// When the next daily import begins, and what a clock in UTC shows then; absent when it is off.
        var nextRunTime: Date?
        var syncTimeUTC: String?
        var timeZone: String
        var dateZone: String
        var signatureEncoding: String
        var padding: String
        var verifyTLS: Bool
        var webshopPaymentType: String
        var noBillMessages: [String]
        var settleDelayMs: Int
        var tableMode: String
        var tableSection: String
        var onMismatch: String
        var feePlu: Int?
        var stockThreshold: Int?
        /// The register's tables, the section they are in and their last use, in the words of the last import that
        /// succeeded.
        var tables: String?
        var tableSectionId: String?
        var tablesUsage: String?

        private enum CodingKeys: String, CodingKey {
            case enableEncryption = "enable_encryption"
            case syncTime = "sync_time"
            case nextRunTime = "next_run_time"
            case syncTimeUTC = "sync_time_utc"
            case timeZone = "time_zone"
            case dateZone = "date_zone"
            case signatureEncoding = "signature_encoding"
            case padding
            case verifyTLS = "verify_tls"
            case webshopPaymentType = "webshop_payment_type"
            case noBillMessages = "no_bill_messages"
            case settleDelayMs = "settle_delay_ms"
            case tableMode = "table_mode"
            case tableSection = "table_section"
            case onMismatch = "on_mismatch"
            case feePlu = "fee_plu"
            case stockThreshold = "stock_threshold"
            case tables
            case tableSectionId = "table_section_id"
            case tablesUsage = "tables_usage"
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
        case provider, credentials, settings, connection, sync, logs
        case locationId = "location_id"
    }

    init(_ connection: Connection, sync: SyncRecord?, logs: [ActivityEntry], now: Date) {
        let settings = connection.settings
        provider = connection.provider.rawValue
        locationId = connection.locationID.rawValue
        credentials = MaskedCredentials(baseURL: settings.baseURL)
        self.settings = Settings(connection, imported: sync?.imported ?? [:], now: now)
        self.sync = sync.map(SyncView.init)
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

extension IntegrationView.Settings {
    fileprivate init(_ connection: Connection, imported: [String: String], now: Date) {
        let settings = connection.settings
        enableEncryption = settings.enableEncryption
        syncTime = settings.syncTime
        nextRunTime = connection.dailySync?.next(after: now)
        syncTimeUTC = nextRunTime.map { String(RFC3339.text($0).dropFirst(11).prefix(5)) }
        timeZone = settings.timeZone
        dateZone = settings.dateZone.rawValue
        signatureEncoding = settings.signatureEncoding.rawValue
        padding = settings.padding.rawValue
        verifyTLS = settings.verifyTLS
        webshopPaymentType = settings.webshopPaymentType
        noBillMessages = settings.noBillMessages
        settleDelayMs = settings.settleDelayMs
        tableMode = settings.tableMode.rawValue
        tableSection = connection.tableSection
        onMismatch = settings.onMismatch.rawValue
        feePlu = settings.feePlu
        stockThreshold = settings.stockThreshold
        tables = imported["tables"]
        tableSectionId = imported["table_section_id"] ?? imported["table_section"]
        tablesUsage = imported["tables_usage"]
    }
}

/// How an import stands, as the backoffice shows it (rule K10).
struct SyncView: Codable, Sendable {
    var status: String
    /// For the restaurant owner.
    var message: String
    /// What was imported, by name.
    var details: [String: String]
    /// When the last import that succeeded ended.
    var lastSync: Date?

    private enum CodingKeys: String, CodingKey {
        case status, message, details
        case lastSync = "last_sync"
    }

    init(_ record: SyncRecord) {
        status = record.status
        message = record.message
        details = record.details
        lastSync = record.lastSync
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
