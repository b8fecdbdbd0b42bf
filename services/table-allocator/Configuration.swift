import Postgres
import Secrets
import ServiceKit
import TableAllocatorStorage

/// Every setting of table-allocator.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings
    let postgres: PostgresConfiguration
    let migratesAtStart: Bool
    /// Gateways by the names that allocations use.
    let gatewayURLs: [String: String]
    let callerToken: Secret
    let policy: AllocationPolicy
    /// What the QR codes of tables say; `nil` where none are drawn.
    let qrAddress: QRAddress?
    /// How long is kept who ended a lease by hand, and who replaced a QR code.
    let historyTime: Duration

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8083, maxTimeout: .seconds(90))
        log = LogSettings(settings)
        postgres = PostgresConfiguration(settings, schema: Migrations.schema, service: "table-allocator")
        migratesAtStart = settings.flag(
            "migrate.at.start",
            default: true,
            "Whether the service brings its schema up to date before it serves."
        )
        gatewayURLs = settings.addresses(
            "gateways",
            default: "kassanet=http://127.0.0.1:8081,mplus=http://127.0.0.1:8082",
            "The gateways, as name=address pairs separated by commas. order-router must know them by the same names."
        )
        callerToken = settings.secret("caller.token", "The bearer token this service shows to gateways.")
        policy = AllocationPolicy(
            leaseTime: settings.duration(
                "lease.time",
                default: .seconds(300),
                "How long a table is held for an order before the first write to the register (rule K37)."
            ),
            busyTime: settings.duration(
                "table.busy.time",
                default: .seconds(30),
                "How long a physical table with somebody else's bill is left alone."
            ),
            settleTime: settings.duration(
                "settle.time",
                default: AllocationPolicy().settleTime,
                "How long after a write without answer a table is kept from others, where the caller does not say: order-router's SEND_WINDOW and the longest settle_delay_ms of a connection together, or more."
            ),
            waiterTime: settings.duration(
                "waiter.time",
                default: .seconds(60),
                "How long a waiting order keeps its place in the line without asking again."
            ),
            turnTime: settings.duration(
                "turn.time",
                default: .seconds(2),
                "How long a free table is kept for the order whose turn it is."
            )
        )
        qrAddress =
            settings.parsed(
                "qr.address",
                default: "none",
                "The address that QR codes on tables say, such as https://order.upvendo.example/t/{code}. {code} has to be there; {merchant}, {location} and {table} may. With none, no codes are drawn."
            ) { text throws(Unacceptable) -> QRAddress? in
                text == "none" ? nil : try QRAddress(text)
            } ?? nil
        historyTime = settings.duration(
            "history.time",
            default: .seconds(90 * 86_400),
            "How long it is kept who ended a lease by hand or replaced a QR code; SweepLeases deletes what is older."
        )
        if historyTime < .seconds(86_400) {
            settings.refuse("HISTORY_TIME must be 24h or more: whoever asks why a table was lost asks the next day.")
        }
        if policy.waiterTime < .seconds(20) {
            settings.refuse("WAITER_TIME must be 20 s or more: order-router asks again after 15 s at the latest.")
        }
        if policy.leaseTime <= http.maxTimeout {
            settings.refuse("LEASE_TIME must be longer than HTTP_MAX_TIMEOUT: a lease outlasts the call that takes it.")
        }
    }
}
