import Contracts
import Foundation
import RPC
import RegisterHTTP
import Secrets

/// The body of a connect call (rule K1), as the backoffice sends it.
struct ConnectRequest: Decodable {
    var base_url: String?
    var signature_key: String?
    var encryption_token: String?
    var enable_encryption: Bool?
    var sync_time: String?
    var time_zone: String?
    var date_zone: String?
    var signature_encoding: String?
    var padding: String?
    var verify_tls: Bool?
    var webshop_payment_type: String?
    var no_bill_messages: [String]?
    var settle_delay_ms: Int?
    var table_mode: String?
    var on_mismatch: String?
    var fee_plu: Int?

    /// The credentials and settings, or every problem with them.
    func validated() throws(RPCError) -> (Credentials, ConnectionSettings) {
        var check = FieldCheck()
        let address = check.address(base_url)
        let signatureKey = check.required("signature_key", signature_key)
        let token = check.required("encryption_token", encryption_token)
        if !token.isEmpty, !(4...56).contains(token.utf8.count) {
            check.problem("encryption_token", "has the wrong length", accepted: "4 to 56 bytes")
        }
        if let time = sync_time, !time.isEmpty, !Self.isTime(time) {
            check.problem("sync_time", "is not a time of day", accepted: "HH:mm, such as 05:00; empty turns it off")
        }
        let zone = time_zone ?? "Europe/Brussels"
        if TimeZone(identifier: zone) == nil {
            check.problem("time_zone", "is not known", accepted: "an IANA name such as Europe/Brussels")
        }
        let delay = settle_delay_ms ?? 90_000
        if !(0...600_000).contains(delay) {
            check.problem("settle_delay_ms", "is out of range", accepted: "0 to 600000")
        }
        if let plu = fee_plu, plu < 1 { check.problem("fee_plu", "is not an article", accepted: "a number from 1") }
        let settings = ConnectionSettings(
            baseURL: address,
            enableEncryption: enable_encryption ?? true,
            syncTime: sync_time.flatMap { $0.isEmpty ? nil : $0 },
            timeZone: zone,
            dateZone: check.choice("date_zone", date_zone, default: .location),
            signatureEncoding: check.choice("signature_encoding", signature_encoding, default: .base64),
            padding: check.choice("padding", padding, default: .zero),
            verifyTLS: verify_tls ?? true,
            webshopPaymentType: webshop_payment_type ?? "webshop",
            noBillMessages: no_bill_messages ?? [],
            settleDelayMs: delay,
            tableMode: check.choice("table_mode", table_mode, default: .virtual, among: [.virtual, .physical]),
            onMismatch: check.choice("on_mismatch", on_mismatch, default: .settle),
            feePlu: fee_plu
        )
        try check.finish()
        return (
            Credentials(signatureKey: Secret(signatureKey), encryptionToken: Secret(token)),
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
            return try RegisterAddress(validating: required("base_url", text)).url
        } catch {
            if text?.isEmpty == false { problem("base_url", error.problem, accepted: error.accepted) }
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
