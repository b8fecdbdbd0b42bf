import Contracts
import Postgres
import Secrets
import ServiceKit

/// Every setting of scheduler.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings
    let postgres: PostgresConfiguration
    let callerToken: Secret
    /// Gateways by name.
    let gatewayURLs: [String: String]
    let orderRouterURL: String
    let menuSyncURL: String
    let allocatorURL: String
    let timing: TaskTiming
    let runLease: Duration
    let planInterval: Duration
    let pollInterval: Duration
    let followInterval: Duration
    let historyOfLocations: Duration
    let historyOfOthers: Duration
    let migratesAtStart: Bool

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8085)
        log = LogSettings(settings)
        postgres = PostgresConfiguration(settings, schema: SchedulerSchema.name, service: "scheduler")
        callerToken = settings.secret("caller.token", "The token that this service shows to the services it calls.")
        gatewayURLs = settings.addresses(
            "gateways",
            default: "kassanet=http://127.0.0.1:8081",
            "The gateways, as name=address pairs separated by commas."
        )
        orderRouterURL = settings.text(
            "order.router.url",
            default: "http://127.0.0.1:8080",
            "Where order-router listens."
        )
        menuSyncURL = settings.text("menu.sync.url", default: "http://127.0.0.1:8084", "Where menu-sync listens.")
        allocatorURL = settings.text(
            "allocator.url",
            default: "http://127.0.0.1:8083",
            "Where table-allocator listens."
        )
        timing = Self.timing(settings)
        runLease = settings.duration(
            "run.lease",
            default: .seconds(30),
            "How long a run stays this process's without a sign of life."
        )
        planInterval = settings.duration(
            "plan.interval",
            default: .milliseconds(500),
            "How often the leader looks for what is due."
        )
        pollInterval = settings.duration(
            "poll.interval",
            default: .milliseconds(500),
            "How often runs that wait are looked for; what this process plans itself it finds at once."
        )
        followInterval = settings.duration(
            "follow.interval",
            default: .milliseconds(500),
            "How often the gateways' feeds are read."
        )
        historyOfLocations = settings.duration(
            "history.locations",
            default: .seconds(2 * 86_400),
            "How long runs of single locations that did not fail are kept."
        )
        historyOfOthers = .seconds(
            86_400
                * settings.integer(
                    "history.days",
                    default: 30,
                    in: 1...3650,
                    "How many days all other runs are kept."
                )
        )
        migratesAtStart = settings.flag(
            "migrate.at.start",
            default: true,
            "Whether serve brings the database schema up to date first."
        )
        for (name, value, least) in [
            ("RUN_LEASE", runLease, Duration.seconds(2)), ("PLAN_INTERVAL", planInterval, .milliseconds(10)),
            ("POLL_INTERVAL", pollInterval, .milliseconds(10)),
            ("CHECK_INTERVAL", timing.checks.backoff.first, .seconds(1)),
            ("STOCK_INTERVAL", timing.stockInterval, .seconds(1)),
            ("SWEEP_INTERVAL", timing.sweepInterval, .seconds(1)),
            ("CHECK_TIMEOUT", timing.checkTimeout, .seconds(1)),
            ("RETENTION_TIMEOUT", timing.retentionTimeout, .seconds(5)),
        ] where value < least {
            settings.refuse("\(name) must be at least \(least.words).")
        }
        if timing.checks.backoff.longest < timing.checks.backoff.first {
            settings.refuse("CHECK_MAX_INTERVAL must not be shorter than CHECK_INTERVAL.")
        }
    }

    private static func timing(_ settings: SettingsReader) -> TaskTiming {
        TaskTiming(
            checks: CheckTiming(
                backoff: Backoff(
                    first: settings.duration(
                        "check.interval",
                        default: .seconds(60),
                        "How soon a register that does not answer is tested again at first; the pauses double."
                    ),
                    longest: settings.duration(
                        "check.max.interval",
                        default: .seconds(900),
                        "The longest pause between two tests of a register that does not answer."
                    )
                ),
                longestWithOrders: settings.duration(
                    "check.max.with.orders",
                    default: .seconds(300),
                    "The same, while orders wait for it."
                ),
                misconfigured: settings.duration(
                    "check.misconfigured",
                    default: .seconds(900),
                    "The pause between two tests of a register that refuses our address or credentials."
                )
            ),
            checkTimeout: settings.duration(
                "check.timeout",
                default: .seconds(45),
                "How long one test may take; a gateway that gives a register 10 s to connect, four times, needs 42 s."
            ),
            stockInterval: settings.duration(
                "stock.interval",
                default: .seconds(300),
                "How often a register that counts articles is asked for its stock, give or take a fifth."
            ),
            sweepInterval: settings.duration(
                "sweep.interval",
                default: .seconds(60),
                "How often table-allocator clears away expired leases."
            ),
            retention: dailyTime(settings),
            retentionTimeout: settings.duration(
                "retention.timeout",
                default: .seconds(3600),
                "How long one run of the retention may take; the next goes on."
            ),
            slots: settings.integer(
                "slots",
                default: 16,
                in: 1...1000,
                "How many runs of one task this process has at once; registers that are away for long have as many of their own."
            )
        )
    }

    private static func dailyTime(_ settings: SettingsReader) -> Schedule {
        settings.parsed(
            "retention.time",
            default: "03:30 UTC",
            "When every service erases what has been kept long enough: HH:mm and an IANA time zone."
        ) { text throws(Unacceptable) in
            let parts = text.split(separator: " ")
            guard parts.count == 2, let time = DailyTime(String(parts[0]), zone: String(parts[1])) else {
                throw Unacceptable("a time and a zone such as 03:30 Europe/Brussels")
            }
            return Schedule.daily(time)
        } ?? .every(.seconds(86_400))
    }
}
