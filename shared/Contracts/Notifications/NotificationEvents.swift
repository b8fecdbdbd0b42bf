package import Foundation
package import RPC

/// Every kind of event that subscribers can be told of.
///
/// A kind is `subject.what`; a subscriber names kinds, a subject with all of its kinds (`order.*`), or all (`*`).
package enum NotificationType: String, CaseIterable, Codable, Hashable, Sendable {
    /// An order is in another state, or stays where it is for another reason (order-router).
    case orderChanged = "order.changed"
    /// A location's register can be used or not, was deleted, or the location was paused or resumed (order-router).
    case locationChanged = "location.changed"
    /// The menu of a location is another one: load it again (menu-sync).
    case menuReload = "menu.reload"
    /// The setup of a location is one step further (menu-sync).
    case setupProgressed = "setup.progressed"
    /// Some articles of a location have another stock (menu-sync).
    case stockChanged = "stock.changed"
}

/// What an event says: the `data` of a notification.
///
/// Thin: identifiers, states, reasons and versions, so that no guest's data leaves with it. Who needs more asks the
/// service for it. Notifications may come twice and out of order: what an event tells is where to look.
package protocol NotificationEvent: Codable, Hashable, Sendable {
    static var type: NotificationType { get }
}

/// An order has moved.
///
/// States that an order passes within one commit are not told one by one: `previousState` is the last one told.
package struct OrderChangedEvent: NotificationEvent {
    package static let type = NotificationType.orderChanged

    package var merchantId: MerchantID
    package var locationId: LocationID
    package var orderId: UUID
    package var transactionId: TransactionID
    package var orderNumber: String?
    package var state: Open<OrderState>
    /// Absent for a new order; the same as `state` where only the reason is another.
    package var previousState: Open<OrderState>?
    /// Why the order is not further, a token of docs/reasons.md.
    package var reason: String?
    /// Grows with every change of the order: of two events of one order the one with the larger revision is the newer.
    package var revision: Int

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        orderId: UUID,
        transactionId: TransactionID,
        orderNumber: String? = nil,
        state: OrderState,
        previousState: OrderState? = nil,
        reason: String? = nil,
        revision: Int
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.orderId = orderId
        self.transactionId = transactionId
        self.orderNumber = orderNumber
        self.state = Open(state)
        self.previousState = previousState.map { Open($0) }
        self.reason = reason
        self.revision = revision
    }
}

/// A location stands in another way: its register, or a person's pause.
package struct LocationChangedEvent: NotificationEvent {
    package static let type = NotificationType.locationChanged

    package var merchantId: MerchantID
    package var locationId: LocationID
    package var provider: String
    package var status: Open<ConnectionStatus>
    /// The connection's epoch: it grows with every successful test.
    package var epoch: Int
    /// True where the location has no register any more.
    package var isDeleted: Bool
    /// True while a person keeps the location's orders from its register.
    package var isPaused: Bool

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        provider: String,
        status: ConnectionStatus,
        epoch: Int,
        isDeleted: Bool,
        isPaused: Bool
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.provider = provider
        self.status = Open(status)
        self.epoch = epoch
        self.isDeleted = isDeleted
        self.isPaused = isPaused
    }
}

/// What made a menu another one.
package enum MenuReloadCause: String, CaseIterable, Codable, Hashable, Sendable {
    /// A catalogue of the register was imported.
    case imported = "import"
    /// A person went back to an earlier version.
    case rollback
    /// A person changed the menu.
    case edit
    /// The location's integration was deleted.
    case deletion
}

/// A location has another menu.
package struct MenuReloadEvent: NotificationEvent {
    package static let type = NotificationType.menuReload

    package var merchantId: MerchantID
    package var locationId: LocationID
    /// The version to load; of two events of one location the one with the larger version is the newer.
    package var menuVersion: Int
    package var cause: Open<MenuReloadCause>

    package init(merchantId: MerchantID, locationId: LocationID, menuVersion: Int, cause: MenuReloadCause) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.menuVersion = menuVersion
        self.cause = Open(cause)
    }
}

/// The setup of a location is one step further.
package struct SetupProgressedEvent: NotificationEvent {
    package static let type = NotificationType.setupProgressed

    package var merchantId: MerchantID
    package var locationId: LocationID
    /// The provider whose register is being set up.
    package var provider: String
    /// The step that was reached, in menu-sync's words.
    package var step: String
    /// The synchronisation that reached it, where one did.
    package var syncId: UUID?

    package init(merchantId: MerchantID, locationId: LocationID, provider: String, step: String, syncId: UUID? = nil) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.provider = provider
        self.step = step
        self.syncId = syncId
    }
}

/// The stock of some articles of a location is another one.
package struct StockChangedEvent: NotificationEvent {
    package static let type = NotificationType.stockChanged

    package var merchantId: MerchantID
    package var locationId: LocationID
    /// Those that changed, at most ``mostItems``.
    package var items: [StockChange]

    /// How many articles one event names at most.
    package static let mostItems = 500

    package init(merchantId: MerchantID, locationId: LocationID, items: [StockChange]) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.items = items
    }

    /// As many events as it takes to name all of these; none for none.
    package static func events(
        merchantId: MerchantID,
        locationId: LocationID,
        items: [StockChange]
    ) -> [StockChangedEvent] {
        stride(from: 0, to: items.count, by: mostItems).map { start in
            StockChangedEvent(
                merchantId: merchantId,
                locationId: locationId,
                items: Array(items[start..<min(start + mostItems, items.count)])
            )
        }
    }
}

/// How much of an article there is now.
package struct StockChange: Codable, Hashable, Sendable {
    package var plu: String
    /// Absent where it is not counted.
    package var quantity: Int?
    package var outOfStock: Bool

    package init(plu: String, quantity: Int? = nil, outOfStock: Bool) {
        self.plu = plu
        self.quantity = quantity
        self.outOfStock = outOfStock
    }
}

/// A notification as it is posted: the body that the signature covers.
package struct PostedNotification<Event: NotificationEvent>: Codable, Hashable, Sendable {
    package var type: Open<NotificationType>
    /// When it happened.
    package var timestamp: Date
    package var data: Event

    package init(timestamp: Date, data: Event) {
        type = Open(Event.type)
        self.timestamp = timestamp
        self.data = data
    }
}
