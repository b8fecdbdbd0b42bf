package import Foundation
package import RPC

// Whether an order could be served, asked before the guest pays (rule P3).

/// An order that nobody has paid yet: what `SubmitOrder` takes, without the payment and what comes with it.
package struct CheckOrderRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var channel: Open<Channel>
    package var serviceType: Open<ServiceType>
    /// The guest's own table.
    package var tableNumber: Int?
    package var items: [OrderItem]
    package var discounts: [OrderAdjustment]?
    package var fees: [OrderAdjustment]?
    package var tipCents: Cents?
    /// What the guest would pay in all; absent: the sum is not checked.
    package var totalCents: Cents?
    /// ISO 4217; absent: the register's own.
    package var currency: String?
    package var pickupAt: Date?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        channel: Channel,
        serviceType: ServiceType,
        tableNumber: Int? = nil,
        items: [OrderItem],
        discounts: [OrderAdjustment]? = nil,
        fees: [OrderAdjustment]? = nil,
        tipCents: Cents? = nil,
        totalCents: Cents? = nil,
        currency: String? = nil,
        pickupAt: Date? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.channel = Open(channel)
        self.serviceType = Open(serviceType)
        self.tableNumber = tableNumber
        self.items = items
        self.discounts = discounts
        self.fees = fees
        self.tipCents = tipCents
        self.totalCents = totalCents
        self.currency = currency
        self.pickupAt = pickupAt
    }
}

package struct CheckOrderResponse: Codable, Hashable, Sendable {
    /// Whether the guest may pay: no problem is `blocking`.
    package var canOrder: Bool
    /// Those that are in the way first.
    package var problems: [CheckProblem]
    /// How old what this was decided on is.
    package var knowledge: CheckKnowledge
    /// Whether the register takes tips (rule K35).
    package var tips: Bool
    /// Whether guests may order first and pay later.
    package var payLater: Bool

    package init(
        canOrder: Bool,
        problems: [CheckProblem],
        knowledge: CheckKnowledge,
        tips: Bool,
        payLater: Bool
    ) {
        self.canOrder = canOrder
        self.problems = problems
        self.knowledge = knowledge
        self.tips = tips
        self.payLater = payLater
    }
}

/// One thing about an order that the guest, the channel or the location should know before it is paid.
package struct CheckProblem: Codable, Hashable, Sendable {
    package var reason: Open<CheckProblemReason>
    package var severity: Open<CheckSeverity>
    /// What it is, and what to do about it (rule P1).
    package var message: String
    /// Where in the request it stands, such as `items[2].quantity`.
    package var field: String?
    /// The line's place among `items`, from 0.
    package var line: Int?
    /// The article it is about: the line's, or one of its modifiers'.
    package var plu: String?
    /// What the menu says it costs, where the price differs.
    package var menuPriceCents: Cents?
    /// How many are left, where that is too few.
    package var available: Int?
    /// Since when it is so, where that is known.
    package var since: Date?
    package var nextAction: Open<NextAction>?

    package init(
        reason: Open<CheckProblemReason>,
        severity: CheckSeverity,
        message: String,
        field: String? = nil,
        line: Int? = nil,
        plu: String? = nil,
        menuPriceCents: Cents? = nil,
        available: Int? = nil,
        since: Date? = nil,
        nextAction: NextAction? = nil
    ) {
        self.reason = reason
        self.severity = Open(severity)
        self.message = message
        self.field = field
        self.line = line
        self.plu = plu
        self.menuPriceCents = menuPriceCents
        self.available = available
        self.since = since
        self.nextAction = nextAction.map { Open($0) }
    }
}

package enum CheckSeverity: String, CaseIterable, Sendable, Codable {
    /// The order would not be taken, or the register would not make it: do not let the guest pay.
    case blocking
    /// The order would be taken, and goes on as its message says.
    case warning
}

