import Contracts
import Foundation
import RPC
import Testing

@testable import TableAllocator

@Suite(.timeLimit(.minutes(2))) struct VirtualAllocationTests {
    @Test func theRegisterNamesTheNumber() async throws {
        try await AllocatorBed.with { bed in
            let lease = try await bed.virtual(.naming(900))
            #expect(lease.tableNumber == 900)
            #expect(lease.mode == .virtual)
            #expect(try await bed.leases() == [lease])
        }
    }

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
                            } catch AllocationError.placementUnderWay {
                                return nil
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
                }
                #expect(holders.count == 1)
                let holder = try #require(holders.first)
                #expect(try await bed.store.release(holder.owner, token: holder.token))
                waiting.removeAll { $0 == holder.owner }
            }
        }
    }

    @Test func aConcludedPlacementLetsTheNextOrderAsk() async throws {
        try await AllocatorBed.with { bed in
            let first = try await bed.virtual(.naming(900))
            #expect(await reason { _ = try await bed.virtual(.naming(901)) } == "table_busy")
            #expect(try await bed.store.concludePlacement(first.owner, token: first.token))
            #expect(try await !bed.store.concludePlacement(first.owner, token: first.token))
            #expect(try await bed.virtual(.naming(901)).tableNumber == 901)
            #expect(try await bed.leases().map(\.tableNumber) == [900, 901])
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
            guard case .granted(let asking) = try await claim(bed, order) else {
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
