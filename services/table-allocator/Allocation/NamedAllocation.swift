import Contracts

/// Mode `named`: the guest's own table or waiting for it, never another one (rule K37).
///
/// An open bill is no obstacle, so no register is asked: the lease only puts our own writes to the table in a row.
struct NamedAllocation: Sendable {
    let store: LeaseStore

    /// The lease of that table.
    ///
    /// Throws ``AllocationError/tableBusy(holder:)`` while another order has it.
    func lease(ofTable number: Int, for owner: LeaseOwner, timeZone: String) async throws -> Lease {
        switch try await store.claim(.named, table: number, for: owner, timeZone: timeZone) {
        case .existing(let lease), .granted(let lease): return lease
        case .tableHeld(let holder), .placing(let holder): throw AllocationError.tableBusy(holder: holder)
        case .elsewhere(let lease): throw AllocationError.orderElsewhere(lease)
        case .noneFree, .noTables: throw AllocationError.noFreeTable
        }
    }
}
