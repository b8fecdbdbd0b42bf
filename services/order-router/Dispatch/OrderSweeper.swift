import Contracts
import Logging
import Metrics
import RPC
import ServiceLifecycle

/// Looks after orders that no worker has in hand: those whose time is over, that a pause held back, that left the queue.
///
/// Every replica does it; each change is a guarded statement, so it happens once.
struct OrderSweeper: Service {
    let orders: OrderStore
    let board: LaneBoard
    let alerts: AlertDesk
    let interval: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await sweep()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("Resting orders not looked at", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    func sweep() async throws {
        for key in try await orders.expire() {
            Counter(label: "order_transitions_total", dimensions: [("state", "expired")]).increment()
            board.wake(key)
        }
        for key in try await orders.resumeHeld() { board.wake(key) }
        for (order, route) in try await orders.leaveQueue() {
            let alert = Alert(
                reason: "register_fails_on_this_order",
                message:
                    "Order #\(order.content.orderNumber) left the queue: three times the register went away on it, and it serves others. Look at the order, then retry or cancel it."
            )
            await alerts.raise(alert, about: order, on: route, logger: logger)
        }
    }
}
