import Contracts
import RPC

extension LeaseOwner {
    init(_ request: AllocateRequest) {
        self.init(merchant: request.merchantId, location: request.locationId, order: request.orderId)
    }

    init(_ request: LeaseRequest) {
        self.init(merchant: request.merchantId, location: request.locationId, order: request.orderId)
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
