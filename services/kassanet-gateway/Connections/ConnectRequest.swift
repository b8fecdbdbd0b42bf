import Contracts
import Foundation
import RPC
import RegisterHTTP
import Secrets

/// The body of a connect call (rule K1), as the backoffice sends it.
struct ConnectRequest: Decodable, Sendable {
    var baseURL: String?
    var signatureKey: String?
    var encryptionToken: String?
    var enableEncryption: Bool?
    var syncTime: String?
    var timeZone: String?
    var dateZone: String?
    var signatureEncoding: String?
    var padding: String?
    var verifyTLS: Bool?
    var webshopPaymentType: String?
    var noBillMessages: [String]?
    var settleDelayMs: Int?
    var tableMode: String?
    var onMismatch: String?
    var feePlu: Int?

    private enum CodingKeys: String, CodingKey {
        case baseURL = "base_url"
        case signatureKey = "signature_key"
        case encryptionToken = "encryption_token"
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

    /// The credentials and settings, or every problem with them.
    func validated() throws(RPCError) -> (Credentials, ConnectionSettings) {
        var check = FieldCheck()
        let address = check.address(baseURL)
        let key = check.required("signature_key", signatureKey)
        let token = check.required("encryption_token", encryptionToken)
        if !token.isEmpty, !Self.tokenBytes.contains(token.utf8.count) {
            check.problem("encryption_token", "has the wrong length", accepted: "4 to 56 bytes")
        }
        if let time = syncTime, !time.isEmpty, !Self.isTime(time) {
            check.problem("sync_time", "is not a time of day", accepted: "HH:mm, such as 05:00; empty turns it off")
        }
        let zone = timeZone ?? "Europe/Brussels"
        // Other names mean different things to different libraries: PostgreSQL reads "GMT+2" with the opposite sign.
        if TimeZone(identifier: zone) == nil || !(zone.contains("/") || zone == "UTC") {
            check.problem("time_zone", "is not known", accepted: "Area/City such as Europe/Brussels, or UTC")
        }
        let delay = settleDelayMs ?? 90_000
        if !Self.settleDelaysMs.contains(delay) {
            check.problem("settle_delay_ms", "is out of range", accepted: "0 to 600000")
        }
        if let plu = feePlu, !Self.feePlus.contains(plu) {
            check.problem("fee_plu", "is not an article", accepted: "a number from 1")
        }
        let settings = ConnectionSettings(
            baseURL: address,
            enableEncryption: enableEncryption ?? true,
            syncTime: syncTime.flatMap { $0.isEmpty ? nil : $0 },
            timeZone: zone,
            dateZone: check.choice("date_zone", dateZone, default: .location),
            signatureEncoding: check.choice("signature_encoding", signatureEncoding, default: .base64),
            padding: check.choice("padding", padding, default: .zero),
            verifyTLS: verifyTLS ?? true,
            webshopPaymentType: webshopPaymentType ?? "webshop",
            noBillMessages: noBillMessages ?? [],
            settleDelayMs: delay,
            tableMode: check.choice("table_mode", tableMode, default: .virtual, among: Self.tableModes),
            onMismatch: check.choice("on_mismatch", onMismatch, default: .settle),
            feePlu: feePlu
        )
        try check.finish()
        return (
            Credentials(signatureKey: Secret(key), encryptionToken: Secret(token)),
            settings
        )
    }

    private static func isTime(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count == 5, parts.count == 2, parts.allSatisfy({ $0.allSatisfy(\.isNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return false }
        return (0..<24).contains(hour) && (0..<60).contains(minute)
    }
}

/// Collects what is wrong with a body, field by field.
private struct FieldCheck {
    private var problems: [FieldProblem] = []

    mutating func problem(_ field: String, _ problem: String, accepted: String) {
        problems.append(FieldProblem(field, problem, accepted: accepted))
    }

    mutating func required(_ field: String, _ text: String?) -> String {
        guard let text, !text.isEmpty else {
            problem(field, "is missing", accepted: "a text that is not empty")
            return ""
        }
        return text
    }

    mutating func address(_ text: String?) -> String {
        do {
            return try RegisterAddress(validating: required("base_url", text)).text
        } catch {
            if text?.isEmpty == false {
                problem(error.field, error.problem, accepted: "an address such as http://host:port")
            }
            return ""
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: String,
        _ text: String?,
        default fallback: Choice,
        among allowed: [Choice] = Array(Choice.allCases)
    ) -> Choice where Choice.RawValue == String {
        guard let text else { return fallback }
        guard let choice = allowed.first(where: { $0.rawValue == text }) else {
            problem(field, "is not a choice", accepted: allowed.map(\.rawValue).joined(separator: ", "))
            return fallback
        }
        return choice
    }

    func finish() throws(RPCError) {
        guard problems.isEmpty else { throw .invalid(problems) }
    }
}
