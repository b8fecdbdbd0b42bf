import Contracts
import Logging
import RPC

/// Mode `virtual`: a number without a table, which the register names (rule K37).
///
/// The register reserves nothing: it names the same number to everyone until a bill opens on it. So the order first takes
/// the location's one place between asking and placed, as a lease without a number, and only then asks. Should this
/// process die in between, that lease ends by itself, and a repeated call of the same order goes on from it at once.
struct VirtualAllocation: Sendable {
    let store: LeaseStore
    let register: any Register
    let policy: AllocationPolicy

    /// A lease with the number the register named.
    ///
    /// Throws ``AllocationError/placementUnderWay(holder:)`` while another order of the location is being placed,
    /// ``AllocationError/noFreeTable``, ``AllocationError/tableInDoubt(table:holder:)`` when the register still names a
    /// number of ours after the last pause, and what ``Register`` throws. After each of these nothing is left behind.
    func lease(for owner: LeaseOwner, timeZone: String, context: CallContext) async throws -> Lease {
        switch try await store.claim(.virtual, table: nil, for: owner, timeZone: timeZone) {
        case .existing(let lease) where lease.tableNumber != nil: return lease
        case .existing(let lease), .granted(let lease): return try await named(lease, context: context)
        case .placing(let holder), .tableHeld(let holder): throw AllocationError.placementUnderWay(holder: holder)
        case .elsewhere(let lease): throw AllocationError.orderElsewhere(lease)
        case .noneFree, .noTables: throw AllocationError.noFreeTable
        }
    }

    private func named(_ lease: Lease, context: CallContext) async throws -> Lease {
        do {
            return try await askUntilFree(lease, context: context)
        } catch {
            await store.withdraw(lease, logger: context.logger)
            throw error
        }
    }

    private func askUntilFree(_ lease: Lease, context: CallContext) async throws -> Lease {
        var pauses = policy.askAgainAfter[...]
        while true {
            guard let number = try await register.freeTable(for: lease.owner, context: context) else {
                throw AllocationError.noFreeTable
            }
            switch try await store.name(lease, table: number) {
            case .named(let lease): return lease
            case .lost: throw AllocationError.leaseLost
            case .tableHeld(let holder):
                guard let pause = pauses.popFirst() else {
                    throw AllocationError.tableInDoubt(table: number, holder: holder)
                }
                try await Task.sleep(for: pause)
            }
        }
    }
}
