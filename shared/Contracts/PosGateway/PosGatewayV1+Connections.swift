package import Foundation
package import RPC

package struct TestConnectionResponse: Codable, Hashable, Sendable {
    package var status: Open<ConnectionStatus>
    /// What was found, and what to do about it (rule P1).
    package var message: String
    package var systemName: String?
    package var systemVersion: String?
    /// Whether the register takes tips (rule K35).
    package var tips: Bool?
    /// Whether the payment type that settles orders exists on the register.
    package var webshopPaymentType: Bool?
    /// What works but should be looked at.
    package var warnings: [String]

    package init(
        status: ConnectionStatus,
        message: String,
        systemName: String? = nil,
        systemVersion: String? = nil,
        tips: Bool? = nil,
        webshopPaymentType: Bool? = nil,
        warnings: [String] = []
    ) {
        self.status = Open(status)
        self.message = message
        self.systemName = systemName
        self.systemVersion = systemVersion
        self.tips = tips
        self.webshopPaymentType = webshopPaymentType
        self.warnings = warnings
    }
}

package enum ConnectionStatus: String, CaseIterable, Sendable, Codable {
    /// Saved, and not tried yet.
    case untested
    case connected
    /// The register cannot be reached. Nothing but a test is tried against it.
    case disconnected
    /// The register refuses our address or credentials. A person has to correct them.
    case misconfigured
}

package struct ListConnectionsRequest: Codable, Hashable, Sendable {
    /// What the answer before ended with; 0 for everything.
    package var sinceVersion: Int
    /// From 1 to 500.
    package var limit: Int

    package init(sinceVersion: Int, limit: Int = 500) {
        self.sinceVersion = sinceVersion
        self.limit = limit
    }
}

package struct ListConnectionsResponse: Codable, Hashable, Sendable {
    /// In the order of their versions.
    ///
    /// A full page means there is more.
    package var connections: [PosConnection]
    /// Goes into the next call's `sinceVersion`.
    package var version: Int

    package init(connections: [PosConnection], version: Int) {
        self.connections = connections
        self.version = version
    }
}

/// What others need to know of a location's connection.
///
/// No credentials.
package struct PosConnection: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Names the connection among all gateways, such as `vanhoutte`; the key in `externalData` and `external_ids`.
    package var provider: String
    package var version: Int
    package var status: Open<ConnectionStatus>
    /// Grows with every successful test and every change of credentials.
    package var epoch: Int
    package var timeZone: String
    /// How orders without a table of their own come by one.
    package var tableMode: Open<TableMode>
    package var onMismatch: Open<MismatchPolicy>
    package var capabilities: PosCapabilities
    package var isDeleted: Bool
    /// The daily import (rule K9), `HH:mm` in the location's zone; absent when it is off.
    package var syncTime: String?
    /// When an import was last asked for by hand; absent when it never was.
    ///
    /// A follower that has not begun one since then begins it now.
    package var syncRequestedAt: Date?
    /// Only stock at or below this is asked of the register (rule K27); absent: all that is counted down.
    package var stockThreshold: Int?
    /// The section that the register's tables go into (rule K12).
    ///
    /// It begins with the provider's display name. Absent: the register's tables are not kept.
    package var tableSection: String?
    /// When it was connected; another instant than before says that it was deleted in between.
    ///
    /// The feed has one entry for each location: a tombstone that was not read before it was connected again is gone.
    package var connectedAt: Date?

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        provider: String,
        version: Int,
        status: ConnectionStatus,
        epoch: Int,
        timeZone: String,
        tableMode: TableMode,
        onMismatch: MismatchPolicy,
        capabilities: PosCapabilities,
        isDeleted: Bool,
        syncTime: String? = nil,
        syncRequestedAt: Date? = nil,
        stockThreshold: Int? = nil,
        tableSection: String? = nil,
        connectedAt: Date? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.provider = provider
        self.version = version
        self.status = Open(status)
        self.epoch = epoch
        self.timeZone = timeZone
        self.tableMode = Open(tableMode)
        self.onMismatch = Open(onMismatch)
        self.capabilities = capabilities
        self.isDeleted = isDeleted
        self.syncTime = syncTime
        self.syncRequestedAt = syncRequestedAt
        self.stockThreshold = stockThreshold
        self.tableSection = tableSection
        self.connectedAt = connectedAt
    }
}

/// What to do when the bill of a table that is ours alone differs from what the guest paid.
package enum MismatchPolicy: String, CaseIterable, Sendable, Codable {
    /// Pay the register's own total where it is not above what was paid, else post a deposit.
    case settle
    /// Always post what was paid as a deposit, and leave the bill to the staff.
    case deposit
}

/// What a register can do.
///
/// Callers decide by these and never by a vendor's name.
package struct PosCapabilities: Codable, Hashable, Sendable {
    package var tableModes: [Open<TableMode>]
    /// Placing an order settles its bill too.
    package var placesAndSettles: Bool
    /// The register itself recognises an order it already has.
    package var idempotentPlacement: Bool
    package var payLater: Bool
    package var tips: Bool
    /// A payment must be the bill's own total to the cent.
    package var exactSettlement: Bool
    /// Menus can be written to the register.
    package var push: Bool
    /// Articles are numbers, so a PLU that is none can never be placed.
    package var numericPlu: Bool
    package var currency: String

    package init(
        tableModes: [TableMode],
        placesAndSettles: Bool,
        idempotentPlacement: Bool,
        payLater: Bool,
        tips: Bool,
        exactSettlement: Bool,
        push: Bool,
        numericPlu: Bool,
        currency: String
    ) {
        self.tableModes = tableModes.map { Open($0) }
        self.placesAndSettles = placesAndSettles
        self.idempotentPlacement = idempotentPlacement
        self.payLater = payLater
        self.tips = tips
        self.exactSettlement = exactSettlement
        self.push = push
        self.numericPlu = numericPlu
        self.currency = currency
    }
}

package struct RecordActivityRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var type: Open<ActivityType>
    /// For the restaurant owner.
    ///
    /// No guest data.
    package var message: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, type: ActivityType, message: String) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.type = Open(type)
        self.message = message
    }
}

/// The kinds of entry in a location's activity log (rule K11).
package enum ActivityType: String, CaseIterable, Sendable, Codable {
    case success
    case error
    case info
}

package struct RecordActivityResponse: Codable, Hashable, Sendable {
    package init() {}
}
