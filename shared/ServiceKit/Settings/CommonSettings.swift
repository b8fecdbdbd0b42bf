package import Logging
package import Postgres
package import RPC
import Secrets

/// Where a service listens, and what it takes from whom.
package struct HTTPSettings: Sendable {
    package let host: String
    package let port: Int
    /// The most time any call gets.
    package let maxTimeout: Duration
    package let maxConnections: Int
    /// A connection that says nothing for this long is closed.
    package let idleTimeout: Duration
    package let callers: CallerDirectory

    /// Reads the settings; `port` and `maxTimeout` are a service's own defaults.
    package init(_ settings: SettingsReader, port: Int, maxTimeout: Duration = .seconds(60)) {
        host = settings.text("http.host", default: "127.0.0.1", "The address to listen on; 0.0.0.0 in a container.")
        self.port = settings.integer("http.port", default: port, in: 0...65_535, "The port to listen on; 0 takes any.")
        self.maxTimeout = settings.duration("http.max.timeout", default: maxTimeout, "The most time one call may take.")
        maxConnections = settings.integer(
            "http.max.connections",
            default: 2_000,
            in: 1...100_000,
            "How many connections may be open at once; more wait in the backlog."
        )
        idleTimeout = settings.duration(
            "http.idle.timeout",
            default: .seconds(75),
            "A connection without traffic is closed after this time."
        )
        let json = settings.secret(
            "callers",
            "Who may call: a JSON array of {\"name\", \"tokens\", \"services\", \"merchants\"}; \"*\" in a list means all."
        )
        callers = Self.callers(json, settings)
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
