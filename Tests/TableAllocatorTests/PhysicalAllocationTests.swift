import Contracts
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

@Suite(.timeLimit(.minutes(5))) struct PhysicalAllocationTests {
    @Test func theLowestUnusedTableComesWithItsBill() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: [12, 11, 13])
            let (lease, bill) = try await bed.physical()
            #expect(lease.tableNumber == 11)
            #expect(bill?.tableNumber == 11)
            #expect(bill?.isOpen == false)
        }
    }

    /// Rule K37.
    @Test func tablesUnusedThisMonthComeFirstAndThenTheLeastRecentlyUsed() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...3)
            try await bed.setClock("2026-02-10 12:00+00")
            try await use(3, bed)
            try await bed.setClock("2026-02-11 12:00+00")
            try await use(1, bed)
            try await bed.setClock("2026-03-05 12:00+00")
            try await use(2, bed)
            // In March only 2 was used; of the others 3 was used longest ago.
            var order: [Int?] = []
            for day in 6...8 {
                try await bed.setClock("2026-03-0\(day) 12:00+00")
                let (lease, _) = try await bed.physical()
                order.append(lease.tableNumber)
                try await bed.pin(lease)
            }
            #expect(order == [3, 1, 2])
        }
    }

    @Test func aTableWithABillIsGivenBackAndLeftAlone() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...3)
            let register = FakeRegister.withBills(on: [1, 2])
            let (lease, _) = try await bed.physical(register)
            #expect(lease.tableNumber == 3)
            #expect(register.read == [1, 2, 3])
            #expect(try await bed.leases() == [lease])
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
            // Whoever waited is forgotten when it has not asked for a minute.
            try await bed.advanceClock(seconds: 61)
            #expect(try await bed.physical().lease.tableNumber == 1)
        }
    }

    @Test func eachTableIsLookedAtOnce() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...3)
            // The clock runs so fast that no mark outlives the look at the next table.
            let register = FakeRegister(bill: { (table: Int) async throws(AllocationError) -> Bill in
                try? await bed.advanceClock(seconds: 60)
                return .init(tableNumber: table, openCents: 500)
            })
            #expect(await reason { _ = try await bed.physical(register) } == "no_free_table")
            #expect(register.read.count <= 3)
            #expect(try await bed.leases() == [])
        }
    }

    @Test func aLocationWithoutTablesIsToldApartFromAFullOne() async throws {
        try await AllocatorBed.with { bed in
            let error = await allocationError { _ = try await bed.physical() }
            #expect(error?.rpcError.code == .notFound)
            #expect(error?.rpcError.reason == "unknown_section")
            try await bed.put(tables: [1])
            _ = try await bed.named(1)
            let full = await allocationError { _ = try await bed.physical() }
            #expect(full?.rpcError.message == "No free table numbers available")
        }
    }

    /// The call hung for longer than the lease (F14): somebody else has the table, and the late answer is worth nothing.
    @Test func aLeaseThatRanOutWhileTheRegisterHungCannotBePinned() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: [1])
            let register = FakeRegister(bill: { (table: Int) async throws(AllocationError) -> Bill in
                try? await bed.advanceClock(seconds: 301)
                return .init(tableNumber: table)
            })
            let late = try await bed.physical(register).lease
            let next = try await bed.physical().lease
            #expect(next.tableNumber == late.tableNumber)
            #expect(try await bed.pin(late) == .lost)
            try await bed.pin(next)
            #expect(try await bed.leases().map(\.token) == [next.token])
            // The order itself starts over, and waits.
            #expect(await reason { _ = try await bed.physical(for: late.owner) } == "no_free_table")
        }
    }

    @Test func anUnreachableRegisterLeavesNothingBehind() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: [1])
            #expect(await reason { _ = try await bed.physical(.unreachable) } == "register_unreachable")
            #expect(try await bed.leases() == [])
            #expect(try await bed.physical().lease.tableNumber == 1)
        }
    }

    @Test func aHeldLeaseIsLookedAtAgainAndAPinnedOneIsNot() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...2)
            let order = LeaseOwner.next()
            _ = try await bed.physical(for: order)
            let moved = try await bed.physical(.withBills(on: [1]), for: order).lease
            #expect(moved.tableNumber == 2)
            try await bed.pin(moved)
            let register = FakeRegister.withBills(on: [2])
            let (pinned, bill) = try await bed.physical(register, for: order)
            #expect(pinned.token == moved.token)
            #expect(bill == nil)
            #expect(register.read.isEmpty)
        }
    }

    @Test func aTableTakenOutOfUseIsNotChosen() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...2)
            try await bed.put(tables: [2])
            #expect(try await bed.physical().lease.tableNumber == 2)
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
        }
    }

    @Test func aNumberBelongsToTheSectionThatListedItLast() async throws {
        try await AllocatorBed.with { bed in
            try await bed.put(tables: 1...2, in: "Terrace")
            try await bed.put(tables: 2...3, in: "Bar")
            try await bed.put(tables: [], in: "Terrace")
            #expect(try await bed.physical().lease.tableNumber == 2)
        }
    }

    private func use(_ table: Int, _ bed: AllocatorBed) async throws {
        let lease = try await bed.named(table)
        try await bed.pin(lease)
        try await bed.release(lease)
    }
}
