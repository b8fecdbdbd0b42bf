package import Foundation
package import RPC

// Clearing away what time has made worthless.

/// Sweeps the tables of every merchant that the caller's token names.
package struct SweepLeasesRequest: Codable, Hashable, Sendable {
    /// How many rows of each kind at most; absent: 500.
    package var limit: Int?

    package init(limit: Int? = nil) {
        self.limit = limit
    }
}

package struct SweepLeasesResponse: Codable, Hashable, Sendable {
    /// Held leases whose time was over, and which are gone now.
    package var expiredLeases: Int
    /// Orders that stopped asking for a table, and stand in no line any more.
    package var forgottenWaiters: Int
    /// Notes that somebody else's bill stood on a table, whose time is over.
    package var busyTables: Int
    /// Leases ended by hand and QR codes replaced, longer ago than that is kept.
    package var history: Int
    /// Months of a table's use that are older than 13 months.
    package var usage: Int
    /// Tables after a write without answer whose time is over: they are given again once their bill was read, by the next
    /// order that wants one.
    package var tablesToLookAt: Int
    /// Orders that may get a table now.
    ///
    /// They ask again by themselves; whoever tells order-router makes it sooner.
    package var wake: [WaitingOrder]?
    /// Whether something was left for the next sweep.
    package var more: Bool

    package init(
        expiredLeases: Int,
        forgottenWaiters: Int,
        busyTables: Int,
        history: Int,
        usage: Int,
        tablesToLookAt: Int,
        wake: [WaitingOrder]?,
        more: Bool
    ) {
        self.expiredLeases = expiredLeases
        self.forgottenWaiters = forgottenWaiters
        self.busyTables = busyTables
        self.history = history
        self.usage = usage
        self.tablesToLookAt = tablesToLookAt
        self.wake = wake
        self.more = more
    }
}

/// An order that waits for a table.
package struct WaitingOrder: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var orderId: UUID

    package init(merchantId: MerchantID, locationId: LocationID, orderId: UUID) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
    }
}
