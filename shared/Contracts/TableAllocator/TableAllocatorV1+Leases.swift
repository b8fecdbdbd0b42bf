package import Foundation
package import RPC

// Who holds which table, who waits, and taking a table away by hand.

package struct ListLeasesRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID) {
        self.merchantId = merchantId
        self.locationId = locationId
    }
}

package struct ListLeasesResponse: Codable, Hashable, Sendable {
    /// Oldest first.
    package var leases: [LeaseView]
    /// Orders that asked and got no table, first come first.
    package var waiters: [WaiterView]?
    /// Tables on which a write may still take effect, or whose bill was not read since.
    package var unsettled: [UnsettledTableView]?
    package var contention: ContentionView?
    /// The last leases that were ended by hand, newest first.
    package var forcedReleases: [ForcedReleaseView]?

    package init(
        leases: [LeaseView],
        waiters: [WaiterView]? = nil,
        unsettled: [UnsettledTableView]? = nil,
        contention: ContentionView? = nil,
        forcedReleases: [ForcedReleaseView]? = nil
    ) {
        self.leases = leases
        self.waiters = waiters
        self.unsettled = unsettled
        self.contention = contention
        self.forcedReleases = forcedReleases
    }
}

package struct LeaseView: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var mode: Open<TableMode>
    /// Absent in mode `virtual` until the lease is pinned.
    package var tableNumber: Int?
    package var fencingToken: Int
    package var state: Open<LeaseState>
    package var since: Date
    package var expiresAt: Date?

    package init(
        orderId: UUID,
        mode: TableMode,
        tableNumber: Int?,
        fencingToken: Int,
        state: LeaseState,
        since: Date,
        expiresAt: Date?
    ) {
        self.orderId = orderId
        self.mode = Open(mode)
        self.tableNumber = tableNumber
        self.fencingToken = fencingToken
        self.state = Open(state)
        self.since = since
        self.expiresAt = expiresAt
    }
}

/// What an order waits for.
package enum WaitsFor: String, CaseIterable, Sendable, Codable {
    /// A table, or the very one it wants.
    case table
    /// The location's one place between asking the register and placed.
    case place
    /// The register, to name a number that is free.
    case register
}

package struct WaiterView: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var mode: Open<TableMode>
    package var waitsFor: Open<WaitsFor>
    /// The number it wants, where it wants a certain one.
    package var tableNumber: Int?
    package var since: Date
    /// When it asked last; an order that stops asking loses its turn, and in the end its place.
    package var lastAskedAt: Date
    /// Until when a free table is kept for it, where one is.
    package var turnUntil: Date?

    package init(
        orderId: UUID,
        mode: TableMode,
        waitsFor: WaitsFor,
        tableNumber: Int?,
        since: Date,
        lastAskedAt: Date,
        turnUntil: Date?
    ) {
        self.orderId = orderId
        self.mode = Open(mode)
        self.waitsFor = Open(waitsFor)
        self.tableNumber = tableNumber
        self.since = since
        self.lastAskedAt = lastAskedAt
        self.turnUntil = turnUntil
    }
}

package struct UnsettledTableView: Codable, Hashable, Sendable {
    package var tableNumber: Int
    /// The order whose write had no answer.
    package var orderId: UUID
    package var since: Date
    /// Not given to anybody before; after it, once its bill has been read.
    package var settlesAt: Date

    package init(tableNumber: Int, orderId: UUID, since: Date, settlesAt: Date) {
        self.tableNumber = tableNumber
        self.orderId = orderId
        self.since = since
        self.settlesAt = settlesAt
    }
}

/// How crowded a location is.
package struct ContentionView: Codable, Hashable, Sendable {
    package var held: Int
    package var pinned: Int
    package var waiting: Int
    package var longestWaitMs: Int
    /// Tables of the location's sections.
    package var tables: Int
    /// Of these, how many an order could be given now.
    package var freeTables: Int
    /// Tables left alone because somebody else's bill was found there.
    package var busyTables: Int
    /// Sessions that hold the location's lock at this moment, and that wait for it.
    package var lockHolders: Int
    package var lockWaiters: Int

    package init(
        held: Int,
        pinned: Int,
        waiting: Int,
        longestWaitMs: Int,
        tables: Int,
        freeTables: Int,
        busyTables: Int,
        lockHolders: Int,
        lockWaiters: Int
    ) {
        self.held = held
        self.pinned = pinned
        self.waiting = waiting
        self.longestWaitMs = longestWaitMs
        self.tables = tables
        self.freeTables = freeTables
        self.busyTables = busyTables
        self.lockHolders = lockHolders
        self.lockWaiters = lockWaiters
    }
}

package struct ForceReleaseRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var orderId: UUID
    /// Only the lease with this token, where given: not one that the order got since you looked.
    package var fencingToken: Int?
    /// Who does it: a name that others can ask, up to 100 characters.
    package var actor: String
    /// Why, up to 500 characters; kept in the history.
    package var reason: String
    /// How long after now a write of a pinned lease may still take effect; absent: the setting `SETTLE_TIME`.
    package var settleDelayMs: Int?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        orderId: UUID,
        fencingToken: Int? = nil,
        actor: String,
        reason: String,
        settleDelayMs: Int? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
        self.fencingToken = fencingToken
        self.actor = actor
        self.reason = reason
        self.settleDelayMs = settleDelayMs
    }
}

package struct ForceReleaseResponse: Codable, Hashable, Sendable {
    /// False where the order had no such lease.
    package var changed: Bool
    /// The lease as it was.
    package var lease: LeaseView?
    /// As in ``ReleaseResponse``.
    package var wake: [UUID]?

    package init(changed: Bool, lease: LeaseView? = nil, wake: [UUID]? = nil) {
        self.changed = changed
        self.lease = lease
        self.wake = wake
    }
}

package struct ForcedReleaseView: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var tableNumber: Int?
    package var fencingToken: Int
    package var state: Open<LeaseState>
    package var since: Date
    package var releasedAt: Date
    package var actor: String
    package var reason: String

    package init(
        orderId: UUID,
        tableNumber: Int?,
        fencingToken: Int,
        state: LeaseState,
        since: Date,
        releasedAt: Date,
        actor: String,
        reason: String
    ) {
        self.orderId = orderId
        self.tableNumber = tableNumber
        self.fencingToken = fencingToken
        self.state = Open(state)
        self.since = since
        self.releasedAt = releasedAt
        self.actor = actor
        self.reason = reason
    }
}
