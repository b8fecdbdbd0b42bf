package import Foundation
package import RPC

/// How an order comes by its table (rule K37).
package enum TableMode: String, CaseIterable, Sendable, Codable {
    /// The guest's own table, or waiting for it.
    case named
    /// A number without a table, which the register names.
    case virtual
    /// A free table out of a section.
    case physical
}

package struct AllocateRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var orderId: UUID
    package var mode: Open<TableMode>
    /// The guest's table; required in mode `named`, ignored otherwise.
    package var tableNumber: Int?
    /// Which gateway serves the location, such as `kassanet`.
    package var gateway: String
    /// The location's IANA time zone, which decides what "this month" means.
    package var timeZone: String

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        orderId: UUID,
        mode: TableMode,
        tableNumber: Int? = nil,
        gateway: String,
        timeZone: String
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
        self.mode = Open(mode)
        self.tableNumber = tableNumber
        self.gateway = gateway
        self.timeZone = timeZone
    }
}

package struct AllocateResponse: Codable, Hashable, Sendable {
    package var lease: TableLease
    /// The bill that was read to see that the table is free, where one was read.
    ///
    /// It serves as the baseline.
    package var bill: Bill?

    package init(lease: TableLease, bill: Bill? = nil) {
        self.lease = lease
        self.bill = bill
    }
}

/// The right to write to one table of one location, for one order.
package struct TableLease: Codable, Hashable, Sendable {
    package var tableNumber: Int
    /// Grows with every lease.
    ///
    /// Whoever shows an older one has lost the table.
    package var fencingToken: Int
    package var state: Open<LeaseState>
    /// When a held lease ends by itself; a pinned one never does.
    package var expiresAt: Date?

    package init(tableNumber: Int, fencingToken: Int, state: LeaseState, expiresAt: Date?) {
        self.tableNumber = tableNumber
        self.fencingToken = fencingToken
        self.state = Open(state)
        self.expiresAt = expiresAt
    }
}

package enum LeaseState: String, CaseIterable, Sendable, Codable {
    /// Ends by itself after five minutes.
    case held
    /// A write may have been sent: only a release ends it.
    case pinned
}

/// Names a lease by its order and token.
package struct LeaseRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var orderId: UUID
    package var fencingToken: Int
    /// The location's IANA time zone; `Pin` counts the table's use in its month.
    package var timeZone: String
    /// `Pin`: the number that `Allocate` answered.
    ///
    /// Required for a lease of mode `virtual`, whose number is stored only now; any other lease must have this number.
    package var tableNumber: Int?
    /// `Release`: true where a write to the table had no answer and no read has settled what became of it.
    ///
    /// The lease ends all the same, so the order can write no more; the table is not given again before the settle delay
    /// is over and its bill has been read.
    package var ambiguous: Bool?
    /// `Release` with `ambiguous`: how long after now such a write may still take effect, by the wire's page.
    ///
    /// Absent: the setting `SETTLE_TIME`. A length and not a moment, so that no two clocks have to agree.
    package var settleDelayMs: Int?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        orderId: UUID,
        fencingToken: Int,
        timeZone: String,
        tableNumber: Int? = nil,
        ambiguous: Bool? = nil,
        settleDelayMs: Int? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
        self.fencingToken = fencingToken
        self.timeZone = timeZone
        self.tableNumber = tableNumber
        self.ambiguous = ambiguous
        self.settleDelayMs = settleDelayMs
    }
}

package struct PinResponse: Codable, Hashable, Sendable {
    package var lease: TableLease
    package init(lease: TableLease) { self.lease = lease }
}

package struct ReleaseResponse: Codable, Hashable, Sendable {
    /// False where there was nothing to do any more.
    package var changed: Bool
    /// The waiting orders that may get a table now, first come first; those who wait on need not be woken.
    package var wake: [UUID]?

    package init(changed: Bool, wake: [UUID]? = nil) {
        self.changed = changed
        self.wake = wake
    }
}
