import Contracts
import Foundation
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

@Suite(.timeLimit(.minutes(5))) struct NamedAllocationTests {
    /// Rule K37: that table, for five minutes.
    @Test func theGuestsTableIsLeasedAndNoOther() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            #expect(lease.tableNumber == 7)
            #expect(lease.state == .held)
            let expiresAt = try #require(lease.expiresAt)
            #expect(abs(expiresAt.timeIntervalSince(lease.since) - 300) < 0.001)
        }
    }

    @Test func anotherOrderWaitsAndLearnsWhoHoldsTheTable() async throws {
        try await AllocatorBed.with { bed in
            let holder = try await bed.named(7)
            let waiting = LeaseOwner.next()
            let error = await allocationError { _ = try await bed.named(7, for: waiting) }
            let answer = try #require(error?.rpcError)
            #expect(answer.code == .failedPrecondition)
            #expect(answer.reason == "table_busy")
            #expect(answer.nextAction == .wait)
            #expect(answer.message.contains(holder.owner.order.uuidString.lowercased()))
            let end = try await bed.release(holder)
            #expect(end.changed)
            #expect(end.wake == [waiting.order])
            #expect(try await bed.named(7, for: waiting).tableNumber == 7)
        }
    }

    @Test func merchantsWithALocationOfOneNameNeverMeet() async throws {
        try await AllocatorBed.with { bed in
            let mine = try await bed.named(7)
            let theirs = try await bed.named(7, for: .next(at: .namesake))
            #expect(theirs.tableNumber == 7)
            let stranger = LeaseOwner(
                merchant: Place.namesake.merchant,
                location: mine.owner.location,
                order: mine.owner.order
            )
            #expect(try await !bed.store.release(stranger, token: mine.token).changed)
            #expect(try await bed.store.pin(stranger, token: mine.token, timeZone: AllocatorBed.zone) == .lost)
            #expect(try await bed.leases() == [mine])
            #expect(try await bed.leases(at: .namesake) == [theirs])
        }
    }

    @Test func anOrderBelongsToOneLocation() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            var elsewhere = lease.owner
            elsewhere.location = .init(unchecked: "second")
            let refusal = await reason { _ = try await bed.named(7, for: elsewhere) }
            #expect(refusal == "order_elsewhere")
        }
    }
}
