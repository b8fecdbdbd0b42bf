import Contracts
import RPC
import Synchronization

/// The transactions that this process stored or found stored lately: a hint which orders are repeated ones.
///
/// The database knows, and is asked; the hint only says in which way first. A bounded number is kept, the newest.
final class RecentTransactions: Sendable {
    private struct Key: Hashable {
        var merchant: MerchantID
        var transaction: TransactionID

        init(_ order: SubmitOrderRequest) {
            (merchant, transaction) = (order.merchantId, order.transactionId)
        }
    }

    private struct State {
        var known: Set<Key> = []
        /// In the order in which they came, once all places are taken from `oldest` on.
        var places: [Key] = []
        var oldest = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 4096) {
        self.capacity = max(1, capacity)
    }

    func contains(_ order: SubmitOrderRequest) -> Bool {
        let key = Key(order)
        return state.withLock { $0.known.contains(key) }
    }

    /// Keeps it, in the place of the oldest where there is no other.
    func note(_ order: SubmitOrderRequest) {
        let key = Key(order)
        state.withLock { state in
            guard state.known.insert(key).inserted else { return }
            guard state.places.count == capacity else { return state.places.append(key) }
            state.known.remove(state.places[state.oldest])
            state.places[state.oldest] = key
            state.oldest = (state.oldest + 1) % capacity
        }
    }
}
