import Foundation
package import RPC

/// What is checked of requests about notifications, and shown in the document.
package enum NotificationLimits {
    package static let pageSize = 1...200
    /// In bytes of UTF-8.
    package static let actor = 1...100
    /// How many entries a delivery's log keeps.
    package static let logEntries = 20
}

extension ListDeliveriesRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "subscriber": .about("As it is named in `SUBSCRIBERS`."),
            "state": .about("Only known values are taken."),
            "type": .about("Only known values are taken."),
            "pageSize": .number(NotificationLimits.pageSize, "50 without it."),
            "cursor": .about("The `nextCursor` of the page before."),
        ]
    }

    package static var schemaExample: (any Encodable & Sendable)? {
        ListDeliveriesRequest(merchantId: MerchantID(unchecked: "demo-merchant"), state: .gaveUp)
    }
}

extension ResendDeliveryRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "eventId": .about("The notification's `webhook-id`, as `ListDeliveries` names it."),
            "subscriber": .about("As it is named in `SUBSCRIBERS`."),
            "actor": .text(bytes: NotificationLimits.actor, "Who asks. It stands in the delivery's log."),
        ]
    }
}

extension DeliveryView: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "eventId": .about("The `webhook-id` that the subscriber sees, on every attempt."),
            "attempts": .about("How often it was sent, attempts whose end nobody saw included."),
            "nextAttemptAt": .about("When it is tried next; absent where it is not."),
            "endedAt": .about("When it was delivered or given up."),
            "log": .about("The latest attempts and resends, oldest first; at most 20."),
        ]
    }
}
