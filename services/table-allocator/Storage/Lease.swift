package import Contracts
package import Foundation
package import RPC

/// Whose lease it is: one order of one location of one merchant.
package struct LeaseOwner: Sendable, Hashable {
    package var merchant: MerchantID
    package var location: LocationID
    package var order: UUID

    package init(merchant: MerchantID, location: LocationID, order: UUID) {
        self.merchant = merchant
        self.location = location
        self.order = order
    }
}

/// The right of an order to write to one table, as the database has it.
package struct Lease: Sendable, Hashable {
    package var owner: LeaseOwner
    package var mode: TableMode
    /// Absent in mode `virtual` until the lease is pinned.
    package var tableNumber: Int?
    /// From one sequence for all leases, so a later lease of a table always shows the greater one.
    package var token: Int
    package var state: LeaseState
    package var since: Date
    /// When a held lease ends by itself, by the database's clock; `nil` for a pinned one.
    package var expiresAt: Date?

    package init(
        owner: LeaseOwner,
        mode: TableMode,
        tableNumber: Int?,
        token: Int,
        state: LeaseState,
        since: Date,
        expiresAt: Date?
    ) {
        self.owner = owner
        self.mode = mode
        self.tableNumber = tableNumber
        self.token = token
        self.state = state
        self.since = since
        self.expiresAt = expiresAt
    }
}

/// What came of asking the store for a lease.
package enum Claim: Sendable, Hashable {
    /// The order has a lease: a new one, or the one it had, with a fresh expiry where it is held.
    ///
    /// `mustLook`: a write to the table had no answer, its delay is over, and its bill has not been read since.
    case leased(Lease, mustLook: Bool)
    /// Another order has the table that was asked for.
    case tableHeld(by: Lease)
    /// Another order of the location is between asking the register and being placed.
    case placing(Lease)
    /// It is free, and another order has waited for it longer.
    case queued(behind: UUID, since: Date)
    /// A write of that order may still take effect on the table.
    case unsettled(order: UUID, until: Date)
    /// The order has a lease at another location, which no order may.
    case elsewhere(Lease)
    /// All tables of the location's sections are leased, busy, or kept for those who waited longer.
    case noneFree
    /// The location has no sections, or none with tables.
    case noTables
}

/// What stands against a number that the register named for a virtual lease.
package enum NumberCheck: Sendable, Hashable {
    /// Nobody of ours has it.
    ///
    /// `mustLook` as in ``Claim/leased(_:mustLook:)``.
    case free(mustLook: Bool)
    case tableHeld(by: Lease)
    case unsettled(order: UUID, until: Date)
    /// The lease itself has expired or was released meanwhile.
    case lost
}

/// What came of making a lease permanent.
package enum Pinning: Sendable, Hashable {
    case pinned(Lease)
    /// The token is not the live one, the lease has expired, or it has another number.
    case lost
    /// Another order has the number by now, or it is not settled.
    case taken(by: Lease?)
    /// A virtual lease, and the caller did not say which number it was given.
    case unnumbered
}

/// What a lease's end, or the end of its placement, changed.
package struct LeaseEnd: Sendable, Hashable {
    /// False where there was no such lease any more.
    package var changed: Bool
    /// The waiting orders that may get a table now.
    package var wake: [UUID]
    /// What ended; only `ForceRelease` tells.
    package var lease: Lease?
}

/// The times that allocation goes by.
package struct AllocationPolicy: Sendable {
    /// How long a lease is held before it is pinned (rule K37).
    package var leaseTime: Duration
    /// How long a table with somebody else's bill is left alone.
    package var busyTime: Duration
    /// How long after a write without answer a table is kept from others, where the caller does not say.
    ///
    /// A write that is under way may leave for `SEND_WINDOW` (35 s) more, and take effect for the settle delay (90 s,
    /// kassanet-wire.md) after that.
    package var settleTime: Duration
    /// How long a waiting order keeps its place in the line without asking again.
    package var waiterTime: Duration
    /// How long a free table is kept for the order whose turn it is.
    package var turnTime: Duration
    /// The pauses before asking the register again when it named a number we hold.
    package var askAgainAfter: [Duration]

    package init(
        leaseTime: Duration = .seconds(300),
        busyTime: Duration = .seconds(30),
        settleTime: Duration = .seconds(125),
        waiterTime: Duration = .seconds(60),
        turnTime: Duration = .seconds(2),
        askAgainAfter: [Duration] = [.milliseconds(100), .milliseconds(300), .milliseconds(900)]
    ) {
        self.leaseTime = leaseTime
        self.busyTime = busyTime
        self.settleTime = settleTime
        self.waiterTime = waiterTime
        self.turnTime = turnTime
        self.askAgainAfter = askAgainAfter
    }
}
