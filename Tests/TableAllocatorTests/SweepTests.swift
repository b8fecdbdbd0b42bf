import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// What a sweep clears away, and above all what it leaves.
@Suite(.timeLimit(.minutes(5))) struct SweepTests {
    @Test("Expired held leases end, and those who wait for their tables are named; pinned and live ones stay (K37)")
    func expiredLeases() async throws {
        try await AllocatorBed.with { bed async throws in
            let expired = [try await bed.named(1), try await bed.named(1, for: .next(at: .namesake))]
            let pinned = try await bed.named(2)
            try await bed.pin(pinned)
            let placing = try await bed.virtual(.naming(900))
            let (guest, kiosk) = (LeaseOwner.next(), LeaseOwner.next())
            try await bed.advanceClock(seconds: 250)
            #expect(await reason { _ = try await bed.named(1, for: guest) } == "table_busy")
            #expect(await reason { _ = try await bed.virtual(.naming(901), for: kiosk) } == "table_busy")
            try await bed.advanceClock(seconds: 51)
            let live = try await bed.named(3)

            let swept = try await bed.sweeps.sweep(of: .all, most: 500)
            #expect(swept.expiredLeases == 3)
            #expect(Set(swept.wake.map(\.orderId)) == [guest.order, kiosk.order])
            #expect(swept.wake.allSatisfy { $0.merchantId == Place.first.merchant })
            #expect(!swept.more)
            #expect(try await Self.rows(bed, "leases") == 2)
            #expect(Set(try await bed.leases().map(\.token)) == [pinned.token, live.token])
            // Who had expired has nothing, and a sweep after it finds nothing to do.
            for lease in expired + [placing] { #expect(try await bed.pin(lease) == .lost) }
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep())
            #expect(try await bed.named(1, for: guest).token > expired[0].token)
        }
    }

    @Test("A sweep is bounded, and says that there is more, until there is not")
    func bounded() async throws {
        try await AllocatorBed.with { bed async throws in
            for table in 1...5 { _ = try await bed.named(table) }
            try await bed.advanceClock(seconds: 301)
            var counts: [Int] = []
            for _ in 0..<5 {
                let swept = try await bed.sweeps.sweep(of: .all, most: 2)
                counts.append(swept.expiredLeases)
                guard swept.more else { break }
            }
            #expect(counts == [2, 2, 1])
        }
    }

    @Test("A sweep for one merchant leaves the other's rows alone; a call says what it may sweep by its token (I8)")
    func merchants() async throws {
        try await AllocatorBed.with { bed async throws in
            for place in [Place.first, .namesake] { _ = try await bed.named(1, for: .next(at: place)) }
            try await bed.advanceClock(seconds: 301)
            try await CodeServer.with(bed) { server async throws in
                let method = TableAllocatorV1.sweepLeases
                #expect(try await server.call(method, SweepLeasesRequest(), as: .second).expiredLeases == 1)
                #expect(try await Self.rows(bed, "leases WHERE merchant_id = 'm1'") == 1)
                #expect(try await server.call(method, SweepLeasesRequest(limit: 5_000), as: .all).expiredLeases == 1)
                for limit in [0, 5_001] {
                    let refused = await server.refusal(method, SweepLeasesRequest(limit: limit), as: .all)
                    #expect(refused?.fields.map(\.field) == ["limit"])
                }
            }
        }
    }

    @Test("Waiters that ask no more are forgotten, and busy notes whose time is over; those that count stay")
    func forgotten() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1, 2])
            let holder = try await bed.physical(.withBills(on: [1])).lease
            #expect(holder.tableNumber == 2)
            let (gone, waits) = (LeaseOwner.next(), LeaseOwner.next())
            #expect(await reason { _ = try await bed.named(2, for: gone) } == "table_busy")
            try await bed.advanceClock(seconds: 20)
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep())
            try await bed.advanceClock(seconds: 25)
            #expect(await reason { _ = try await bed.named(2, for: waits) } == "table_busy")
            try await bed.advanceClock(seconds: 30)

            let swept = try await bed.sweeps.sweep(of: .all, most: 500)
            #expect(swept == Sweep(forgottenWaiters: 1, busyTables: 1))
            #expect(try await bed.waiters().map(\.orderId) == [waits.order])
            #expect(try await bed.leases().map(\.token) == [holder.token])
        }
    }

    @Test("A table that settles stays kept until its bill was read; a sweep only counts it (I5)")
    func unsettled() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            try await bed.pin(lease)
            try await bed.release(lease, settlingFor: .seconds(60))
            #expect(try await bed.sweeps.sweep(of: .all, most: 500).tablesToLookAt == 0)
            try await bed.advanceClock(seconds: 61)
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep(tablesToLookAt: 1))
            #expect(try await Self.rows(bed, "unsettled_tables") == 1)
        }
    }

    @Test("History goes after its time, and use after 13 months (K9)")
    func retention() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.setClock("2026-02-10 12:00+00")
            try await bed.put(tables: [1])
            try await Self.use(bed, 1)
            let code = try #require(
                try await bed.codes.table(1, of: Place.first.merchant, at: Place.first.location)
            ).code
            _ = try await bed.codes.renew(
                code,
                ofTable: 1,
                of: Place.first.merchant,
                at: Place.first.location,
                actor: "anna"
            )
            let taken = try await bed.named(2)
            _ = try await bed.store.forceRelease(
                taken.owner,
                token: nil,
                actor: "anna",
                reason: "Test.",
                settlingFor: .zero
            )

            try await bed.setClock("2026-05-11 11:00+00")
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep())
            try await bed.setClock("2026-05-11 13:00+00")
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep(history: 2))
            #expect(try await bed.store.forcedReleases(of: Place.first.merchant, at: Place.first.location) == [])

            try await bed.setClock("2027-02-20 12:00+00")
            try await Self.use(bed, 1)
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep())
            try await bed.setClock("2027-03-02 12:00+00")
            #expect(try await bed.sweeps.sweep(of: .all, most: 500) == Sweep(usage: 1))
            #expect(try await bed.usage() == ["1/2027-02-01": 1])
        }
    }

    @Test("Sweeps that run beside claims, pins and releases take nothing that is alive (I3)")
    func besideOrders() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: 1...8)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask { () async throws in
                        for _ in 0..<15 {
                            let lease: Lease
                            do {
                                lease = try await bed.physical().lease
                            } catch is AllocationError {
                                continue
                            }
                            let pinned = try await bed.pin(lease)
                            guard case .pinned = pinned else {
                                Issue.record("A live lease was swept: \(pinned)")
                                continue
                            }
                            #expect(try await bed.release(lease).changed)
                        }
                    }
                }
                group.addTask { () async throws in
                    for _ in 0..<40 { #expect(try await bed.sweeps.sweep(of: .all, most: 3).expiredLeases == 0) }
                }
                try await group.waitForAll()
            }
        }
    }

    // MARK: -

    private static func use(_ bed: AllocatorBed, _ table: Int) async throws {
        let lease = try await bed.named(table)
        try await bed.pin(lease)
        try await bed.release(lease)
    }

    private static func rows(_ bed: AllocatorBed, _ from: Query) async throws -> Int {
        try await bed.postgres.queryOne("SELECT count(*) AS found FROM \(from)")?["found"] ?? -1
    }
}
