/// One effect at the register: something that happened, whoever heard of it.
package struct LedgerEntry: Codable, Sendable, Equatable {
    package var seq: Int
    /// When, as RFC 3339 in UTC.
    package var at: String
    package var effect: Effect
    package var table: Int
    package var tableText: String
    /// The lines this effect concerns: of the order, of the waiter, or of the whole bill that was paid or moved.
    package var items: [RegisterLine]
    package var amountCents: Int
    package var tipCents: Int
    /// The request that caused it; nil for what a waiter did.
    package var requestId: String?
    /// Whether it landed after the request had been given up.
    package var late: Bool
    /// Where a bill was moved to.
    package var toTable: Int?

    package enum Effect: String, Codable, Sendable, CaseIterable {
        case orderCreated = "order_created"
        case billPaid = "bill_paid"
        case depositPosted = "deposit_posted"
        case waiterAdded = "waiter_added"
        case waiterPaid = "waiter_paid"
        case waiterMoved = "waiter_moved"
    }
}

/// What an effect was, before it has a place in the ledger.
struct Happening: Sendable, Equatable {
    var effect: LedgerEntry.Effect
    var bill: RegisterBill
    var items: [RegisterLine]
    var amountCents: Int
    var tipCents = 0
    var toTable: Int?
}
