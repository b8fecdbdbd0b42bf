package import Foundation
package import RPC

// What people and channels ask of a location as a whole.

package struct RequeueLocationRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Who asks; 1 to 100 bytes.
    package var actor: String
    package var note: String?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, actor: String, note: String? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.actor = actor
        self.note = note
    }
}

package struct RequeueLocationResponse: Codable, Hashable, Sendable {
    /// Parked orders that go out again: one first, the others when it is on the register.
    package var parked: Int
    /// Waiting orders that are tried now.
    package var waiting: Int

    package init(parked: Int, waiting: Int) {
        self.parked = parked
        self.waiting = waiting
    }
}

package struct PauseLocationRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Who asks; 1 to 100 bytes.
    package var actor: String
    /// Why; 1 to 500 bytes.
    package var reason: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, actor: String, reason: String) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.actor = actor
        self.reason = reason
    }
}

package struct PauseLocationResponse: Codable, Hashable, Sendable {
    /// The pause that holds now: the first one, where the location was paused before.
    package var paused: LocationPause
    package init(paused: LocationPause) { self.paused = paused }
}

/// Who paused a location, since when and why.
package struct LocationPause: Codable, Hashable, Sendable {
    package var actor: String
    package var reason: String
    package var since: Date

    package init(actor: String, reason: String, since: Date) {
        self.actor = actor
        self.reason = reason
        self.since = since
    }
}

package struct ResumeLocationRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Who asks; 1 to 100 bytes.
    package var actor: String
    package var reason: String?

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID, actor: String, reason: String? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.actor = actor
        self.reason = reason
    }
}

package struct ResumeLocationResponse: Codable, Hashable, Sendable {
    /// False where the location was not paused.
    package var wasPaused: Bool
    /// Orders that were held back and go out now.
    package var resumed: Int

    package init(wasPaused: Bool, resumed: Int) {
        self.wasPaused = wasPaused
        self.resumed = resumed
    }
}

/// How a location stands, for a channel before it sells and for people (rules K35, P3).
package struct GetLocationStatusResponse: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Whether orders go out now: the register is usable and the location is not paused.
    package var isSending: Bool
    /// Whether the register is usable, as its gateway last said.
    package var connected: Bool
    package var status: Open<ConnectionStatus>
    package var provider: String
    /// Whether the register takes tips (rule K35).
    package var tips: Bool
    /// Whether guests may order first and pay later.
    package var payLater: Bool
    package var tableMode: Open<TableMode>
    package var currency: String
    package var timeZone: String
    package var epoch: Int
    package var paused: LocationPause?
    /// Orders that are not at their end, by state; states without one are left out.
    package var backlog: [BacklogEntry]
    /// When the oldest order that has not reached the register was accepted; scheduled ones do not count.
    package var oldestWaitingSince: Date?
    /// When this replica last read the gateway's feed; absent where it never did.
    package var heardAt: Date?

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        isSending: Bool,
        connected: Bool,
        status: ConnectionStatus,
        provider: String,
        tips: Bool,
        payLater: Bool,
        tableMode: TableMode,
        currency: String,
        timeZone: String,
        epoch: Int,
        paused: LocationPause?,
        backlog: [BacklogEntry],
        oldestWaitingSince: Date?,
        heardAt: Date?
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.isSending = isSending
        self.connected = connected
        self.status = Open(status)
        self.provider = provider
        self.tips = tips
        self.payLater = payLater
        self.tableMode = Open(tableMode)
        self.currency = currency
        self.timeZone = timeZone
        self.epoch = epoch
        self.paused = paused
        self.backlog = backlog
        self.oldestWaitingSince = oldestWaitingSince
        self.heardAt = heardAt
    }
}

/// How many orders of a location are in a state.
package struct BacklogEntry: Codable, Hashable, Sendable {
    package var state: Open<OrderState>
    package var orders: Int

    package init(state: OrderState, orders: Int) {
        self.state = Open(state)
        self.orders = orders
    }
}

package struct ListWaitingLocationsRequest: Codable, Hashable, Sendable {
    package var pageSize: Int?
    package var cursor: String?

    package init(pageSize: Int? = nil, cursor: String? = nil) {
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListWaitingLocationsResponse: Codable, Hashable, Sendable {
    package var locations: [WaitingLocation]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(locations: [WaitingLocation], nextCursor: String? = nil) {
        self.locations = locations
        self.nextCursor = nextCursor
    }
}

/// A location at which parked orders wait for its register.
package struct WaitingLocation: Codable, Hashable, Sendable {
    package var merchantId: MerchantID
    package var locationId: LocationID
    /// When the oldest of them was accepted.
    package var oldestAcceptedAt: Date

    package init(merchantId: MerchantID, locationId: LocationID, oldestAcceptedAt: Date) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.oldestAcceptedAt = oldestAcceptedAt
    }
}
