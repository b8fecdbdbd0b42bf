import Contracts
import Foundation
import RPC

/// Whose lease it is: one order of one location of one merchant.
struct LeaseOwner: Sendable, Hashable {
    var merchant: MerchantID
    var location: LocationID
    var order: UUID
}

/// The right of an order to write to one table, as the database has it.
struct Lease: Sendable, Hashable {
    var owner: LeaseOwner
    var mode: TableMode
    /// Absent while the register is being asked for a number (mode `virtual`).
    var tableNumber: Int?
    /// From one sequence for all leases, so a later lease of a table always shows the greater one.
    var token: Int
    var state: LeaseState
    var since: Date
    /// When a held lease ends by itself, by the database's clock; `nil` for a pinned one.
    var expiresAt: Date?
}

/// What came of asking the store for a lease.
enum Claim: Sendable, Hashable {
    /// The order had a live lease; a held one has a fresh expiry.
    case existing(Lease)
    case granted(Lease)
    /// Another order has the table that was asked for.
    case tableHeld(by: Lease)
    /// Another order of the location is between asking the register and being placed.
    case placing(Lease)
    /// The order has a lease at another location, which no order may.
    case elsewhere(Lease)
    /// All tables of the location's sections are leased or busy.
    case noneFree
    /// The location has no sections, or none with tables.
    case noTables
}

/// What came of giving a virtual lease the number the register named.
enum Naming: Sendable, Hashable {
    case named(Lease)
    /// Another live lease of ours has that number.
    case tableHeld(by: Lease)
    /// The lease itself has expired or was released meanwhile.
    case lost
}

/// The times that allocation goes by.
struct AllocationPolicy: Sendable {
    /// How long a lease is held before it is pinned (rule K37).
    var leaseTime: Duration = .seconds(300)
    /// How long a table with somebody else's bill is left alone.
    var busyTime: Duration = .seconds(30)
    /// The pauses before asking the register again when it named a number we hold.
    var askAgainAfter: [Duration] = [.milliseconds(100), .milliseconds(300), .milliseconds(900)]
}
