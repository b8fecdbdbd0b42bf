package import Logging
package import Postgres
package import RPC
package import RPCServer
import Secrets

/// Where a service listens, and what it takes from whom.
package struct HTTPSettings: Sendable {
    package let host: String
    package let port: Int
    /// The most time any call gets.
    package let maxTimeout: Duration
    /// What each connection is held to.
    package let limits: ServerLimits
    /// How many calls run at once.
    package let callLimits: CallLimits
    /// How long new calls are refused before the port is closed, at the end.
    package let drainDelay: Duration
    package let callers: CallerDirectory

    /// Reads the settings; `port` and `maxTimeout` are a service's own defaults.
    package init(_ settings: SettingsReader, port: Int, maxTimeout: Duration = .seconds(60)) {
        host = settings.text("http.host", default: "127.0.0.1", "The address to listen on; 0.0.0.0 in a container.")
        self.port = settings.integer("http.port", default: port, in: 0...65_535, "The port to listen on; 0 takes any.")
        self.maxTimeout = settings.duration("http.max.timeout", default: maxTimeout, "The most time one call may take.")
        limits = Self.limits(settings)
        callLimits = Self.callLimits(settings)
        drainDelay = settings.duration(
            "http.drain.delay",
            default: .milliseconds(250),
            "How long new calls and /readyz are answered with 503 at the end, before the port is closed."
        )
        let json = settings.secret(
            "callers",
            "Who may call: a JSON array of {\"name\", \"tokens\", \"services\", \"merchants\"}; \"*\" in a list means all."
        )
        callers = Self.callers(json, settings)
    }

    private static func limits(_ settings: SettingsReader) -> ServerLimits {
        ServerLimits(
            maxConnections: settings.integer(
                "http.max.connections",
                default: 2_000,
                in: 1...100_000,
                "How many connections are served at once; a few more are told so with 503, the rest are closed."
            ),
            idleTimeout: settings.duration(
                "http.idle.timeout",
                default: .seconds(75),
                "A connection without a request is closed after this time; keep it longer than callers keep theirs."
            ),
            headerTimeout: settings.duration(
                "http.header.timeout",
                default: .seconds(10),
                "The most time from a request's first byte to the end of its headers."
            ),
            bodyTimeout: settings.duration(
                "http.body.timeout",
                default: .seconds(20),
                "The most time a request's body may take to arrive, however steadily it does."
            )
        )
    }

    private static func callLimits(_ settings: SettingsReader) -> CallLimits {
        CallLimits(
            maxCalls: settings.integer(
                "http.max.calls",
                default: 1_024,
                in: 1...100_000,
                "How many calls run at once, of all callers together."
            ),
            maxCallsPerCaller: settings.integer(
                "http.max.calls.per.caller",
                default: 512,
                in: 1...100_000,
                "How many calls of one caller run at once."
            ),
            maxWaitingPerCaller: settings.integer(
                "http.max.waiting.per.caller",
                default: 512,
                in: 0...100_000,
                "How many more calls of one caller wait for their turn; the next is refused with resource_exhausted."
            ),
            maxWait: settings.duration(
                "http.queue.timeout",
                default: .seconds(2),
                "How long a call waits for its turn before it is refused."
            )
        )
    }

    private static func callers(_ json: Secret, _ settings: SettingsReader) -> CallerDirectory {
        do {
            if !json.isEmpty { return try CallerDirectory(json: json) }
        } catch {
            settings.refuse("CALLERS \(error).")
        }
        return .nobody
    }
}

extension PostgresConfiguration {
    /// The database of a service, whose tables stand in a schema of their own.
    package init(_ settings: SettingsReader, schema: String, service: String) {
        self.init(
            url: settings.secret("database.url", "Such as postgres://order_router:…@postgres:5432/upvendo."),
            searchPath: schema,
            maxConnections: settings.integer(
                "database.connections",
                default: 8,
                in: 1...200,
                "How many connections this process opens at most."
            ),
            maxWaiters: settings.integer(
                "database.max.waiters",
                default: 256,
                in: 0...100_000,
                "How many calls may wait for a connection; more are refused with resource_exhausted."
            ),
            acquireTimeout: settings.duration(
                "database.acquire.timeout",
                default: .seconds(5),
                "How long a call waits for a connection."
            ),
            connectTimeout: .seconds(5),
            statementTimeout: settings.duration(
                "database.statement.timeout",
                default: .seconds(10),
                "How long one statement may take."
            ),
            lockTimeout: .seconds(5),
            idleInTransactionTimeout: .seconds(10),
            applicationName: service
        )
    }
}

/// How much is logged.
package struct LogSettings: Sendable {
    package let level: Logger.Level

    package init(_ settings: SettingsReader) {
        level =
            settings.parsed("log.level", default: "info", "trace, debug, info, notice, warning, error or critical.") {
                text throws(Unacceptable) in
                guard let level = Logger.Level(rawValue: text) else {
                    throw Unacceptable("trace, debug, info, notice, warning, error or critical")
                }
                return level
            } ?? .info
    }
}
