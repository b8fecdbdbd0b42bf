import Foundation
import Logging
import RPC
import ServiceKit
import ServiceLifecycle

/// Lets calls wait until an order changes.
struct OrderWatch: Service {
    private let watch: ChangeWatch
    private let orders: OrderStore

    init(orders: OrderStore, capacity: Int, interval: Duration = .seconds(1), logger: Logger) {
        self.orders = orders
        watch = ChangeWatch(capacity: capacity, interval: interval, logger: logger) { watched in
            try await orders.revisions(watched.map { (merchant: $0.merchant, order: $0.id) })
        }
    }

    /// How many calls wait now.
    var count: Int { watch.count }

    func run() async throws { try await watch.run() }

    /// Says that an order was changed by this process.
    func noticed(_ order: UUID) { watch.noticed(order) }

    /// The order as soon as it is as wanted, or as it is when the deadline is near.
    func watched(
        _ first: StoredOrder,
        _ context: CallContext,
        until isWanted: (StoredOrder) -> Bool
    ) async throws -> StoredOrder {
        guard !isWanted(first) else { return first }
        let (merchant, id) = (first.order.merchantID, first.order.id)
        do {
            return try await watch.value(of: id, merchant, by: context.deadline) {
                guard let now = try await orders.find(merchant, order: id) else { throw RoutingError.unknownOrder }
                return now
            } until: {
                isWanted($0)
            }
        } catch is ChangeWatch.TooManyWaiters {
            throw RoutingError.tooManyWaiters
        }
    }
}
