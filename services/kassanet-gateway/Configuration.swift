import Postgres
import RegisterHTTP
import Secrets
import ServiceKit

/// Every setting of kassanet-gateway.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings
    let postgres: PostgresConfiguration
    let keys: KeyRing?
    /// Which addresses registers may have beyond the public ones.
    let registerAddresses: AddressPolicy
    let slots: RegisterSlots.Limits
    let connectTimeout: Duration
    let totalTimeout: Duration
    let catalogTimeout: Duration
    let attemptRetention: Duration
    let migratesAtStart: Bool

    init(_ settings: SettingsReader) {
        // A read of a register that never answers takes four times 15 s and the pauses between, and must be seen to end.
        http = HTTPSettings(settings, port: 8081, maxTimeout: .seconds(90))
        log = LogSettings(settings)
        postgres = PostgresConfiguration(settings, schema: KassanetGatewaySchema.name, service: "kassanet-gateway")
        let credentialKeys = settings.secret(
            "credential.keys",
            "The keys that register credentials are stored under: id:base64 pairs separated by commas, newest first, 32 bytes each."
        )
        keys = Self.keys(credentialKeys, settings)
        registerAddresses =
            settings.parsed(
                "register.networks",
                default: "none",
                "Private networks in which registers may stand, such as 10.1.0.0/16,fd00::/8. Public addresses always may."
            ) { text throws(Unacceptable) in
                guard text != "none" else { return AddressPolicy() }
                do {
                    return try AddressPolicy(allowedNetworks: text)
                } catch {
                    throw Unacceptable("networks such as 10.1.0.0/16, separated by commas, or none")
                }
            } ?? AddressPolicy()
        slots = RegisterSlots.Limits(
            reads: settings.integer(
                "register.max.reads",
                default: 256,
                in: 1...10_000,
                "How many reads of registers may be under way at once."
            ),
            writes: settings.integer(
                "register.max.writes",
                default: 256,
                in: 1...10_000,
                "How many writes to registers may be under way at once; reads take none of them."
            ),
            perRegister: settings.integer(
                "register.max.each",
                default: 8,
                in: 1...1_000,
                "How many reads, and as many writes, one register may have under way at once."
            )
        )
        connectTimeout = settings.duration(
            "register.connect.timeout",
            default: KassanetClient.Limits().connect,
            "How long connecting to a register may take (rule K8)."
        )
        totalTimeout = settings.duration(
            "register.timeout",
            default: KassanetClient.Limits().total,
            "How long one request to a register may take (rule K8)."
        )
        catalogTimeout = settings.duration(
            "register.catalog.timeout",
            default: .seconds(15),
            "How long a register may take over its catalogue, the reader's time not counted; at most 300 s."
        )
        if catalogTimeout > .seconds(300) { settings.refuse("REGISTER_CATALOG_TIMEOUT must be at most 300 s.") }
        if http.maxTimeout < totalTimeout * 4 + .seconds(5) {
            settings.refuse("HTTP_MAX_TIMEOUT must be at least 5 s longer than four times REGISTER_TIMEOUT.")
        }
        attemptRetention = settings.duration(
            "attempt.retention",
            default: .seconds(90 * 86_400),
            "How long an attempt is kept whose outcome is known, at least 168h; then EraseExpired deletes it."
        )
        // An attempt that is gone counts as never received: no order may be mid-way for so long.
        if attemptRetention < .seconds(7 * 86_400) { settings.refuse("ATTEMPT_RETENTION must be at least 168h.") }
        migratesAtStart = settings.flag(
            "migrate.at.start",
            default: true,
            "Whether serve brings the database schema up to date first."
        )
    }

    private static func keys(_ text: Secret, _ settings: SettingsReader) -> KeyRing? {
        guard !text.isEmpty, text.reveal() != "required" else { return nil }
        do {
            return try KeyRing(text)
        } catch {
            settings.refuse("CREDENTIAL_KEYS \(error).")
            return nil
        }
    }
}
