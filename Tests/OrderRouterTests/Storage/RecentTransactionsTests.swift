import Contracts
import RPC
import Testing

@testable import OrderRouter

struct RecentTransactionsTests {
    @Test("The newest are kept, each once, and a merchant's own")
    func keepsTheNewest() {
        let recent = RecentTransactions(capacity: 3)
        let orders = (0..<5).map { Sample.content(transaction: "t-\($0)") }
        for order in orders[0..<3] + orders[0..<3] { recent.note(order) }
        #expect(orders.map(recent.contains) == [true, true, true, false, false])
        recent.note(orders[3])
        recent.note(orders[4])
        #expect(orders.map(recent.contains) == [false, false, true, true, true])
        #expect(!recent.contains(Sample.content(merchant: MerchantID(unchecked: "m2"), transaction: "t-4")))
    }
}
