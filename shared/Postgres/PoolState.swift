/// Who has which connection, and who waits for one.
///
/// Holds no locks and runs nothing itself.
struct PoolState {
    typealias Waiter = CheckedContinuation<Connection, any Error>

    private struct Waiting {
        let id: Int
        let deadline: ContinuousClock.Instant
        let continuation: Waiter
    }

    /// What becomes of a caller that wants a connection.
    enum Request {
        case take(Connection)
        case create(number: Int)
        case wait
        case refuse(PostgresError)
    }

    private let configuration: PostgresConfiguration
    private var idle: [Connection] = []
    /// First in, first out; deadlines grow, because every caller is given the same time.
    private var waiters: [Waiting] = []
    private var created = 0
    private(set) var inUse = 0
    /// Why the last borrower got no session; `nil` after one who did.
    private var unreachable: PostgresError?
    private(set) var isClosed = false
    private var drained: [CheckedContinuation<Void, Never>] = []

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    var waiting: Int { waiters.count }

    /// When the first waiter's time is up.
    var nextDeadline: ContinuousClock.Instant? { waiters.first?.deadline }

    mutating func request() -> Request {
        if isClosed {
            return .refuse(PostgresError(.closed, "The connection pool is shut down."))
        }
        if let connection = idle.popLast() {
            inUse += 1
            return .take(connection)
        }
        if created < configuration.maxConnections {
            created += 1
            inUse += 1
            return .create(number: created)
        }
        return waiters.count < configuration.maxWaiters ? .wait : .refuse(exhausted("too many callers are waiting"))
    }

    mutating func enqueue(_ continuation: Waiter, id: Int, deadline: ContinuousClock.Instant) {
        waiters.append(Waiting(id: id, deadline: deadline, continuation: continuation))
    }

    mutating func removeWaiter(_ id: Int) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else {
            return nil
        }
        return waiters.remove(at: index).continuation
    }

    /// Takes out everyone whose time is up.
    mutating func expire(at now: ContinuousClock.Instant) -> (waiters: [Waiter], error: PostgresError) {
        let count = waiters.prefix { $0.deadline <= now }.count
        defer { waiters.removeFirst(count) }
        return (waiters.prefix(count).map(\.continuation), exhausted("none became free in time"))
    }

    /// Takes a connection back and returns the caller it goes to next, or lets it rest.
    ///
    /// - Returns: `isSurplus` when the pool is closed and the connection must be closed as well.
    mutating func giveBack(
        _ connection: Connection,
        unreachable: PostgresError?
    ) -> (next: Waiter?, isSurplus: Bool) {
        self.unreachable = unreachable
        if !waiters.isEmpty {
            return (waiters.removeFirst().continuation, false)
        }
        inUse -= 1
        if isClosed {
            return (nil, true)
        }
        idle.append(connection)
        return (nil, false)
    }

    /// Refuses everyone from now on; returns the waiters to turn away and the connections to close.
    mutating func close() -> (waiters: [Waiter], idle: [Connection]) {
        isClosed = true
        defer {
            waiters = []
            idle = []
        }
        return (waiters.map(\.continuation), idle)
    }

    /// Keeps a continuation until no connection is in use; false when that is so already.
    mutating func awaitDrained(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard inUse > 0 else {
            return false
        }
        drained.append(continuation)
        return true
    }

    mutating func takeDrained() -> [CheckedContinuation<Void, Never>] {
        guard isClosed, inUse == 0 else {
            return []
        }
        defer { drained = [] }
        return drained
    }

    /// Tells a busy pool from a database that is away, where waiting ends the same way.
    private func exhausted(_ reason: String) -> PostgresError {
        if let unreachable {
            return unreachable
        }
        return PostgresError(
            .poolExhausted,
            "All \(configuration.maxConnections) database connections are in use and \(reason) (at most "
                + "\(configuration.maxWaiters) callers wait, each at most \(configuration.acquireTimeout))."
        )
    }
}
