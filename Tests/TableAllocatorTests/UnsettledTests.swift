import Contracts
import Foundation
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// A table to which something was written that had no answer, and leases that people end.
@Suite(.timeLimit(.minutes(5))) struct UnsettledTests {
    @Test("After an ambiguous write a table is not given before its delay is over and its bill was read")
    func physical() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            let lease = try await bed.physical().lease
            try await bed.pin(lease)
            #expect(try await bed.release(lease, settlingFor: .seconds(20)).changed)
            let order = LeaseOwner.next()
            let untouched = FakeRegister()
            #expect(await reason { _ = try await bed.physical(untouched, for: order) } == "no_free_table")
            #expect(untouched.read == [])
            try await bed.advanceClock(seconds: 21)
            // The late effect is there: the table is somebody's.
            #expect(await reason { _ = try await bed.physical(.withBills(on: [1]), for: order) } == "no_free_table")
            #expect(try await unsettled(bed) == [1])
            try await bed.advanceClock(seconds: 31)
            let register = FakeRegister()
            #expect(try await bed.physical(register, for: order).lease.tableNumber == 1)
            #expect(register.read == [1])
            #expect(try await unsettled(bed) == [])
        }
    }

    @Test("A guest's own table waits for the delay, and then comes with the bill that was read")
    func named() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            try await bed.pin(lease)
            try await bed.release(lease, settlingFor: .seconds(20))
            let order = LeaseOwner.next()
            let error = await allocationError { _ = try await bed.named(7, for: order) }
            #expect(error?.rpcError.reason == "table_in_doubt")
            #expect(error?.rpcError.message.contains(lease.owner.order.uuidString.lowercased()) == true)
            try await bed.advanceClock(seconds: 21)
            let register = FakeRegister.withBills(on: [7])
            let allocation = NamedAllocation(store: bed.store, register: register)
            let (again, bill) = try await allocation.lease(
                ofTable: 7,
                for: order,
                timeZone: AllocatorBed.zone,
                context: .test
            )
            #expect(again.tableNumber == 7)
            #expect(bill?.openCents == 1200)
            #expect(try await unsettled(bed) == [])
        }
    }

    @Test("A register that is away leaves the table unsettled and nobody holding it")
    func namedWithoutRegister() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            try await bed.pin(lease)
            try await bed.release(lease, settlingFor: .zero)
            try await bed.advanceClock(seconds: 1)
            let away = NamedAllocation(store: bed.store, register: FakeRegister.unreachable)
            let refusal = await reason {
                _ = try await away.lease(ofTable: 7, for: .next(), timeZone: AllocatorBed.zone, context: .test)
            }
            #expect(refusal == "register_unreachable")
            #expect(try await bed.leases() == [])
            #expect(try await unsettled(bed) == [7])
        }
    }

    @Test("A number the register names is in doubt until the delay is over and its bill is empty")
    func virtual() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.virtual(.naming(900))
            try await bed.pin(lease)
            try await bed.release(lease, settlingFor: .seconds(20))
            let register = FakeRegister.naming(900)
            #expect(await reason { _ = try await bed.virtual(register) } == "table_in_doubt")
            #expect(register.asked == 4)
            try await bed.advanceClock(seconds: 21)
            let filled = FakeRegister(
                free: { (_: Int) async throws(AllocationError) -> Int? in 900 },
                bill: { (table: Int) async throws(AllocationError) -> Bill in Bill(tableNumber: table, openCents: 900) }
            )
            #expect(await reason { _ = try await bed.virtual(filled) } == "table_in_doubt")
            let next = try await bed.virtual(.naming(900))
            #expect(next.tableNumber == 900)
            #expect(try await unsettled(bed) == [])
            guard case .pinned = try await bed.pin(next) else {
                Issue.record("Expected a pinned lease")
                return
            }
        }
    }

    @Test("A number that is left unsettled between the look and the pin cannot be pinned")
    func unsettledMeanwhile() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.virtual(.naming(900))
            let other = try await bed.named(900)
            try await bed.pin(other)
            try await bed.release(other, settlingFor: .zero)
            try await bed.advanceClock(seconds: 1)
            #expect(try await bed.pin(lease) == .taken(by: nil))
        }
    }

    @Test("An order that a person lets go on gets the table back that it left unsettled, and others wait on")
    func ownTable() async throws {
        try await AllocatorBed.with { bed async throws in
            let named = try await bed.named(7)
            let virtual = try await bed.virtual(.naming(900))
            for lease in [named, virtual] {
                try await bed.pin(lease)
                try await bed.release(lease, settlingFor: .seconds(20))
            }
            let register = FakeRegister.withBills(on: [7])
            let (again, bill) = try await NamedAllocation(store: bed.store, register: register)
                .lease(ofTable: 7, for: named.owner, timeZone: AllocatorBed.zone, context: .test)
            #expect(bill?.openCents == 1200)
            let number = try await bed.virtual(.naming(900), for: virtual.owner)
            for lease in [again, number] {
                guard case .pinned = try await bed.pin(lease) else {
                    Issue.record("Expected a pinned lease")
                    return
                }
                try await bed.release(lease)
            }
            #expect(try await unsettled(bed) == [7, 900])
            #expect(await reason { _ = try await bed.named(7) } == "table_in_doubt")
            #expect(await reason { _ = try await bed.virtual(.naming(900)) } == "table_in_doubt")
        }
    }

    @Test("A held lease wrote nothing, so it leaves nothing unsettled")
    func heldLeases() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            try await bed.release(lease, settlingFor: .seconds(20))
            #expect(try await unsettled(bed) == [])
            #expect(try await bed.named(7).tableNumber == 7)
        }
    }

    // MARK: - By hand

    @Test("ForceRelease ends a pinned lease, kills its token and is kept (I6)")
    func forceRelease() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            let theirs = try await bed.named(7, for: .next(at: .namesake))
            try await bed.pin(lease)
            let end = try await force(lease, bed)
            #expect(end.changed)
            #expect(end.lease?.token == lease.token)
            #expect(try await bed.leases(at: .namesake) == [theirs])
            #expect(try await bed.pin(lease) == .lost)
            #expect(try await !bed.release(lease).changed)
            #expect(try await !force(lease, bed).changed)
            let history = try await bed.store.forcedReleases(of: Place.first.merchant, at: Place.first.location)
            #expect(history.map(\.fencingToken) == [lease.token])
            #expect(history.map(\.actor) == ["anna"])
            #expect(history.map(\.reason) == ["The order is not on the register."])
            #expect(await reason { _ = try await bed.named(7) } == "table_in_doubt")
            try await bed.advanceClock(seconds: 70)
            #expect(try await bed.named(7).token > lease.token)
        }
    }

    @Test("ForceRelease touches neither a newer lease nor another merchant's (I8)")
    func forceReleaseOfAnother() async throws {
        try await AllocatorBed.with { bed async throws in
            let lease = try await bed.named(7)
            var older = lease
            older.token -= 1
            #expect(try await !force(older, bed).changed)
            var stranger = lease
            stranger.owner.merchant = Place.namesake.merchant
            #expect(try await !force(stranger, bed).changed)
            #expect(try await bed.leases() == [lease])
        }
    }

    // MARK: -

    private func force(_ lease: Lease, _ bed: AllocatorBed) async throws -> LeaseEnd {
        try await bed.store.forceRelease(
            lease.owner,
            token: lease.token,
            actor: "anna",
            reason: "The order is not on the register.",
            settlingFor: .seconds(60)
        )
    }

    private func unsettled(_ bed: AllocatorBed) async throws -> [Int] {
        try await bed.store.unsettled(of: Place.first.merchant, at: Place.first.location).map(\.tableNumber)
    }
}