package enum CheckProblemReason: String, CaseIterable, Sendable, Codable {
    /// `SubmitOrder` would refuse it; `field` says what.
    case invalidOrder = "invalid_order"
    /// No menu of this location ever had the article.
    case unknownPlu = "unknown_plu"
    /// It was on the menu, and no longer is.
    case removedPlu = "removed_plu"
    case outOfStock = "out_of_stock"
    /// The register's price was another at the last import.
    case priceDiffers = "price_differs"
    /// The item does not offer this modifier.
    case modifierNotOffered = "modifier_not_offered"
    /// No section of the location has this table.
    case unknownTable = "unknown_table"
    /// Which tables there are is not known: table-allocator did not answer in time, or there are no sections.
    case tablesUnknown = "tables_unknown"
    /// The menu is not known: menu-sync did not answer in time, or there was no import yet.
    case menuUnknown = "menu_unknown"
    /// The register cannot be reached; orders are taken in and wait for it (rule K32).
    case registerOffline = "register_offline"
    /// The register refuses the connection's address or keys; orders are taken in and wait.
    case registerMisconfigured = "register_misconfigured"
    /// The register's gateway has not been heard of lately.
    case registerUnknown = "register_unknown"
    /// A person keeps the location's orders from its register; orders are taken in and wait.
    case locationPaused = "location_paused"
    /// The register takes no tips: the tip is recorded and does not reach it.
    case tipsNotTaken = "tips_not_taken"
}

/// How old the knowledge is that a check went by; what is absent was not known.
package struct CheckKnowledge: Codable, Hashable, Sendable {
    /// Now, by the clock that the other moments are to be compared with.
    package var checkedAt: Date
    /// Absent where no menu was ever imported, or menu-sync did not answer in time.
    package var menuVersion: Int?
    /// When the register's menu was last known to be this one.
    package var menuAsOf: Date?
    /// When the register was last asked for its stock.
    package var stockAsOf: Date?
    package var connectionStatus: Open<ConnectionStatus>
    /// When the connection was first heard to be in this status.
    package var connectionStatusSince: Date?
    /// When a connection test was last heard to have succeeded.
    package var connectionTestedAt: Date?
    /// When this replica last heard from the register's gateway.
    package var connectionHeardAt: Date?
    /// When the location's tables were last read; absent where no table was asked about.
    package var tablesAsOf: Date?

    package init(
        checkedAt: Date,
        menuVersion: Int? = nil,
        menuAsOf: Date? = nil,
        stockAsOf: Date? = nil,
        connectionStatus: ConnectionStatus,
        connectionStatusSince: Date? = nil,
        connectionTestedAt: Date? = nil,
        connectionHeardAt: Date? = nil,
        tablesAsOf: Date? = nil
    ) {
        self.checkedAt = checkedAt
        self.menuVersion = menuVersion
        self.menuAsOf = menuAsOf
        self.stockAsOf = stockAsOf
        self.connectionStatus = Open(connectionStatus)
        self.connectionStatusSince = connectionStatusSince
        self.connectionTestedAt = connectionTestedAt
        self.connectionHeardAt = connectionHeardAt
        self.tablesAsOf = tablesAsOf
    }
}

extension CheckOrderRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "channel": .about("Only known values pass."),
            "serviceType": .about("Only known values pass."),
            "tableNumber": .number(OrderLimits.tableNumber, "The guest's own table. Required for `table_qr`."),
            "items": .list(OrderLimits.items, "As in `SubmitOrder`."),
            "discounts": .list(OrderLimits.adjustments, "Their amounts are positive."),
            "fees": .list(OrderLimits.adjustments),
            "tipCents": .number(OrderLimits.cents),
            "totalCents": .number(OrderLimits.cents, "Without it the sum is not checked."),
            "currency": .about("ISO 4217; without it the register's own.", example: "EUR"),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        CheckOrderRequest(
            merchantId: MerchantID(unchecked: "demo-merchant"),
            locationId: LocationID(unchecked: "brasserie-du-port"),
            channel: .kiosk,
            serviceType: .takeaway,
            items: [
                OrderItem(
                    plu: "103",
                    name: "Burger",
                    unitPriceCents: 1400,
                    modifiers: [OrderItem(plu: "902", name: "Extra cheese", unitPriceCents: 150)]
                )
            ],
            totalCents: 1550
        )
    }
}

extension CheckProblem: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "field": .about("Where in the request it stands.", example: "items[2].quantity"),
            "line": .about("The line's place among `items`, from 0."),
            "menuPriceCents": .about("What the menu says it costs, where the price differs."),
            "available": .about("How many are left, where that is too few."),
            "since": .about("Since when it is so, where that is known."),
        ]
    }
}

extension CheckKnowledge: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "checkedAt": .about("Now: compare the other moments with it."),
            "menuAsOf": .about("When the register's menu was last known to be this one."),
            "stockAsOf": .about("When the register was last asked for its stock."),
            "connectionStatusSince": .about("When the connection was first heard to be in this status."),
            "connectionTestedAt": .about("When a connection test was last heard to have succeeded."),
            "connectionHeardAt": .about("When this replica last heard from the register's gateway."),
            "tablesAsOf": .about("When the location's tables were last read."),
        ]
    }
}
