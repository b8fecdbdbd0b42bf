package import Secrets

/// Where a database is, and how long anything is allowed to take there.
///
/// Every session is opened with these limits, so a forgotten transaction or a dead network path ends by itself. Needs
/// PostgreSQL 14 or newer. A session always speaks UTF-8, ISO dates and UTC, whatever the server's defaults are.
package struct PostgresConfiguration: Sendable {
    /// A `postgresql://` URL or a libpq keyword string.
    package var url: Secret
    /// The schemas that unqualified names are looked up in, as `SET search_path` takes them; `nil` leaves the default.
    package var searchPath: String?
    /// The most sessions a pool opens; each has its own thread.
    package var maxConnections: Int
    /// The most callers that wait for a connection; the next one is refused at once.
    package var maxWaiters: Int
    /// How long a caller waits for a usable connection, reconnecting included.
    package var acquireTimeout: Duration
    /// How long one attempt to open a session may take.
    package var connectTimeout: Duration
    /// How long the server works on one statement; the client stops listening ``answerMargin`` later.
    package var statementTimeout: Duration
    /// How long a statement waits for a lock, advisory locks included.
    package var lockTimeout: Duration
    /// How long a transaction may stay idle before the server ends its session.
    package var idleInTransactionTimeout: Duration
    /// The name shown in `pg_stat_activity` and on the pool's metrics.
    package var applicationName: String

    /// What an answer may take on top of the statement timeout before the connection is given up as dead.
    package static let answerMargin: Duration = .seconds(2)

    package init(
        url: Secret,
        searchPath: String? = nil,
        maxConnections: Int = 8,
        maxWaiters: Int = 256,
        acquireTimeout: Duration = .seconds(5),
        connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(10),
        lockTimeout: Duration = .seconds(5),
        idleInTransactionTimeout: Duration = .seconds(10),
        applicationName: String
    ) {
        self.url = url
        self.searchPath = searchPath
        self.maxConnections = max(1, maxConnections)
        self.maxWaiters = max(0, maxWaiters)
        self.acquireTimeout = acquireTimeout
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.idleInTransactionTimeout = idleInTransactionTimeout
        self.applicationName = applicationName
    }
}

extension PostgresConfiguration {
    /// How long an answer to one statement is awaited.
    var answerTimeout: Duration {
        statementTimeout + Self.answerMargin
    }

    /// What libpq is given: keywords and values, the URL first so that the rest overrides it.
    ///
    /// - Throws: `.configuration` when the URL is no connection string. libpq would take such a text for a database name
    ///   and repeat it, password included, in its error message.
    func connectionParameters() throws(PostgresError) -> [(keyword: String, value: String)] {
        let url = url.reveal()
        guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") || url.contains("=") else {
            throw PostgresError(.configuration, "The database URL must start with postgresql://.")
        }
        return [
            ("dbname", url),
            ("application_name", applicationName),
            ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
            ("keepalives", "1"),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", String(answerTimeout.milliseconds)),
            ("options", sessionOptions),
        ]
    }

    private var sessionOptions: String {
        var settings = [
            ("statement_timeout", String(statementTimeout.milliseconds)),
            ("lock_timeout", String(lockTimeout.milliseconds)),
            ("idle_in_transaction_session_timeout", String(idleInTransactionTimeout.milliseconds)),
            ("client_connection_check_interval", "5000"),
            ("default_transaction_isolation", "read committed"),
            ("timezone", "UTC"),
            ("datestyle", "ISO"),
            ("bytea_output", "hex"),
            ("extra_float_digits", "1"),
            // Statements here take milliseconds. Compiling one takes hundreds, and the planner, which overrates what it knows
            // nothing of, would now and then.
            ("jit", "off"),
        ]
        if let searchPath {
            settings.append(("search_path", searchPath))
        }
        return settings.map { "-c \($0.0)=\(escaped($0.1))" }.joined(separator: " ")
    }

    private func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing(" ", with: "\\ ")
    }
}
