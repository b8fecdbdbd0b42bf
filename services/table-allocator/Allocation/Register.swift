import Contracts
import RPC
import TableAllocatorStorage

/// What allocation reads from the register of a location; it writes nothing there.
protocol Register: Sendable {
    /// A number the register calls free, or `nil` where it has none.
    ///
    /// It reserves nothing. Throws ``AllocationError/registerBlocked(reason:message:nextAction:)`` or
    /// ``AllocationError/gatewayUnavailable(cause:)``.
    func freeTable(for owner: LeaseOwner, context: CallContext) async throws(AllocationError) -> Int?

    /// The bill that stands on a table.
    ///
    /// Throws as ``freeTable(for:context:)``.
    func bill(onTable number: Int, for owner: LeaseOwner, context: CallContext) async throws(AllocationError) -> Bill
}
