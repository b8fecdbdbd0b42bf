package import Foundation
package import Logging
import ServiceLifecycle
import Synchronization

/// Says to everyone who asks the database that this process is alive.
///
/// It is a session-level advisory lock on a connection of its own: PostgreSQL releases it the moment the process or its
/// connection dies, without any clock. As a service it takes the lock, takes it again after every loss, and gives it up
/// at graceful shutdown. A process that lost its lock may already have been taken for dead, so its work must be guarded
/// by more than this.
package final class InstanceLock: Service {
    package enum State: Sendable, Hashable {
        /// Not held yet, or lost and being taken again.
        case acquiring
        /// Held for the n-th time since the process started; a number above 1 tells that it was lost in between.
        case held(acquisition: Int)
        case stopped
    }

    private struct Shared {
        var state = State.acquiring
        var acquisitions = 0
        var waiters: [UUID: CheckedContinuation<Void, any Error>] = [:]
    }

    private let connection: Connection
    private let key: AdvisoryKey
    private let longestSilence: Duration?
    private let logger: Logger
    private let shared = Mutex(Shared())

    /// How often the socket is looked at, and how many looks pass between two questions to the server.
    private static let interval: Duration = .milliseconds(250)
    private static let looksPerQuestion = 20

    /// A lock that is taken by ``run()``.
    ///
    /// A process that is stopped, or whose machine has dropped off the network, keeps its connection and so its lock, as
    /// long as PostgreSQL does not notice. With `longestSilence` PostgreSQL takes the lock from a process that has said
    /// nothing for so long; a live one says something every 5 s.
    package init(
        _ configuration: PostgresConfiguration,
        namespace: String,
        instance: UUID,
        longestSilence: Duration? = nil,
        logger: Logger
    ) {
        var configuration = configuration
        configuration.applicationName += "-instance"
        connection = Connection(configuration, number: 0, logger: logger)
        key = Self.key(namespace, instance)
        self.longestSilence = longestSilence
        self.logger = logger
    }

    /// Whether an instance holds its lock now.
    ///
    /// An instance that has just lost its connection counts as dead.
    ///
    /// - Throws: ``PostgresError``; whoever cannot ask must not take anyone for dead.
    package static func isAlive(namespace: String, instance: UUID, via pool: PostgresPool) async throws -> Bool {
        // A shared lock meets the instance's exclusive one, and not that of others who ask at the same time.
        let key = key(namespace, instance)
        let row = try await pool.queryOne("SELECT pg_try_advisory_xact_lock_shared(\(key)) AS is_free")
        return try row?["is_free", as: Bool.self] == false
    }

    package var state: State {
        shared.withLock(\.state)
    }

    /// Returns once the lock is held.
    ///
    /// - Throws: `CancellationError` when the task is cancelled or the service stops first.
    package func waitUntilHeld() async throws {
        let id = UUID()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = shared.withLock { shared in
                    if case .held = shared.state { return .success(()) }
                    if shared.state == .stopped || Task.isCancelled { return .failure(CancellationError()) }
                    shared.waiters[id] = continuation
                    return nil
                }
                if let outcome {
                    continuation.resume(with: outcome)
                }
            }
        } onCancel: {
            shared.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.holdUntilLost()
                } catch is CancellationError {
                    break
                } catch {
                    self.logger.warning("The instance lock is not held", metadata: ["error": "\(error)"])
                }
                self.change(to: .acquiring)
                try? await Task.sleep(for: Self.interval)
            }
        }
        await connection.close()
        change(to: .stopped)
    }

    // MARK: -

    private static func key(_ namespace: String, _ instance: UUID) -> AdvisoryKey {
        AdvisoryKey(namespace, "instance", instance.uuidString.lowercased())
    }

    private func holdUntilLost() async throws {
        let lease = try await connection.open(by: .now + connection.configuration.acquireTimeout)
        if let longestSilence {
            let silence = String(longestSilence.milliseconds)
            _ = try await connection.run("SELECT set_config('idle_session_timeout', \(silence), false)", in: lease)
        }
        let answer = try await connection.run("SELECT pg_try_advisory_lock(\(key))", in: lease)
        // Until the server notices that our last connection is gone, the lock is still that one's.
        guard let row = answer.rows.first, try row.decode(Bool.self) else {
            return
        }
        acquired()
        var looks = 0
        while await connection.isAlive(in: lease) {
            try await Task.sleep(for: Self.interval)
            looks += 1
            if looks.isMultiple(of: Self.looksPerQuestion) {
                _ = try await connection.run("SELECT 1", in: lease)
            }
        }
        logger.warning("The instance lock was lost with its connection")
    }

    private func acquired() {
        let waiters = shared.withLock { shared in
            shared.acquisitions += 1
            shared.state = .held(acquisition: shared.acquisitions)
            defer { shared.waiters = [:] }
            return shared.waiters.values
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    private func change(to state: State) {
        let waiters = shared.withLock { shared in
            shared.state = state
            guard state == .stopped else {
                return [UUID: CheckedContinuation<Void, any Error>]().values
            }
            defer { shared.waiters = [:] }
            return shared.waiters.values
        }
        for waiter in waiters {
            waiter.resume(throwing: CancellationError())
        }
    }
}
