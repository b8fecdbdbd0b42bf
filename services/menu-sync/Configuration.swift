import Notifications
import Postgres
import RPC
import Secrets
import ServiceKit

/// Every setting of menu-sync.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings
    let postgres: PostgresConfiguration
    let migratesAtStart: Bool
    /// Gateways by the names that locations know them by.
    let gatewayURLs: [String: String]
    let allocatorURL: String
    let callerToken: Secret
    let followInterval: Duration
    let imports: Int
    let timing: ImportTiming
    let planGuard: PlanGuard
    let retention: RetentionTimes
    let waiters: Int
    let notifications: NotificationSettings

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8084, maxTimeout: .seconds(90))
        log = LogSettings(settings)
        postgres = PostgresConfiguration(settings, schema: Migrations.schema, service: "menu-sync")
        migratesAtStart = settings.flag(
            "migrate.at.start",
            default: true,
            "Whether serve brings the database schema up to date first."
        )
        gatewayURLs = settings.addresses(
            "gateways",
            default: "kassanet=http://127.0.0.1:8081",
            "The gateways, as name=address pairs separated by commas."
        )
        allocatorURL = settings.text(
            "allocator.url",
            default: "http://127.0.0.1:8083",
            "Where table-allocator listens."
        )
        callerToken = settings.secret("caller.token", "The token that this service shows to the services it calls.")
        followInterval = settings.duration(
            "follow.interval",
            default: .milliseconds(500),
            "How often the gateways' feeds are read."
        )
        imports = settings.integer(
            "imports",
            default: 4,
            in: 1...64,
            "How many locations this process imports at once."
        )
        timing = Self.timing(settings)
        planGuard = PlanGuard(
            removes: Double(
                settings.integer(
                    "plan.max.removed.percent",
                    default: 20,
                    in: 0...100,
                    "A plan that removes more of a menu's products waits for a person; 100 never waits."
                )
            ) / 100,
            reprices: Double(
                settings.integer(
                    "plan.max.repriced.percent",
                    default: 30,
                    in: 0...100,
                    "A plan that changes the price of more of a menu's products waits for a person; 100 never waits."
                )
            ) / 100
        )
        retention = RetentionTimes(
            days: settings.integer(
                "retention.days",
                default: 30,
                in: 1...3650,
                "How long ended imports and their plans are kept, and stock that nobody counts any more."
            ),
            versions: settings.integer(
                "menu.versions.kept",
                default: 50,
                in: 1...10_000,
                "How many versions of each menu are kept, the current one included."
            )
        )
        waiters = settings.integer(
            "max.waiters",
            default: 1000,
            in: 0...100_000,
            "How many calls may wait for an import at once (GetSync with afterRevision, PlanSync, ApprovePlan)."
        )
        notifications = NotificationSettings(settings)
    }

    private static func timing(_ settings: SettingsReader) -> ImportTiming {
        let usual = ImportTiming()
        let timing = ImportTiming(
            attempts: settings.integer(
                "import.attempts",
                default: usual.attempts,
                in: 1...20,
                "How often a stage of an import is tried (rule K21)."
            ),
            pause: settings.duration(
                "import.pause",
                default: usual.pause,
                "How long after an attempt that failed the next begins."
            ),
            limit: settings.duration(
                "import.stage.limit",
                default: usual.limit,
                "How long one attempt at a stage may take."
            ),
            lease: settings.duration(
                "import.lease",
                default: usual.lease,
                "How long an import stays this process's without a sign of life."
            ),
            poll: settings.duration(
                "poll.interval",
                default: usual.poll,
                "How often due imports are looked for; being woken is quicker, this is the truth."
            )
        )
        if timing.lease < .milliseconds(300) { settings.refuse("IMPORT_LEASE must be at least 300ms.") }
        if timing.limit < .seconds(1) { settings.refuse("IMPORT_STAGE_LIMIT must be at least 1s.") }
        return timing
    }
}
