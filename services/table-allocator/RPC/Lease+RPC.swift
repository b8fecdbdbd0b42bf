import Contracts
import RPC
import TableAllocatorStorage

extension LeaseOwner {
    init(_ request: AllocateRequest) {
        self.init(merchant: request.merchantId, location: request.locationId, order: request.orderId)
    }

    init(_ request: LeaseRequest) {
        self.init(merchant: request.merchantId, location: request.locationId, order: request.orderId)
    }
}

extension LeaseOwner {
    init(_ request: ForceReleaseRequest) {
        self.init(merchant: request.merchantId, location: request.locationId, order: request.orderId)
    }
}

extension ReleaseResponse {
    init(_ end: LeaseEnd) {
        self.init(changed: end.changed, wake: end.wake)
    }
}

extension TableLease {
    /// The lease as an order is given it.
    ///
    /// Throws ``AllocationError/leaseLost`` for one that has no number.
    init(_ lease: Lease) throws(AllocationError) {
        guard let number = lease.tableNumber else { throw .leaseLost }
        self.init(tableNumber: number, fencingToken: lease.token, state: lease.state, expiresAt: lease.expiresAt)
    }
}

extension LeaseView {
    init(_ lease: Lease) {
        self.init(
            orderId: lease.owner.order,
            mode: lease.mode,
            tableNumber: lease.tableNumber,
            fencingToken: lease.token,
            state: lease.state,
            since: lease.since,
            expiresAt: lease.expiresAt
        )
    }
}
