import Foundation
import Logging
import RPC
import ServiceLifecycle
import Synchronization

/// Lets calls wait until an import changes.
///
/// Changes made in this process wake them at once. Those of other processes are found by one query a second for all that
/// wait together; how many may wait is bounded.
final class SyncWatch: Service {
    /// One call that waits.
    struct Ticket: Sendable {
        let sync: UUID
        fileprivate let id: Int
        /// An element for each time the import may have changed; ends when nothing more is to be waited for.
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
    private let syncs: SyncStore
    private let capacity: Int
    private let interval: Duration
    private let logger: Logger

    init(syncs: SyncStore, capacity: Int, interval: Duration = .seconds(1), logger: Logger) {
        self.syncs = syncs
        self.capacity = capacity
        self.interval = interval
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                await lookAround()
            }
        }
        stop()
    }

    /// The import as soon as it is as wanted, or as it is when the deadline is near.
    func watched(
        _ merchant: MerchantID,
        _ sync: UUID,
        _ context: CallContext,
        until isWanted: (ImportRecord) -> Bool
    ) async throws -> ImportRecord {
        guard let first = try await syncs.find(merchant, sync) else { throw SyncError.unknownSync }
        if isWanted(first) { return first }
        let ticket = try begin(merchant, sync)
        // Time enough is left to read the import and to answer.
        let patience = max(.zero, context.deadline.remaining - .milliseconds(500))
        let alarm = Task { [self] in
            try await Task.sleep(for: patience)
            end(ticket)
        }
        defer {
            alarm.cancel()
            end(ticket)
        }
        // Read again after the wait has begun: what changed in between is not announced.
        while true {
            guard let now = try await syncs.find(merchant, sync) else { throw SyncError.unknownSync }
            if isWanted(now) { return now }
            guard await hasChanged(ticket) else { break }
        }
        try Task.checkCancellation()
        return try await syncs.find(merchant, sync) ?? first
    }

    /// Says that an import was changed by this process.
    func noticed(_ sync: UUID) {
        state.withLock { state in
            for waiter in (state.waiters[sync] ?? [:]).values { waiter.stream.yield() }
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

    private func begin(_ merchant: MerchantID, _ sync: UUID) throws(SyncError) -> Ticket {
        let (changes, stream) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            guard state.count < capacity else { return nil }
            state.count += 1
            state.nextID += 1
            state.waiters[sync, default: [:]][state.nextID] = Waiter(merchant: merchant, stream: stream)
            if state.isStopped { stream.finish() }
            return state.nextID
        }
        guard let id else { throw .tooManyWaiters }
        return Ticket(sync: sync, id: id, changes: changes)
    }

    private func end(_ ticket: Ticket) {
        state.withLock { state in
            guard let waiter = state.waiters[ticket.sync]?.removeValue(forKey: ticket.id) else { return }
            waiter.stream.finish()
            state.count -= 1
            if state.waiters[ticket.sync]?.isEmpty ?? true {
                state.waiters[ticket.sync] = nil
                state.known[ticket.sync] = nil
            }
        }
    }

    private func lookAround() async {
        let watched = state.withLock { state in
            state.waiters.compactMap { sync, waiters in
                waiters.values.first.map { (merchant: $0.merchant, sync: sync) }
            }
        }
        guard !watched.isEmpty else { return }
        do {
            let revisions = try await syncs.revisions(watched)
            state.withLock { state in
                for (sync, revision) in revisions where state.known[sync] != revision {
                    guard let waiters = state.waiters[sync] else { continue }
                    state.known[sync] = revision
                    for waiter in waiters.values { waiter.stream.yield() }
                }
            }
        } catch {
            logger.warning("Watched imports not looked at", metadata: ["error": "\(error)"])
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
