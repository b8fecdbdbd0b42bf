import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

@Suite(.timeLimit(.minutes(5))) struct VirtualAllocationTests {
    /// Rule K37.
    @Test func theRegisterNamesTheNumber() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.virtual(.naming(900))
            #expect(lease.tableNumber == 900)
            #expect(lease.mode == .virtual)
            // What is stored until the pin is the location's place, without a number.
            #expect(try await bed.leases().map(\.token) == [lease.token])
            #expect(try await bed.leases().map(\.tableNumber) == [nil])
            try await bed.pin(lease)
            #expect(try await bed.leases().map(\.tableNumber) == [900])
        }
    }

    /// Rule K37: the order waits with these words.
    @Test func noNumberLeavesNothingBehind() async throws {
        try await AllocatorBed.with { bed async throws in
            let error = await allocationError { _ = try await bed.virtual(.naming(nil)) }
            #expect(error?.rpcError.reason == "no_free_table")
            #expect(error?.rpcError.message == "No free table numbers available")
            #expect(try await bed.leases() == [])
        }
    }

    @Test func anUnreachableRegisterIsPassedOnAndLeavesNothingBehind() async throws {
        try await AllocatorBed.with { bed async throws in
            let error = await allocationError { _ = try await bed.virtual(.unreachable) }
            #expect(error?.rpcError.code == .failedPrecondition)
            #expect(error?.rpcError.reason == "register_unreachable")
            #expect(error?.rpcError.message == "The register is off.")
            #expect(try await bed.leases() == [])
        }
    }

    @Test func oneNumberNamedToAllHasOneHolderAndThenTheNext() async throws {
        try await AllocatorBed.with { bed in
            let register = FakeRegister.naming(900)
            var waiting = (0..<16).map { _ in LeaseOwner.next() }
            while !waiting.isEmpty {
                let orders = waiting
                let holders = try await withThrowingTaskGroup(of: Lease?.self) { group in
                    for order in orders {
                        group.addTask {
                            do {
                                return try await bed.virtual(register, for: order)
                            } catch AllocationError.placementUnderWay, AllocationError.queued {
                                return nil
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
                }
                #expect(holders.count == 1)
                let holder = try #require(holders.first)
                #expect(try await bed.release(holder).changed)
                waiting.removeAll { $0 == holder.owner }
            }
        }
    }

    @Test func aConcludedPlacementLetsTheNextOrderAsk() async throws {
        try await AllocatorBed.with { bed in
            let first = try await bed.virtual(.naming(900))
            let second = LeaseOwner.next()
            #expect(await reason { _ = try await bed.virtual(.naming(901), for: second) } == "table_busy")
            try await bed.pin(first)
            let end = try await bed.store.concludePlacement(first.owner, token: first.token)
            #expect(end.changed)
            #expect(end.wake == [second.order])
            #expect(try await !bed.store.concludePlacement(first.owner, token: first.token).changed)
            let next = try await bed.virtual(.naming(901), for: second)
            try await bed.pin(next)
            #expect(try await bed.leases().map(\.tableNumber) == [900, 901])
        }
    }

    /// Two that were told the same number: the unique index, or the look before it, lets one of them pin.
    @Test func aNumberThatIsTakenMeanwhileCannotBePinned() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.virtual(.naming(900))
            let guest = try await bed.named(900)
            #expect(try await bed.pin(lease) == .taken(by: guest))
            #expect(try await bed.usage() == [:])
            // The order starts over: it keeps the place, and asks again.
            let again = try await bed.virtual(.naming(901), for: lease.owner)
            #expect(again.token == lease.token)
            #expect(again.tableNumber == 901)
            try await bed.pin(again)
            #expect(
                try await bed.store.pin(lease.owner, token: lease.token, table: 900, timeZone: AllocatorBed.zone)
                    == .lost
            )
            #expect(try await bed.leases().map(\.tableNumber).contains(901))
        }
    }

    @Test func ofManyPinsOnOneNumberOneHolds() async throws {
        try await AllocatorBed.with { bed in
            // Orders that were concluded, and so could ask, although the register names one number: staff moved a bill.
            var leases: [Lease] = []
            for _ in 0..<8 {
                let lease = try await bed.virtual(.naming(900))
                leases.append(lease)
                try await bed.postgres.execute("UPDATE leases SET is_concluded = true")
            }
            let asked = leases
            let pins = try await withThrowingTaskGroup(of: Pinning.self) { group in
                for lease in asked { group.addTask { try await bed.pin(lease) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(pins.count { if case .pinned = $0 { true } else { false } } == 1)
            #expect(pins.count { if case .taken = $0 { true } else { false } } == 7)
        }
    }

    @Test func aVirtualLeaseIsPinnedUnderANumberOnly() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.virtual(.naming(900))
            #expect(
                try await bed.store.pin(lease.owner, token: lease.token, timeZone: AllocatorBed.zone) == .unnumbered
            )
        }
    }

    @Test func anExpiredHoldersNumberCanBePinned() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.named(900)
            try await bed.advanceClock(seconds: 301)
            let lease = try await bed.virtual(.naming(900))
            guard case .pinned = try await bed.pin(lease) else {
                Issue.record("Expected a pinned lease")
                return
            }
        }
    }

    @Test func aNumberWeHoldIsAskedAgainThreeTimesAndThenInDoubt() async throws {
        try await AllocatorBed.with { bed in
            let holder = try await bed.named(900)
            let register = FakeRegister.naming(900)
            let error = await allocationError { _ = try await bed.virtual(register) }
            #expect(error?.rpcError.reason == "table_in_doubt")
            #expect(error?.rpcError.message.contains(holder.owner.order.uuidString.lowercased()) == true)
            #expect(register.asked == 4)
            #expect(try await bed.leases() == [holder])
            #expect(try await bed.waiters().map(\.waitsFor) == [.init(.register)])
        }
    }

    @Test func aNumberThatChangesWhileAskingIsTaken() async throws {
        try await AllocatorBed.with { bed in
            _ = try await bed.named(900)
            let register = FakeRegister(free: { (times: Int) async throws(AllocationError) -> Int? in
                times < 3 ? 900 : 901
            })
            #expect(try await bed.virtual(register).tableNumber == 901)
        }
    }

    @Test func anOrderWhoseProcessDiedWhileAskingGoesOnAtOnce() async throws {
        try await AllocatorBed.with { bed in
            let order = LeaseOwner.next()
            guard case .leased(let asking, _) = try await claim(bed, order) else {
                Issue.record("Expected a new lease")
                return
            }
            #expect(asking.tableNumber == nil)
            #expect(await reason { _ = try await bed.virtual(.naming(900)) } == "table_busy")
            let lease = try await bed.virtual(.naming(900), for: order)
            #expect(lease.tableNumber == 900)
            #expect(lease.token == asking.token)
        }
    }

    @Test func aPlaceLeftBehindEndsByItself() async throws {
        try await AllocatorBed.with { bed in
            _ = try await claim(bed, .next())
            try await bed.advanceClock(seconds: 301)
            #expect(try await bed.virtual(.naming(900)).tableNumber == 900)
        }
    }

    @Test func aLeaseThatEndedWhileAskingIsLost() async throws {
        try await AllocatorBed.with { bed in
            let register = FakeRegister(free: { (_: Int) async throws(AllocationError) -> Int? in
                try? await bed.advanceClock(seconds: 301)
                return 900
            })
            #expect(await reason { _ = try await bed.virtual(register) } == "lease_lost")
        }
    }

    @Test func aCancelledCallLeavesNothingBehind() async throws {
        try await AllocatorBed.with { bed async throws in
            let register = FakeRegister(free: { (_: Int) async throws(AllocationError) -> Int? in
                withUnsafeCurrentTask { $0?.cancel() }
                return 900
            })
            let call = Task { try await bed.virtual(register) }
            await #expect(throws: CancellationError.self) { try await call.value }
            #expect(try await bed.leases() == [])
        }
    }

    private func claim(_ bed: AllocatorBed, _ owner: LeaseOwner) async throws -> Claim {
        try await bed.store.claim(.virtual, table: nil, for: owner, timeZone: AllocatorBed.zone)
    }
}
