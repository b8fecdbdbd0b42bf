import Contracts
import Foundation
import RPC

@testable import OrderRouter

/// The allocator's promises, in a few lines: one live order to a table, held leases that run out, pinned ones that do not.
struct ModelAllocator {
    struct Lease {
        var order: UUID
        var right: TableRight
        var isPinned = false
        var until: Int
    }

    struct Refusal: Error {
        var reason: String
    }

    private var leases: [Lease] = []
    private var settling: [Int: Int] = [:]
    private var token = 0
    /// The order that is between asking the register for a number and being placed.
    private var placing: UUID?

    mutating func allocate(
        _ wish: TableWish,
        for order: UUID,
        now: Int,
        on register: ModelRegister
    ) throws(Refusal) -> TableRight {
        expire(now)
        if let own = leases.first(where: { $0.order == order }) { return own.right }
        func isFree(_ table: Int) -> Bool {
            !leases.contains { $0.right.number == table } && settling[table, default: 0] <= now
        }
        func isEmpty(_ table: Int) -> Bool { !register.bill(onTable: table).isOpen }
        let table: Int
        switch wish.mode {
        case .named:
            guard let number = wish.number, isFree(number) else { throw Refusal(reason: "table_busy") }
            table = number
        case .virtual:
            guard placing == nil else { throw Refusal(reason: "table_in_doubt") }
            guard let number = (900...920).first(where: isEmpty), isFree(number) else {
                throw Refusal(reason: "table_in_doubt")
            }
            table = number
            placing = order
        case .physical:
            guard let number = (1...2).first(where: { isFree($0) && isEmpty($0) }) else {
                throw Refusal(reason: "no_free_table")
            }
            table = number
        }
        token += 1
        let right = TableRight(number: table, fencingToken: token, mode: wish.mode)
        leases.append(Lease(order: order, right: right, until: now + 300_000))
        return right
    }

    /// - Returns: False where the lease is lost.
    mutating func pin(_ right: TableRight, for order: UUID, now: Int) -> Bool {
        expire(now)
        guard let index = leases.firstIndex(where: { $0.order == order && $0.right.fencingToken == right.fencingToken })
        else { return false }
        leases[index].isPinned = true
        return true
    }

    mutating func release(_ right: TableRight, for order: UUID) {
        leases.removeAll { $0.order == order && $0.right.fencingToken == right.fencingToken }
        conclude(order)
    }

    /// The table is given again when nothing that was sent can take effect any more and its bill is empty.
    mutating func surrender(_ right: TableRight, for order: UUID, until settled: Int) {
        release(right, for: order)
        settling[right.number] = settled
    }

    mutating func forceRelease(_ order: UUID) {
        leases.removeAll { $0.order == order }
        conclude(order)
    }

    mutating func conclude(_ order: UUID) {
        if placing == order { placing = nil }
    }

    private mutating func expire(_ now: Int) {
        for lease in leases where !lease.isPinned && lease.until <= now { conclude(lease.order) }
        leases.removeAll { !$0.isPinned && $0.until <= now }
    }
}
