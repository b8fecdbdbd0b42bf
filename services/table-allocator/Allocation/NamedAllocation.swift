import Contracts
import Logging
import RPC
import TableAllocatorStorage

/// Mode `named`: the guest's own table or waiting for it, never another one (rule K37).
///
/// An open bill is no obstacle, so the register is asked only where a write to the table had no answer and its bill was
/// not read since: the lease only puts our own writes to the table in a row.
struct NamedAllocation: Sendable {
    let store: LeaseStore
    let register: any Register

    /// The lease of that table, and its bill where that had to be read.
    ///
    /// Throws ``AllocationError/tableBusy(holder:)`` while another order has it, ``AllocationError/queued(behind:since:)``
    /// while another goes first, ``AllocationError/tableUnsettled(table:order:until:)``, and what ``Register`` throws.
    func lease(
        ofTable number: Int,
        for owner: LeaseOwner,
        timeZone: String,
        context: CallContext
    ) async throws -> (Lease, Bill?) {
        switch try await store.claim(.named, table: number, for: owner, timeZone: timeZone) {
        case .leased(let lease, let mustLook):
            guard mustLook, let number = lease.tableNumber else { return (lease, nil) }
            return (lease, try await settledBill(onTable: number, of: lease, context: context))
        case .tableHeld(let holder), .placing(let holder): throw AllocationError.tableBusy(holder: holder)
        case .queued(let order, let since): throw AllocationError.queued(behind: order, since: since)
        case .unsettled(let order, let until):
            throw AllocationError.tableUnsettled(table: number, order: order, until: until)
        case .elsewhere(let lease): throw AllocationError.orderElsewhere(lease)
        case .noneFree, .noTables: throw AllocationError.noFreeTable
        }
    }

    private func settledBill(onTable number: Int, of lease: Lease, context: CallContext) async throws -> Bill {
        do {
            let bill = try await register.bill(onTable: number, for: lease.owner, context: context)
            try await store.settle(number, for: lease.owner)
            return bill
        } catch {
            await store.withdraw(lease, logger: context.logger)
            throw error
        }
    }
}
