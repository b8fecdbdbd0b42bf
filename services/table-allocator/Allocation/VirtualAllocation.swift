import Contracts
import Logging
import RPC
import TableAllocatorStorage

/// Mode `virtual`: a number without a table, which the register names (rule K37).
///
/// The register reserves nothing: it names the same number to everyone until a bill opens on it. So the order first takes
/// the location's one place between asking and placed, as a lease without a number, and only then asks. The number is
/// stored when the lease is pinned, which is the moment before it is written to; until then a repeated call asks again,
/// so a process that dies in between costs nothing but a question.
struct VirtualAllocation: Sendable {
    let store: LeaseStore
    let register: any Register
    let policy: AllocationPolicy

    /// A lease, the number the register named for it, and its bill where that had to be read.
    ///
    /// Throws ``AllocationError/placementUnderWay(holder:)`` while another order of the location is being placed,
    /// ``AllocationError/queued(behind:since:)`` while another goes first, ``AllocationError/noFreeTable``;
    /// ``AllocationError/tableInDoubt(table:holder:)``, ``AllocationError/tableUnsettled(table:order:until:)`` or
    /// ``AllocationError/tableNotEmpty(table:)`` when the register still names such a number after the last pause; and
    /// what ``Register`` throws. After each of these nothing is left behind but the order's place in the line.
    func lease(for owner: LeaseOwner, timeZone: String, context: CallContext) async throws -> (Lease, Bill?) {
        switch try await store.claim(.virtual, table: nil, for: owner, timeZone: timeZone) {
        case .leased(let lease, _) where lease.tableNumber != nil: return (lease, nil)
        case .leased(let lease, _): return try await named(lease, context: context)
        case .placing(let holder), .tableHeld(let holder): throw AllocationError.placementUnderWay(holder: holder)
        case .queued(let order, let since): throw AllocationError.queued(behind: order, since: since)
        case .elsewhere(let lease): throw AllocationError.orderElsewhere(lease)
        case .noneFree, .noTables, .unsettled: throw AllocationError.noFreeTable
        }
    }

    private func named(_ lease: Lease, context: CallContext) async throws -> (Lease, Bill?) {
        do {
            return try await askUntilFree(lease, context: context)
        } catch {
            let waits = (error as? AllocationError)?.isForTheRegisterToEnd == true
            await store.withdraw(lease, waitsForRegister: waits, logger: context.logger)
            throw error
        }
    }

    private func askUntilFree(_ lease: Lease, context: CallContext) async throws -> (Lease, Bill?) {
        var pauses = policy.askAgainAfter[...]
        while true {
            guard let number = try await register.freeTable(for: lease.owner, context: context) else {
                throw AllocationError.noFreeTable
            }
            let obstacle: AllocationError
            switch try await store.check(number, for: lease) {
            case .free(let mustLook):
                var given = lease
                given.tableNumber = number
                guard mustLook else { return (given, nil) }
                let bill = try await register.bill(onTable: number, for: lease.owner, context: context)
                if !bill.isOpen {
                    try await store.settle(number, for: lease.owner)
                    return (given, bill)
                }
                obstacle = .tableNotEmpty(table: number)
            case .lost: throw AllocationError.leaseLost
            case .tableHeld(let holder): obstacle = .tableInDoubt(table: number, holder: holder)
            case .unsettled(let order, let until):
                obstacle = .tableUnsettled(table: number, order: order, until: until)
            }
            guard let pause = pauses.popFirst() else { throw obstacle }
            try await Task.sleep(for: pause)
        }
    }
}

extension AllocationError {
    /// Whether the order waits for the register to name another number, and not for an order of ours.
    fileprivate var isForTheRegisterToEnd: Bool {
        switch self {
        case .noFreeTable, .tableInDoubt, .tableUnsettled, .tableNotEmpty: true
        default: false
        }
    }
}
