import Contracts
import Foundation
import Postgres
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

@Suite(.timeLimit(.minutes(5))) struct LeaseTests {
    private let zone = AllocatorBed.zone

    /// One commit less: the pin before a payment follows the pin before the placement.
    @Test func pinningAPinnedLeaseWritesNothing() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            let first = try await bed.pin(lease)
            let version: Query = "SELECT xmin::text AS version FROM leases"
            let before = try await bed.postgres.queryOne(version)?["version", as: String.self]
            #expect(try await bed.pin(lease) == first)
            #expect(try await bed.postgres.queryOne(version)?["version", as: String.self] == before)
        }
    }

    @Test func repeatedAllocationReturnsTheLeaseWithAFreshExpiry() async throws {
        try await AllocatorBed.with { bed in
            let first = try await bed.named(7)
            try await bed.advanceClock(seconds: 200)
            let second = try await bed.named(7, for: first.owner)
            #expect(second.token == first.token)
            #expect(second.since == first.since)
            let gained = try #require(second.expiresAt).timeIntervalSince(try #require(first.expiresAt))
            #expect(gained >= 200)
        }
    }

    @Test func concurrentRepetitionsAreOneLease() async throws {
        try await AllocatorBed.with { bed in
            let order = LeaseOwner.next()
            let tokens = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await bed.named(7, for: order).token }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(tokens.count == 1)
            #expect(try await bed.leases().count == 1)
        }
    }

    /// Rule K37: a lease lasts five minutes.
    @Test func anExpiredLeaseIsReplacedByALaterToken() async throws {
        try await AllocatorBed.with { bed in
            let first = try await bed.named(7)
            try await bed.advanceClock(seconds: 301)
            #expect(try await bed.leases() == [])
            let again = try await bed.named(7, for: first.owner)
            #expect(again.token > first.token)
            try await bed.advanceClock(seconds: 301)
            let other = try await bed.named(7)
            #expect(other.token > again.token)
        }
    }

    @Test func aPinnedLeaseNeverExpires() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            guard case .pinned(let pinned) = try await bed.pin(lease) else {
                Issue.record("Expected a pinned lease")
                return
            }
            #expect(pinned.state == .pinned)
            #expect(pinned.expiresAt == nil)
            try await bed.advanceClock(seconds: 30 * 86_400)
            #expect(await reason { _ = try await bed.named(7) } == "table_busy")
            #expect(try await bed.named(7, for: lease.owner) == pinned)
        }
    }

    @Test func anExpiredLeaseCannotBePinned() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            try await bed.advanceClock(seconds: 301)
            #expect(try await bed.pin(lease) == .lost)
            #expect(try await bed.usage() == [:])
        }
    }

    @Test func aStaleTokenTouchesNothing() async throws {
        try await AllocatorBed.with { bed in
            let stale = try await bed.named(7)
            try await bed.advanceClock(seconds: 301)
            let live = try await bed.named(7, for: stale.owner)
            #expect(try await bed.pin(stale) == .lost)
            #expect(try await !bed.release(stale).changed)
            #expect(try await !bed.store.concludePlacement(stale.owner, token: stale.token).changed)
            try await bed.store.setAside(stale)
            await bed.store.withdraw(stale, logger: AllocatorBed.logger)
            #expect(try await bed.leases() == [live])
        }
    }

    @Test func anotherOrdersTokenTouchesNothing() async throws {
        try await AllocatorBed.with { bed in
            let live = try await bed.named(7)
            let other = LeaseOwner.next()
            #expect(try await !bed.store.release(other, token: live.token).changed)
            #expect(try await bed.store.pin(other, token: live.token, timeZone: zone) == .lost)
            #expect(try await bed.leases() == [live])
        }
    }

    @Test func releasingTwiceChangesNothingMore() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.named(7)
            #expect(try await bed.release(lease).changed)
            #expect(try await !bed.release(lease).changed)
        }
    }

    @Test func useIsCountedOncePerLease() async throws {
        try await AllocatorBed.with { bed in
            try await bed.setClock("2026-03-05 12:00+00")
            let lease = try await bed.named(7)
            let pins = try await withThrowingTaskGroup(of: Pinning.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await bed.pin(lease) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(pins.allSatisfy { if case .pinned(let lease) = $0 { lease.tableNumber == 7 } else { false } })
            #expect(try await bed.usage() == ["7/2026-03-01": 1])
        }
    }

    /// Rule K37.
    @Test func useIsCountedInTheMonthOfTheLocation() async throws {
        try await AllocatorBed.with { bed in
            // In Auckland 1 March began hours ago, in Brussels it is still 28 February.
            try await bed.setClock("2026-02-28 20:00+00")
            for (table, zone) in [(1, "Pacific/Auckland"), (2, "Europe/Brussels")] {
                let lease = try await bed.named(table)
                try await bed.pin(lease, timeZone: zone)
                try await bed.release(lease)
            }
            #expect(try await bed.usage() == ["1/2026-03-01": 1, "2/2026-02-01": 1])
            // So in Brussels on 1 March both are unused in February's sense, and in Auckland table 1 is not.
            try await bed.put(tables: 1...2)
            #expect(try await bed.physical(timeZone: "Pacific/Auckland").lease.tableNumber == 2)
        }
    }
}
