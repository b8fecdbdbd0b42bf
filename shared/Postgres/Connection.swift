import Logging

/// A place in the pool: a thread, and the session it keeps open there.
///
/// All waiting for the database happens on that thread. A broken session is dropped at once and a new one opened by the
/// next caller. Callers use it through a lease, and a lease that has ended is refused.
actor Connection {
    typealias LeaseID = UInt64

    nonisolated let configuration: PostgresConfiguration
    private let thread: ConnectionThread
    private let logger: Logger
    private var session: Session?
    private var lease: LeaseID?
    private var leases: LeaseID = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    init(_ configuration: PostgresConfiguration, number: Int, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        thread = ConnectionThread(name: "pg-\(number)")
    }

    // MARK: Leases

    /// Makes sure the session stands, opening one with growing pauses until the deadline, and starts a lease.
    func open(by deadline: ContinuousClock.Instant) async throws -> LeaseID {
        try await connect(by: deadline)
        leases += 1
        lease = leases
        return leases
    }

    /// Ends a lease.
    ///
    /// A session left inside a transaction is closed, which rolls it back.
    func end(_ ended: LeaseID) {
        guard lease == ended else {
            return
        }
        lease = nil
        closeUnlessIdle()
    }

    /// Ends a lease that may have taken session locks or changed settings, and undoes both.
    func endAndReset(_ ended: LeaseID) {
        guard lease == ended else {
            return
        }
        lease = nil
        closeUnlessIdle()
        do throws(PostgresError) {
            _ = try session?.runScript("SELECT pg_advisory_unlock_all(); RESET ALL", limit: configuration.answerTimeout)
        } catch {
            close()
        }
    }

    func close() {
        session?.close()
        session = nil
    }

    private func closeUnlessIdle() {
        guard let session, !session.isIdle else {
            return
        }
        if session.isOpen {
            logger.warning("A connection was returned inside a transaction and is closed")
        }
        close()
    }

    // MARK: Statements

    /// Opens, runs one statement, and returns to rest: a whole lease in one visit to the thread.
    func runOnce(_ query: Query, by deadline: ContinuousClock.Instant) async throws -> Answer {
        let session = try await connect(by: deadline)
        try Task.checkCancellation()
        defer { closeUnlessIdle() }
        return try session.run(query, limit: configuration.answerTimeout)
    }

    /// As ``runOnce(_:by:)``, for a script, whose statements together may take `limit`.
    func runScriptOnce(_ sql: String, limit: Duration, by deadline: ContinuousClock.Instant) async throws {
        let session = try await connect(by: deadline)
        try Task.checkCancellation()
        defer { closeUnlessIdle() }
        _ = try session.runScript(sql, limit: limit)
    }

    func run(_ query: Query, limit: Duration? = nil, in lease: LeaseID) throws(PostgresError) -> Answer {
        try leased(lease).run(query, limit: limit ?? configuration.answerTimeout)
    }

    @discardableResult
    func runScript(_ sql: String, limit: Duration? = nil, in lease: LeaseID) throws(PostgresError) -> Answer {
        try leased(lease).runScript(sql, limit: limit ?? configuration.answerTimeout)
    }

    func beginCopy(_ sql: String, in lease: LeaseID) throws(PostgresError) {
        try leased(lease).beginCopy(sql, limit: configuration.answerTimeout)
    }

    func putCopy(_ bytes: [UInt8], in lease: LeaseID) throws(PostgresError) {
        try leased(lease).putCopy(bytes, limit: configuration.answerTimeout)
    }

    func endCopyIn(_ sql: String, in lease: LeaseID) throws(PostgresError) -> Answer {
        try leased(lease).endCopyIn(sql, limit: configuration.answerTimeout)
    }

    /// Makes the server throw away what a COPY has brought so far.
    func cancelCopyIn(in lease: LeaseID) {
        do throws(PostgresError) {
            _ = try leased(lease).endCopyIn("COPY", discarding: "cancelled", limit: configuration.answerTimeout)
        } catch {
            // The refusal that was asked for leaves the session in order; anything else has closed it.
            logger.debug("A COPY was given up", metadata: ["error": "\(error)"])
        }
    }

    func takeCopy(atLeast count: Int, in lease: LeaseID) throws(PostgresError) -> (bytes: [UInt8], isLast: Bool) {
        try leased(lease).takeCopy(atLeast: count, limit: configuration.answerTimeout)
    }

    /// Whether the session still stands and is between transactions, as far as can be told without asking the server.
    func isAlive(in lease: LeaseID) -> Bool {
        self.lease == lease && session?.isAlive() == true
    }

    func isIdle(in lease: LeaseID) -> Bool {
        self.lease == lease && session?.isIdle == true
    }

    private func leased(_ lease: LeaseID) throws(PostgresError) -> Session {
        guard self.lease == lease else {
            throw PostgresError(.closed, "A connection was used outside its scope.")
        }
        guard let session, session.isOpen else {
            throw PostgresError(.connectionLost, "The connection to the database was lost earlier.")
        }
        return session
    }

    // MARK: Connecting

    @discardableResult
    private func connect(by deadline: ContinuousClock.Instant) async throws -> Session {
        if let session, session.isAlive() {
            return session
        }
        session = nil
        var pause: Duration = .milliseconds(20)
        while true {
            try Task.checkCancellation()
            do {
                let session = try Session(configuration)
                self.session = session
                return session
            } catch {
                let next = ContinuousClock.now + pause * Double.random(in: 0.8...1.2)
                guard error.isRetryable, next < deadline else {
                    throw error
                }
                logger.debug("The database cannot be reached yet", metadata: ["error": "\(error)"])
                try await Task.sleep(until: next, clock: .continuous)
                pause = min(pause * 2, .milliseconds(250))
            }
        }
    }
}
