import Contracts
import Foundation
import RPC

/// What the backoffice says of a connection's settings.
///
/// A member that is left out stays as it was, or as it is by default where there was nothing; `null` puts it back to its
/// default. Nothing here touches credentials.
struct SettingsChange: Decodable, Sendable {
    /// None where nothing was said; a value in it, or nil for the default.
    typealias Said<Value> = Value??

    var enableEncryption: Said<Bool>
    var syncTime: Said<String>
    var timeZone: Said<String>
    var dateZone: Said<String>
    var signatureEncoding: Said<String>
    var padding: Said<String>
    var verifyTLS: Said<Bool>
    var webshopPaymentType: Said<String>
    var noBillMessages: Said<[String]>
    var settleDelayMs: Said<Int>
    var tableMode: Said<String>
    var tableSection: Said<String>
    var onMismatch: Said<String>
    var feePlu: Said<Int>
    var stockThreshold: Said<Int>

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
        case tableSection = "table_section"
        case onMismatch = "on_mismatch"
        case feePlu = "fee_plu"
        case stockThreshold = "stock_threshold"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func said<Value: Decodable>(_ key: CodingKeys) throws -> Said<Value> {
            fields.contains(key) ? .some(try fields.decodeIfPresent(Value.self, forKey: key)) : .none
        }
        enableEncryption = try said(.enableEncryption)
        syncTime = try said(.syncTime)
        timeZone = try said(.timeZone)
        dateZone = try said(.dateZone)
        signatureEncoding = try said(.signatureEncoding)
        padding = try said(.padding)
        verifyTLS = try said(.verifyTLS)
        webshopPaymentType = try said(.webshopPaymentType)
        noBillMessages = try said(.noBillMessages)
        settleDelayMs = try said(.settleDelayMs)
        tableMode = try said(.tableMode)
        tableSection = try said(.tableSection)
        onMismatch = try said(.onMismatch)
        feePlu = try said(.feePlu)
        stockThreshold = try said(.stockThreshold)
    }

    /// The settings with what was said; every problem goes to the check.
    func applied(
        to settings: ConnectionSettings,
        of provider: Provider,
        _ check: inout FieldCheck
    ) -> ConnectionSettings {
        var edit = SettingsEdit(settings: settings, check: check)
        edit.put(enableEncryption, \.enableEncryption)
        edit.put(verifyTLS, \.verifyTLS)
        edit.put(webshopPaymentType, \.webshopPaymentType)
        edit.put(noBillMessages, \.noBillMessages)
        edit.choose("date_zone", dateZone, \.dateZone)
        edit.choose("signature_encoding", signatureEncoding, \.signatureEncoding)
        edit.choose("padding", padding, \.padding)
        edit.choose("table_mode", tableMode, \.tableMode, among: Self.tableModes)
        edit.choose("on_mismatch", onMismatch, \.onMismatch)
        edit.put(settleDelayMs, \.settleDelayMs) {
            Self.settleDelaysMs.contains($0)
                ? nil : FieldProblem("settle_delay_ms", "is out of range", accepted: "0 to 600000")
        }
        // Other names mean different things to different libraries: PostgreSQL reads "GMT+2" with the opposite sign.
        edit.put(timeZone, \.timeZone) { zone in
            TimeZone(identifier: zone) != nil && (zone.contains("/") || zone == "UTC")
                ? nil : FieldProblem("time_zone", "is not known", accepted: "Area/City such as Europe/Brussels, or UTC")
        }
        edit.putOrNone(syncTime.emptyIsNone, \.syncTime) {
            DailyTime($0, zone: "UTC") != nil
                ? nil
                : FieldProblem(
                    "sync_time",
                    "is not a time of day",
                    accepted: "HH:mm, such as 05:00; empty turns it off"
                )
        }
        edit.putOrNone(feePlu, \.feePlu) {
            Self.feePlus.contains($0) ? nil : FieldProblem("fee_plu", "is not an article", accepted: "a number from 1")
        }
        edit.putOrNone(stockThreshold, \.stockThreshold) {
            Self.stockThresholds.contains($0)
                ? nil : FieldProblem("stock_threshold", "is out of range", accepted: "0 to 1000000")
        }
        edit.putOrNone(tableSection.emptyIsNone, \.tableSection) { Self.problem(withSection: $0, of: provider) }
        check = edit.check
        return edit.settings
    }

    /// What is wrong with a section's name, as rule K12 bounds it.
    ///
    /// Characters are counted as table-allocator counts them: Unicode scalars.
    private static func problem(withSection name: String, of provider: Provider) -> FieldProblem? {
        let scalars = name.unicodeScalars
        let isBounded =
            scalars.count <= longestSection && !scalars.contains { $0.properties.generalCategory == .control }
        let beginsRight = name.lowercased().hasPrefix(provider.displayName.lowercased())
        guard !isBounded || !beginsRight else { return nil }
        return FieldProblem(
            "table_section",
            beginsRight ? "is too long, or has a control character" : "does not begin with the provider",
            accepted: "\(provider.displayName), then a name; at most \(longestSection) characters in all"
        )
    }
}

