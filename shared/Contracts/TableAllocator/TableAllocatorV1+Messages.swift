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

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        orderId: UUID,
        fencingToken: Int,
        timeZone: String
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
        self.fencingToken = fencingToken
        self.timeZone = timeZone
    }
}

package struct PinResponse: Codable, Hashable, Sendable {
    package var lease: TableLease
    package init(lease: TableLease) { self.lease = lease }
}

package struct ReleaseResponse: Codable, Hashable, Sendable {
    /// False where there was nothing to do any more.
    package var changed: Bool
    package init(changed: Bool) { self.changed = changed }
}

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
    package var leases: [LeaseView]
    package init(leases: [LeaseView]) { self.leases = leases }
}

package struct LeaseView: Codable, Hashable, Sendable {
    package var orderId: UUID
    package var mode: Open<TableMode>
    /// Absent while the register is being asked for a number.
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

package struct PutSectionRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// At most 25 characters, unique within the location (rule K12).
    package var name: String
    package var tables: [SectionTable]

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, name: String, tables: [SectionTable]) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.name = name
        self.tables = tables
    }
}

package struct SectionTable: Codable, Hashable, Sendable {
    package var tableNumber: Int
    /// At most 20 characters (rule K12).
    package var name: String

    package init(tableNumber: Int, name: String) {
        self.tableNumber = tableNumber
        self.name = name
    }
}

package struct PutSectionResponse: Codable, Hashable, Sendable {
    package var tables: Int
    package init(tables: Int) { self.tables = tables }
}
