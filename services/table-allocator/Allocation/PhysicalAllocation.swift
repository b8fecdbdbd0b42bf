import Contracts
import Logging
import RPC
import TableAllocatorStorage

/// Mode `physical`: a free table out of the location's sections (rule K37).
///
/// Reserved first and looked at afterwards, so that two orders never look at the same table: the register's bill only
/// tells whether staff or guests have it.
struct PhysicalAllocation: Sendable {
    let store: LeaseStore
    let register: any Register

    /// A lease of a table without a bill, and the bill that was read to see that.
    ///
    /// It comes without one when the order's lease needed no look: a pinned one, or one of another mode. Tables that have
    /// a bill are left alone for a while. Each is looked at once, so the number of tables bounds the reads. Throws
    /// ``AllocationError/noFreeTable``, ``AllocationError/unknownSection``, or what ``Register`` throws; after each of
    /// these nothing is left behind but the order's place in the line.
    func lease(for owner: LeaseOwner, timeZone: String, context: CallContext) async throws -> (Lease, Bill?) {
        var seen: Set<Int> = []
        while true {
            let (lease, mustSettle) = try await claim(for: owner, timeZone: timeZone)
            // A held lease is looked at again on every call: the one before may have ended before it looked.
            guard lease.mode == .physical, lease.state == .held, let number = lease.tableNumber else {
                return (lease, nil)
            }
            guard seen.insert(number).inserted else {
                await store.withdraw(lease, logger: context.logger)
                throw AllocationError.noFreeTable
            }
            let bill = try await bill(onTable: number, of: lease, context: context)
            guard bill.isOpen else {
                if mustSettle { try await store.settle(number, for: owner) }
                return (lease, bill)
            }
            context.logger.info("Table is taken", metadata: ["table": "\(number)"])
            try await store.setAside(lease)
        }
    }

    private func claim(for owner: LeaseOwner, timeZone: String) async throws -> (Lease, mustSettle: Bool) {
        switch try await store.claim(.physical, table: nil, for: owner, timeZone: timeZone) {
        case .leased(let lease, let mustLook): return (lease, mustLook)
        case .noneFree: throw AllocationError.noFreeTable
        case .noTables: throw AllocationError.unknownSection
        case .elsewhere(let lease): throw AllocationError.orderElsewhere(lease)
        case .tableHeld(let holder), .placing(let holder): throw AllocationError.tableBusy(holder: holder)
        case .queued, .unsettled: throw AllocationError.noFreeTable
        }
    }

    private func bill(onTable number: Int, of lease: Lease, context: CallContext) async throws -> Bill {
        do {
            return try await register.bill(onTable: number, for: lease.owner, context: context)
        } catch {
            await store.withdraw(lease, logger: context.logger)
            throw error
        }
    }
}
