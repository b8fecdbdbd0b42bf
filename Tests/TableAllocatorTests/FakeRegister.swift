import Contracts
import RPC
import Synchronization

@testable import TableAllocator
@testable import TableAllocatorStorage

/// A register that answers what the test says, and remembers what it was asked.
final class FakeRegister: Register {
    typealias FreeTable = @Sendable (_ times: Int) async throws(AllocationError) -> Int?
    typealias BillOnTable = @Sendable (_ table: Int) async throws(AllocationError) -> Bill

    private let answerFree: FreeTable
    private let answerBill: BillOnTable
    private let seen = Mutex((asked: 0, read: [Int]()))

    init(
        free: @escaping FreeTable = { (_: Int) async throws(AllocationError) -> Int? in nil },
        bill: @escaping BillOnTable = { (table: Int) async throws(AllocationError) -> Bill in Bill(tableNumber: table) }
    ) {
        answerFree = free
        answerBill = bill
    }

    /// How often a free table was asked for.
    var asked: Int { seen.withLock { $0.asked } }
    /// The tables whose bill was read, in order.
    var read: [Int] { seen.withLock { $0.read } }

    func freeTable(for owner: LeaseOwner, context: CallContext) async throws(AllocationError) -> Int? {
        let times = seen.withLock { seen in
            seen.asked += 1
            return seen.asked
        }
        return try await answerFree(times)
    }

    func bill(
        onTable number: Int,
        for owner: LeaseOwner,
        context: CallContext
    ) async throws(AllocationError) -> Bill {
        seen.withLock { $0.read.append(number) }
        return try await answerBill(number)
    }

    /// Names the same number to everyone, always.
    static func naming(_ number: Int?) -> FakeRegister {
        FakeRegister(free: { (_: Int) async throws(AllocationError) -> Int? in number })
    }

    /// Has a bill on these tables.
    static func withBills(on tables: Set<Int>) -> FakeRegister {
        FakeRegister(bill: { (table: Int) async throws(AllocationError) -> Bill in
            Bill(tableNumber: table, openCents: tables.contains(table) ? 1200 : 0)
        })
    }

    /// Cannot be reached.
    static var unreachable: FakeRegister {
        FakeRegister(
            free: { (_: Int) async throws(AllocationError) -> Int? in throw blocked },
            bill: { (_: Int) async throws(AllocationError) -> Bill in throw blocked }
        )
    }

    private static var blocked: AllocationError {
        .registerBlocked(reason: "register_unreachable", message: "The register is off.", nextAction: .wait)
    }
}
