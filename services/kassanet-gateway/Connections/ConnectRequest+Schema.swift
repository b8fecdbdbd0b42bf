import Contracts
import RPC

extension ConnectRequest: SchemaHinted {
    static let tokenBytes = 4...56
    static let settleDelaysMs = 0...600_000
    static let feePlus = 1...Int.max
    static let tableModes: [TableMode] = [.virtual, .physical]

    static var schemaHints: [String: SchemaHint] {
        [
            "base_url": .about("The register's address, http or https.", example: "http://127.0.0.1:18090").required,
            "signature_key": .about("A secret of the register.", example: "demo-signature-key").required,
            "encryption_token": .text(bytes: tokenBytes, "A secret of the register.", example: "demo-token-12")
                .required,
            "enable_encryption": .about("True without it."),
            "sync_time": .about("HH:mm in the location's zone; empty or absent turns it off.", example: "05:00"),
            "time_zone": .about("Area/City or UTC; Europe/Brussels without it.", example: "Europe/Brussels"),
            "date_zone": .choice(WireSettings.DateZone.allCases.map(\.rawValue), "`location` without it."),
            "signature_encoding": .choice(
                WireSettings.SignatureEncoding.allCases.map(\.rawValue),
                "`base64` without it."
            ),
            "padding": .choice(WireSettings.Padding.allCases.map(\.rawValue), "`zero` without it."),
            "verify_tls": .about("True without it; off shows a warning."),
            "webshop_payment_type": .about(
                "The register's payment type that settles our bills; `webshop` without it.",
                example: "webshop"
            ),
            "no_bill_messages": .about("Texts of a refusal that mean that a table has no bill."),
            "settle_delay_ms": .number(settleDelaysMs, "How long an effect may take to show; 90000 without it."),
            "table_mode": .choice(
                tableModes.map(\.rawValue),
                "How orders without a table of their own get one; `virtual` without it."
            ),
            "on_mismatch": .choice(
                MismatchPolicy.allCases.map(\.rawValue),
                "What to do with a bill that differs from what was paid; `settle` without it."
            ),
            "fee_plu": .number(feePlus, "The article that fees are charged as."),
        ]
    }
}
