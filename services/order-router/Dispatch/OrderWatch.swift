import Foundation
import Logging
import RPC
import ServiceLifecycle
import Synchronization

/// Lets calls wait until an order changes.
///
/// A step made in this process wakes them at once. Steps of other processes are found by one query a second for all that
/// wait together, however many they are; how many may wait is bounded.
final class OrderWatch: Service {
    /// One call that waits.
    struct Ticket: Sendable {
        let order: UUID
        fileprivate let id: Int
        /// An element for each time the order may have changed.
        ///
        /// Ends when nothing more is to be waited for.
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
    private let orders: OrderStore
    private let capacity: Int
    private let interval: Duration
    private let logger: Logger

    init(orders: OrderStore, capacity: Int, interval: Duration = .seconds(1), logger: Logger) {
        self.orders = orders
        self.capacity = capacity
        self.interval = interval
        self.logger = logger
    }

    /// How many calls wait now.
    var count: Int { state.withLock { $0.count } }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                await lookAround()
            }
        }
        stop()
    }

    /// Begins to wait; whoever does must end it with ``end(_:)``.
    func begin(_ merchant: MerchantID, _ order: UUID) throws(RoutingError) -> Ticket {
        let (changes, stream) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            guard state.count < capacity else { return nil }
            state.count += 1
            state.nextID += 1
            state.waiters[order, default: [:]][state.nextID] = Waiter(merchant: merchant, stream: stream)
            if state.isStopped { stream.finish() }
            return state.nextID
        }
        guard let id else { throw .tooManyWaiters }
        return Ticket(order: order, id: id, changes: changes)
    }

    /// Ends a wait: its stream finishes.
    func end(_ ticket: Ticket) {
        state.withLock { state in
            guard let waiter = state.waiters[ticket.order]?.removeValue(forKey: ticket.id) else { return }
            waiter.stream.finish()
            state.count -= 1
            if state.waiters[ticket.order]?.isEmpty ?? true {
                state.waiters[ticket.order] = nil
                state.known[ticket.order] = nil
            }
        }
    }

    /// Says that an order was changed by this process.
    func noticed(_ order: UUID) {
        state.withLock { state in
            for waiter in (state.waiters[order] ?? [:]).values { waiter.stream.yield() }
        }
    }

    private func lookAround() async {
        let watched = state.withLock { state in
            state.waiters.compactMap { order, waiters in
                waiters.values.first.map { (merchant: $0.merchant, order: order) }
            }
        }
        guard !watched.isEmpty else { return }
        do {
            let revisions = try await orders.revisions(watched)
            state.withLock { state in
                for (order, revision) in revisions where state.known[order] != revision {
                    guard let waiters = state.waiters[order] else { continue }
                    state.known[order] = revision
                    for waiter in waiters.values { waiter.stream.yield() }
                }
            }
        } catch {
            logger.warning("Watched orders not looked at", metadata: ["error": "\(error)"])
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
