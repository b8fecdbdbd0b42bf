import Contracts
import Foundation
import Postgres
import RPC
import ServiceKit
import Synchronization

/// An order on its way into the database.
struct NewOrder: Sendable {
    let id: UUID
    let content: SubmitOrderRequest
    let state: OrderState
    let progress: Progress
    /// When it is first tried; `nil` is at once.
    let dueAt: Date?

    init(id: UUID, content: SubmitOrderRequest, timing: OrderTiming) {
        self.id = id
        self.content = content
        (state, progress, dueAt) = timing.first(content, now: Date())
    }
}

/// Inserts orders: one alone while little happens, all that came meanwhile together while commits are under way.
///
/// So a single order waits for nobody, and under load many share one statement and one commit. How many wait is bounded
/// by the calls that the server lets in.
final class IntakeBatches: Sendable {
    private struct Waiting {
        var order: NewOrder
        var stored: CheckedContinuation<Date?, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var commits = 0
    }

    private static let mostOrders = 64
    /// Measured (docs/performance.md): fewer let single orders wait, more take the processor from each other and fill no
    /// batches.
    private static let mostCommits = 3

    private let state = Mutex(State())
    private let pool: PostgresPool
    private let timing: OrderTiming

    init(pool: PostgresPool, timing: OrderTiming) {
        self.pool = pool
        self.timing = timing
    }

    /// When the order was accepted; `nil` where its transaction is stored already, or its location is not known.
    func insert(_ order: NewOrder) async throws -> Date? {
        let isFirst = state.withLock { state in
            guard state.commits < Self.mostCommits else { return false }
            state.commits += 1
            return true
        }
        guard isFirst else { return try await wait(order) }
        defer { goOn() }
        return try await store([order])[order.id]
    }

    /// Waits for the order's batch; whoever gives up before it is on its way takes the order back.
    private func wait(_ order: NewOrder) async throws -> Date? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { stored in
                let runs = state.withLock { state in
                    state.waiting.append(Waiting(order: order, stored: stored))
                    guard state.commits < Self.mostCommits else { return false }
                    state.commits += 1
                    return true
                }
                if runs { goOn() }
                // A task cancelled before it stood in the line was not found there by its cancellation handler.
                if Task.isCancelled { giveUp(order.id) }
            }
        } onCancel: {
            giveUp(order.id)
        }
    }

    private func giveUp(_ order: UUID) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.order.id == order }.map { state.waiting.remove(at: $0) }
        }
        waiting?.stored.resume(throwing: CancellationError())
    }

    /// Passes the right to commit on to those who wait, or gives it back.
    private func goOn() {
        let batch = state.withLock { state in
            let batch = Array(state.waiting.prefix(Self.mostOrders))
            state.waiting.removeFirst(batch.count)
            if batch.isEmpty { state.commits -= 1 }
            return batch
        }
        guard !batch.isEmpty else { return }
        Task {
            await settle(batch)
            goOn()
        }
    }

    private func settle(_ batch: [Waiting]) async {
        do {
            let accepted = try await store(batch.map(\.order))
            for waiting in batch { waiting.stored.resume(returning: accepted[waiting.order.id]) }
        } catch let error as PostgresError where error.concernsAll || batch.count == 1 {
            for waiting in batch { waiting.stored.resume(throwing: error) }
        } catch {
            // One of them cannot be stored; the others must not suffer for it.
            for waiting in batch {
                let result: Result<Date?, any Error>
                do { result = .success(try await store([waiting.order])[waiting.order.id]) } catch {
                    result = .failure(error)
                }
                waiting.stored.resume(with: result)
            }
        }
    }

    /// Stores orders in one statement, and says when each was accepted that is new.
    private func store(_ orders: [NewOrder]) async throws -> [UUID: Date] {
        let rows = try await pool.query(
            """
            INSERT INTO orders (
                order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, run_at, accepted_at,
                updated_at, expires_at
            )
            SELECT o.order_id, o.merchant_id, o.location_id, o.transaction_id, o.content, o.state, o.progress,
                \(Order.priority(of: .accepted)), COALESCE(o.due_at, now()), now(), now(),
                GREATEST(now(), o.pickup_at) + \(timing.expireAfter.interval)::interval
            FROM (\(orders.count == 1 ? Self.row(orders[0]) : Self.rows(orders))) o
            JOIN routes r ON r.merchant_id = o.merchant_id AND r.location_id = o.location_id AND NOT r.is_deleted
            -- Batches that have transactions in common wait for each other, and would for ever without one order.
            ORDER BY o.merchant_id, o.transaction_id
            ON CONFLICT ON CONSTRAINT orders_transaction_once DO NOTHING
            RETURNING order_id, accepted_at
            """
        )
        return try rows.reduce(into: [:]) {
            $0[try $1["order_id", as: UUID.self]] = try $1["accepted_at", as: Date.self]
        }
    }

    private static func row(_ order: NewOrder) -> Query {
        """
        SELECT \(order.id)::uuid AS order_id, \(order.content.merchantId.rawValue)::text AS merchant_id,
            \(order.content.locationId.rawValue)::text AS location_id,
            \(order.content.transactionId.rawValue)::text AS transaction_id, \(JSON(order.content)) AS content,
            \(order.state.rawValue)::text AS state, \(JSON(order.progress)) AS progress, \(order.dueAt) AS due_at,
            \(order.content.pickupAt) AS pickup_at
        """
    }

    private static func rows(_ orders: [NewOrder]) -> Query {
        """
        SELECT order_id, merchant_id, location_id, transaction_id, content, state, progress, due_at, pickup_at
        FROM unnest(
            \(orders.map(\.id)), \(orders.map(\.content.merchantId.rawValue)),
            \(orders.map(\.content.locationId.rawValue)), \(orders.map(\.content.transactionId.rawValue)),
            \(orders.map { JSON($0.content) }), \(orders.map(\.state.rawValue)),
            \(orders.map { JSON($0.progress) }), \(orders.map(\.dueAt)), \(orders.map(\.content.pickupAt))
        ) AS o (
            order_id, merchant_id, location_id, transaction_id, content, state, progress, due_at, pickup_at
        )
        """
    }
}

extension PostgresError {
    /// Whether it says nothing of any one of the orders: each by itself would only wait as long again.
    fileprivate var concernsAll: Bool {
        isRetryable || isOutcomeUnknown || kind == .closed || sqlState == .queryCanceled
    }
}
