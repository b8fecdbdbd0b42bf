import Notifications
import Postgres
import Secrets
import ServiceKit

/// Every setting of order-router.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings
    let postgres: PostgresConfiguration
    let allocatorURL: String
    let menuSyncURL: String
    /// Gateways by the name that routes know them by.
    let gatewayURLs: [String: String]
    let callerToken: Secret
    let lanes: Int
    let laneLease: Duration
    let sendWindow: Duration
    let readTimeout: Duration
    let checkTimeout: Duration
    let pollInterval: Duration
    let followInterval: Duration
    let timing: OrderTiming
    let drainBatch: Int
    let waiters: Int
    let retention: Duration
    let notifications: NotificationSettings
    let migratesAtStart: Bool

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8080)
        log = LogSettings(settings)
        postgres = PostgresConfiguration(settings, schema: OrderRouterSchema.name, service: "order-router")
        allocatorURL = settings.text(
            "allocator.url",
            default: "http://127.0.0.1:8083",
            "Where table-allocator listens."
        )
        menuSyncURL = settings.text(
            "menu.sync.url",
            default: "http://127.0.0.1:8084",
            "Where menu-sync listens."
        )
        gatewayURLs = settings.addresses(
            "gateways",
            default: "kassanet=http://127.0.0.1:8081",
            "The gateways, as name=address pairs separated by commas. table-allocator must know them by the same names."
        )
        callerToken = settings.secret("caller.token", "The token that this service shows to the services it calls.")
        lanes = settings.integer(
            "lanes",
            default: 64,
            in: 1...10_000,
            "How many locations this process works for at once."
        )
        laneLease = settings.duration(
            "lane.lease",
            default: .seconds(60),
            "How long a location stays this process's without a sign of life."
        )
        sendWindow = settings.duration(
            "send.window",
            default: .seconds(35),
            "How long one write may take in all; more than one request to a register may (15 s), less than LANE_LEASE."
        )
        readTimeout = settings.duration(
            "read.timeout",
            default: .seconds(80),
            "How long one read may take in all, the gateway's retries included (four times 15 s and pauses)."
        )
        checkTimeout = settings.duration(
            "check.timeout",
            default: .milliseconds(30),
            "How long CheckOrder waits for menu-sync and table-allocator; without them it answers from what it knows."
        )
        pollInterval = settings.duration(
            "poll.interval",
            default: .seconds(1),
            "How often ready orders are looked for; being woken is quicker, this is the truth."
        )
        followInterval = settings.duration(
            "follow.interval",
            default: .milliseconds(500),
            "How often the gateways' feeds are read."
        )
        timing = OrderTiming(
            pickupLead: settings.duration(
                "pickup.lead.time",
                default: .seconds(1800),
                "How long before its pickupAt an order goes to the register; until then it waits."
            ),
            expireAfter: settings.duration(
                "expire.after",
                default: .seconds(86_400),
                "How long after acceptance, or pickup where that is later, an order that was never sent is given up."
            )
        )
        drainBatch = settings.integer(
            "drain.batch",
            default: 5,
            in: 1...1000,
            "How many parked orders of a location are let go at a time when its register is back."
        )
        waiters = settings.integer(
            "max.waiters",
            default: 1000,
            in: 0...100_000,
            "How many calls may wait for an order's state at once (GetOrder with waitForStates, CancelOrder)."
        )
        retention = .seconds(
            86_400
                * settings.integer(
                    "retention.days",
                    default: 30,
                    in: 1...3650,
                    "How many days after its end an order keeps its guest's data and notes; EraseExpired erases them."
                )
        )
        notifications = NotificationSettings(settings)
        migratesAtStart = settings.flag(
            "migrate.at.start",
            default: true,
            "Whether serve brings the database schema up to date first."
        )
        if sendWindow + .seconds(10) > laneLease {
            settings.refuse("SEND_WINDOW must be at least 10 s shorter than LANE_LEASE.")
        }
    }
}
