package import Logging
import ServiceLifecycle
import Synchronization

/// A bounded set of sessions to one database, shared by everything in a process.
///
/// Sessions are opened when they are first needed and reopened when they broke, so neither a database that starts late
/// nor one that restarts needs any help. Callers beyond the limit wait in order of arrival, for a bounded time.
///
/// As a service it runs until graceful shutdown, then refuses new callers and closes each session once it is returned.
package final class PostgresPool: Service, PostgresStatements {
    package let configuration: PostgresConfiguration
    let logger: Logger
    let metrics: PostgresMetrics
    private let state: Mutex<PoolState>
    private let waiterIDs = Atomic<Int>(0)
    /// Whether a task is watching over the waiters' deadlines.
    private let isWatching = Atomic<Bool>(false)

    package init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        metrics = PostgresMetrics(pool: configuration.applicationName)
        state = Mutex(PoolState(configuration))
    }

    package func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Refuses new callers, closes every session as soon as it is returned, and waits for the last one.
    package func shutdown() async {
        let (waiters, idle) = state.withLock { $0.close() }
        for waiter in waiters {
            waiter.resume(throwing: PostgresError(.closed, "The connection pool is shut down."))
        }
        for connection in idle {
            await connection.close()
        }
        await withCheckedContinuation { continuation in
            if !state.withLock({ $0.awaitDrained(continuation) }) {
                continuation.resume()
            }
        }
    }

    /// How many callers wait for a connection now.
    package var waitingCallers: Int {
        state.withLock(\.waiting)
    }

    // MARK: Statements

    package func answer(to query: Query) async throws -> PostgresAnswer {
        try await borrowing { connection, deadline in
            try await self.metrics.measure {
                PostgresAnswer(answer: try await connection.runOnce(query, by: deadline))
            }
        }
    }

    /// Runs any number of statements, separated by semicolons and without parameters, as one transaction unless the
    /// script says otherwise.
    ///
    /// `limit` is how long the client waits for the whole script; by default as long as for one statement.
    package func executeScript(_ sql: String, limit: Duration? = nil) async throws {
        try await borrowing { connection, deadline in
            try await self.metrics.measure {
                let limit = limit ?? self.configuration.answerTimeout
                try await connection.runScriptOnce(sql, limit: limit, by: deadline)
            }
        }
    }

    /// Runs the body in a transaction at READ COMMITTED: committed when it returns, rolled back when it throws.
    ///
    /// Nothing is ever repeated: a deadlock or a serialization failure is the caller's to retry, body and all. `limit`: how
    /// long each of its statements may take, on the server and for the client; by default as any statement.
    ///
    /// - Throws: The body's own error, ``PostgresTransactionError``, or ``PostgresError`` when no connection was had.
    @discardableResult
    package func transaction<Value: Sendable>(
        limit: Duration? = nil,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await leasing(resets: false) { try await $0.transaction(limit: limit, body) }
    }

    /// Lends one session to the body.
    ///
    /// Afterwards its session locks are released and its settings reset; an open transaction is rolled back.
    @discardableResult
    package func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await leasing(resets: true, body)
    }

    // MARK: Borrowing

    private func leasing<Value: Sendable>(
        resets: Bool,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await borrowing { connection, deadline in
            let lease = try await connection.open(by: deadline)
            let result: Result<Value, any Error>
            do {
                let lent = PostgresConnection(connection: connection, lease: lease, metrics: metrics)
                result = .success(try await body(lent))
            } catch {
                result = .failure(error)
            }
            if resets {
                await connection.endAndReset(lease)
            } else {
                await connection.end(lease)
            }
            return try result.get()
        }
    }

    /// Lends a connection, which may not be open yet, to the body.
    ///
    /// The deadline is the caller's for an open session.
    private func borrowing<Value: Sendable>(
        _ body: (Connection, ContinuousClock.Instant) async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        let deadline = start + configuration.acquireTimeout
        let connection = try await acquire(by: deadline)
        metrics.recordAcquisition(since: start)
        let result: Result<Value, any Error>
        var unreachable: PostgresError?
        do {
            result = .success(try await body(connection, deadline))
        } catch {
            result = .failure(error)
            unreachable = (error as? PostgresError).flatMap { $0.kind == .connectionFailed ? $0 : nil }
        }
        await giveBack(connection, unreachable)
        return try result.get()
    }

    private func acquire(by deadline: ContinuousClock.Instant) async throws -> Connection {
        try Task.checkCancellation()
        let request = state.withLock { $0.request() }
        defer { report() }
        switch request {
        case .take(let connection): return connection
        case .create(let number): return Connection(configuration, number: number, logger: logger)
        case .refuse(let error): throw error
        case .wait: return try await wait(by: deadline)
        }
    }

    private func giveBack(_ connection: Connection, _ unreachable: PostgresError?) async {
        let (next, isSurplus) = state.withLock { $0.giveBack(connection, unreachable: unreachable) }
        next?.resume(returning: connection)
        if isSurplus {
            await connection.close()
            for continuation in state.withLock({ $0.takeDrained() }) {
                continuation.resume()
            }
        }
        report()
    }

    private func report() {
        let (inUse, waiting) = state.withLock { ($0.inUse, $0.waiting) }
        metrics.report(inUse: inUse, waiting: waiting)
    }

    // MARK: Waiting

    private func wait(by deadline: ContinuousClock.Instant) async throws -> Connection {
        let id = waiterIDs.add(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(continuation, id: id, by: deadline)
            }
        } onCancel: {
            state.withLock { $0.removeWaiter(id) }?.resume(throwing: CancellationError())
        }
    }

    /// Asks again, because a connection may have come back since the caller was told to wait.
    private func enqueue(_ continuation: PoolState.Waiter, id: Int, by deadline: ContinuousClock.Instant) {
        let request = state.withLock { state in
            let request = state.request()
            if case .wait = request {
                state.enqueue(continuation, id: id, deadline: deadline)
            }
            return request
        }
        switch request {
        case .take(let connection):
            continuation.resume(returning: connection)
        case .create(let number):
            continuation.resume(returning: Connection(configuration, number: number, logger: logger))
        case .refuse(let error):
            continuation.resume(throwing: error)
        case .wait:
            // A task cancelled before it stood in the line was not found there by its cancellation handler.
            if Task.isCancelled {
                state.withLock { $0.removeWaiter(id) }?.resume(throwing: CancellationError())
            }
            watchDeadlines()
        }
    }

    /// Starts the one task that turns away waiters whose time is up; it ends with the last waiter.
    private func watchDeadlines() {
        guard startsWatching() else {
            return
        }
        Task {
            repeat {
                while let next = self.state.withLock({ $0.nextDeadline }) {
                    try? await Task.sleep(until: next, clock: .continuous)
                    let (waiters, error) = self.state.withLock { $0.expire(at: .now) }
                    for waiter in waiters {
                        waiter.resume(throwing: error)
                    }
                    self.report()
                }
                self.isWatching.store(false, ordering: .releasing)
                // Someone may have come between the last look and the line above, and found a watcher.
            } while self.state.withLock({ $0.nextDeadline }) != nil && self.startsWatching()
        }
    }

    /// Whether nobody was watching; from now on the caller is.
    private func startsWatching() -> Bool {
        isWatching.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }
}