/// Settings while they are changed, and what was wrong with the changes.
private struct SettingsEdit {
    private(set) var settings: ConnectionSettings
    private(set) var check: FieldCheck
    private let usual: ConnectionSettings

    init(settings: ConnectionSettings, check: FieldCheck) {
        self.settings = settings
        self.check = check
        usual = ConnectionSettings(baseURL: settings.baseURL)
    }

    mutating func put<Value>(
        _ said: SettingsChange.Said<Value>,
        _ setting: WritableKeyPath<ConnectionSettings, Value>,
        problem: (Value) -> FieldProblem? = { _ in nil }
    ) {
        guard let said else { return }
        if let value = said, let problem = problem(value) { return check.add(problem) }
        settings[keyPath: setting] = said ?? usual[keyPath: setting]
    }

    /// The same for a setting that may be none, which is its default.
    mutating func putOrNone<Value>(
        _ said: SettingsChange.Said<Value>,
        _ setting: WritableKeyPath<ConnectionSettings, Value?>,
        problem: (Value) -> FieldProblem? = { _ in nil }
    ) {
        guard let said else { return }
        if let value = said, let problem = problem(value) { return check.add(problem) }
        settings[keyPath: setting] = said
    }

    mutating func choose<Choice: RawRepresentable & CaseIterable>(
        _ field: String,
        _ said: SettingsChange.Said<String>,
        _ setting: WritableKeyPath<ConnectionSettings, Choice>,
        among allowed: [Choice] = Array(Choice.allCases)
    ) where Choice.RawValue == String {
        guard let said else { return }
        guard let text = said else { return settings[keyPath: setting] = usual[keyPath: setting] }
        guard let choice = allowed.first(where: { $0.rawValue == text }) else {
            let accepted = allowed.map(\.rawValue).joined(separator: ", ")
            return check.problem(field, "is not a choice", accepted: accepted)
        }
        settings[keyPath: setting] = choice
    }
}

extension SettingsChange.Said<String> {
    /// An empty text says none.
    fileprivate var emptyIsNone: SettingsChange.Said<String> {
        map { said in said.flatMap { $0.isEmpty ? nil : $0 } }
    }
}

extension SettingsChange: SchemaHinted {
    static let settleDelaysMs = 0...600_000
    static let feePlus = 1...Int.max
    static let stockThresholds = 0...1_000_000
    static let tableModes: [TableMode] = [.virtual, .physical]
    static let longestSection = 25

    static var schemaHints: [String: SchemaHint] {
        [
            "enable_encryption": .about("Default: true."),
            "sync_time": .about(
                "The daily import, HH:mm in the location's zone; empty or null turns it off.",
                example: "05:00"
            ),
            "time_zone": .about("Area/City or UTC. Default: Europe/Brussels.", example: "Europe/Brussels"),
            "date_zone": .choice(WireSettings.DateZone.allCases.map(\.rawValue), "Default: `location`."),
            "signature_encoding": .choice(
                WireSettings.SignatureEncoding.allCases.map(\.rawValue),
                "Default: `base64`."
            ),
            "padding": .choice(WireSettings.Padding.allCases.map(\.rawValue), "Default: `zero`."),
            "verify_tls": .about("Default: true; off shows a warning."),
            "webshop_payment_type": .about(
                "The register's payment type that settles our bills. Default: `webshop`.",
                example: "webshop"
            ),
            "no_bill_messages": .about("Texts of a refusal that mean that a table has no bill."),
            "settle_delay_ms": .number(settleDelaysMs, "How long an effect may take to show. Default: 90000."),
            "table_mode": .choice(
                tableModes.map(\.rawValue),
                "How orders without a table of their own get one. Default: `virtual`."
            ),
            "table_section": .about(
                "The section for the register's tables: the provider's name, then a name; at most 25 characters. Default: the provider's name and `Tables`."
            ),
            "on_mismatch": .choice(
                MismatchPolicy.allCases.map(\.rawValue),
                "What to do with a bill that differs from what was paid. Default: `settle`."
            ),
            "fee_plu": .number(feePlus, "The article that fees are charged as."),
            "stock_threshold": .number(
                stockThresholds,
                "Only stock at or below this is asked of the register. Default: all that is counted down."
            ),
        ]
    }
}
