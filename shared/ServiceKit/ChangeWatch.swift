package import Foundation
package import Logging
package import RPC
import ServiceLifecycle
import Synchronization

/// Lets calls wait until what they look at changes: an order, an import.
///
/// A change made in this process wakes them at once. Changes of other processes are found by one query a second for all
/// that wait together, however many they are; how many may wait is bounded.
package final class ChangeWatch: Service {
    /// What is looked at, by whose it is and its id.
    package typealias Watched = (merchant: MerchantID, id: UUID)
    /// Says how far each has come: a number that grows with every change.
    package typealias Revisions = @Sendable ([Watched]) async throws -> [UUID: Int]

    /// More calls wait than may.
    package struct TooManyWaiters: Error {}

    /// One call that waits.
    private struct Ticket: Sendable {
        let watched: UUID
        let number: Int
        /// An element for each time it may have changed; ends when nothing more is to be waited for.
        let changes: AsyncStream<Void>
    }

    private struct Waiter {
        var merchant: MerchantID
        var stream: AsyncStream<Void>.Continuation
    }

    private struct State {
        var waiters: [UUID: [Int: Waiter]] = [:]
        var known: [UUID: Int] = [:]
        var count = 0
        var nextID = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let revisions: Revisions
    private let capacity: Int
    private let interval: Duration
    private let logger: Logger

    package init(
        capacity: Int,
        interval: Duration = .seconds(1),
        logger: Logger,
        revisions: @escaping Revisions
    ) {
        self.revisions = revisions
        self.capacity = capacity
        self.interval = interval
        self.logger = logger
    }

    /// How many calls wait now.
    package var count: Int { state.withLock { $0.count } }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                await lookAround()
            }
        }
        stop()
    }

    /// What `read` gives as soon as it is as wanted, or as it is when the deadline is near or the process ends.
    ///
    /// - Throws: ``TooManyWaiters``, `CancellationError`, and what `read` throws.
    package func value<Value>(
        of id: UUID,
        _ merchant: MerchantID,
        by deadline: Deadline,
        reading read: () async throws -> Value,
        until isWanted: (Value) -> Bool
    ) async throws -> Value {
        let ticket = try begin(merchant, id)
        // Time enough is left to read it and to answer.
        let patience = max(.zero, deadline.remaining - .milliseconds(500))
        let alarm = Task { [self] in
            try await Task.sleep(for: patience)
            end(ticket)
        }
        defer {
            alarm.cancel()
            end(ticket)
        }
        // Read again after the wait has begun: what changed in between is not announced.
        repeat {
            let now = try await read()
            if isWanted(now) { return now }
        } while await hasChanged(ticket)
        try Task.checkCancellation()
        return try await read()
    }

    /// Says that it was changed by this process.
    package func noticed(_ id: UUID) {
        state.withLock { state in
            for waiter in (state.waiters[id] ?? [:]).values { waiter.stream.yield() }
        }
    }

    /// Whether there is something new to read; false when the wait is over, a graceful stop included.
    private func hasChanged(_ ticket: Ticket) async -> Bool {
        await withGracefulShutdownHandler {
            await ticket.changes.first { _ in true } != nil
        } onGracefulShutdown: { [self] in
            end(ticket)
        }
    }

    private func begin(_ merchant: MerchantID, _ id: UUID) throws(TooManyWaiters) -> Ticket {
        let (changes, stream) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = state.withLock { state in
            guard state.count < capacity else { return nil }
            state.count += 1
            state.nextID += 1
            state.waiters[id, default: [:]][state.nextID] = Waiter(merchant: merchant, stream: stream)
            if state.isStopped { stream.finish() }
            return state.nextID
        }
        guard let number else { throw TooManyWaiters() }
        return Ticket(watched: id, number: number, changes: changes)
    }

    private func end(_ ticket: Ticket) {
        state.withLock { state in
            guard let waiter = state.waiters[ticket.watched]?.removeValue(forKey: ticket.number) else { return }
            waiter.stream.finish()
            state.count -= 1
            if state.waiters[ticket.watched]?.isEmpty ?? true {
                state.waiters[ticket.watched] = nil
                state.known[ticket.watched] = nil
            }
        }
    }

    private func lookAround() async {
        let watched = state.withLock { state in
            state.waiters.compactMap { id, waiters in
                waiters.values.first.map { (merchant: $0.merchant, id: id) }
            }
        }
        guard !watched.isEmpty else { return }
        do {
            let latest = try await revisions(watched)
            state.withLock { state in
                for (id, revision) in latest where state.known[id] != revision {
                    guard let waiters = state.waiters[id] else { continue }
                    state.known[id] = revision
                    for waiter in waiters.values { waiter.stream.yield() }
                }
            }
        } catch {
            logger.warning("What calls wait for was not looked at", metadata: ["error": "\(error)"])
        }
    }

    /// Those who wait are answered with what is known.
    private func stop() {
        state.withLock { state in
            state.isStopped = true
            for waiters in state.waiters.values {
                for waiter in waiters.values { waiter.stream.finish() }
            }
        }
    }
}
