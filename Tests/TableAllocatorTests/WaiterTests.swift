import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// Who gets a table that comes free: whoever came first and still asks.
@Suite(.timeLimit(.minutes(5))) struct WaiterTests {
    @Test("Waiters of a section are served in the order in which they came")
    func physicalOrder() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            var holder = try await bed.physical().lease
            let line = (0..<4).map { _ in LeaseOwner.next() }
            for order in line { #expect(await reason { _ = try await bed.physical(for: order) } == "no_free_table") }
            #expect(try await bed.waiters().map(\.orderId) == line.map(\.order))
            for (place, next) in line.enumerated() {
                #expect(try await bed.release(holder).wake == [next.order])
                // Those behind, and whoever comes only now, are told to wait: the table is the first one's.
                for order in line.dropFirst(place + 1) + [.next()] {
                    #expect(await reason { _ = try await bed.physical(for: order) } == "no_free_table")
                }
                holder = try await bed.physical(for: next).lease
                #expect(holder.tableNumber == 1)
            }
        }
    }

    @Test("As many orders are served as there are tables, in order of arrival")
    func asManyAsTables() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: 1...2)
            let holders = [try await bed.physical().lease, try await bed.physical().lease]
            let first = LeaseOwner.next()
            #expect(await reason { _ = try await bed.physical(for: first) } == "no_free_table")
            for holder in holders { try await bed.release(holder) }
            // Two tables and one before it: the second may go at once.
            #expect(try await bed.physical().lease.tableNumber != nil)
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
            #expect(try await bed.physical(for: first).lease.tableNumber != nil)
        }
    }

    @Test("A waiter that vanished loses its turn after a moment, and keeps its place for when it comes back")
    func aVanishedWaiter() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            let holder = try await bed.physical().lease
            let (vanished, next) = (LeaseOwner.next(), LeaseOwner.next())
            for order in [vanished, next] { #expect(await reason { _ = try await bed.physical(for: order) } != nil) }
            try await bed.release(holder)
            #expect(await reason { _ = try await bed.physical(for: next) } == "no_free_table")
            #expect(try await bed.waiters().first?.turnUntil != nil)
            try await bed.advanceClock(seconds: 3)
            let lease = try await bed.physical(for: next).lease
            #expect(await reason { _ = try await bed.physical(for: vanished) } == "no_free_table")
            #expect(try await bed.waiters().map(\.orderId) == [vanished.order])
            #expect(try await bed.release(lease).wake == [vanished.order])
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
            #expect(try await bed.physical(for: vanished).lease.tableNumber == 1)
        }
    }

    @Test("A waiter that asks no more is forgotten after a minute")
    func aForgottenWaiter() async throws {
        try await AllocatorBed.with { bed async throws in
            let holder = try await bed.named(7)
            #expect(await reason { _ = try await bed.named(7) } == "table_busy")
            try await bed.release(holder)
            try await bed.advanceClock(seconds: 61)
            #expect(try await bed.waiters() == [])
            #expect(try await bed.named(7).tableNumber == 7)
        }
    }

    @Test("A guest who waits for a certain table has it before those who want any (K37)")
    func namedBeforePhysical() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            let holder = try await bed.physical().lease
            let (kiosk, guest) = (LeaseOwner.next(), LeaseOwner.next())
            #expect(await reason { _ = try await bed.physical(for: kiosk) } == "no_free_table")
            #expect(await reason { _ = try await bed.named(1, for: guest) } == "table_busy")
            #expect(try await bed.waiters().map(\.tableNumber) == [nil, 1])
            #expect(try await bed.release(holder).wake == [guest.order])
            #expect(await reason { _ = try await bed.physical(for: kiosk) } == "no_free_table")
            #expect(try await bed.named(1, for: guest).tableNumber == 1)
        }
    }

    @Test("A virtual order waits for the place in order of arrival")
    func virtualOrder() async throws {
        try await AllocatorBed.with { bed async throws in
            let holder = try await bed.virtual(.naming(900))
            let first = LeaseOwner.next()
            let second = LeaseOwner.next()
            #expect(await reason { _ = try await bed.virtual(.naming(901), for: first) } == "table_busy")
            #expect(await reason { _ = try await bed.virtual(.naming(901), for: second) } == "table_busy")
            #expect(try await bed.release(holder).wake == [first.order])
            // The place is free, and the second is told who goes first.
            let told = await allocationError { _ = try await bed.virtual(.naming(901), for: second) }
            let message = told?.rpcError.message ?? ""
            #expect(message.contains(first.order.uuidString.lowercased()))
            #expect(try await bed.virtual(.naming(901), for: first).tableNumber == 901)
        }
    }

    @Test("The line of one merchant says nothing to a namesake's location (I8)")
    func twoMerchants() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            try await bed.put(tables: [1], of: .namesake)
            let holder = try await bed.physical().lease
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
            let theirs = try await bed.physical(for: .next(at: .namesake)).lease
            #expect(theirs.tableNumber == 1)
            #expect(try await bed.release(theirs).wake == [])
            #expect(try await bed.waiters(at: .namesake) == [])
            #expect(try await bed.waiters().count == 1)
            #expect(try await bed.leases() == [holder])
        }
    }

    @Test("A location's line has an end, and orders beyond it wait all the same")
    func theLineIsBounded() async throws {
        try await AllocatorBed.with { bed async throws in
            try await bed.put(tables: [1])
            _ = try await bed.physical()
            try await bed.postgres.execute(
                """
                INSERT INTO waiters (merchant_id, location_id, order_id, mode, waits_for, ticket, since, seen_at)
                SELECT 'm1', 'main', gen_random_uuid(), 'physical', 'table', nextval('waiter_tickets'), now(), now()
                FROM generate_series(1, 1000)
                """
            )
            #expect(await reason { _ = try await bed.physical() } == "no_free_table")
            #expect(try await bed.waiters().count == 1000)
        }
    }
}
