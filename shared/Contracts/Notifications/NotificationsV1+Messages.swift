package import Foundation
package import RPC

package struct ListDeliveriesRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID?
    package var subscriber: SubscriberName?
    package var state: Open<DeliveryState>?
    package var type: Open<NotificationType>?
    /// 1 to 200; 50 without it.
    package var pageSize: Int?
    /// The `nextCursor` of the page before.
    package var cursor: String?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID? = nil,
        subscriber: SubscriberName? = nil,
        state: DeliveryState? = nil,
        type: NotificationType? = nil,
        pageSize: Int? = nil,
        cursor: String? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.subscriber = subscriber
        self.state = state.map { Open($0) }
        self.type = type.map { Open($0) }
        self.pageSize = pageSize
        self.cursor = cursor
    }
}

package struct ListDeliveriesResponse: Codable, Hashable, Sendable {
    package var deliveries: [DeliveryView]
    /// Absent on the last page.
    package var nextCursor: String?

    package init(deliveries: [DeliveryView], nextCursor: String? = nil) {
        self.deliveries = deliveries
        self.nextCursor = nextCursor
    }
}

/// How `SUBSCRIBERS` names somebody who is told of events.
package struct SubscriberName: Identifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Where a notification to one subscriber stands.
package enum DeliveryState: String, CaseIterable, Codable, Hashable, Sendable {
    /// It was not taken yet; it is tried again at `nextAttemptAt`.
    case pending
    /// The subscriber took it.
    case delivered
    /// It was tried as often as it is tried, or the subscriber wants no more of it. Only a resend tries it again.
    case gaveUp = "gave_up"
}

/// One notification to one subscriber.
package struct DeliveryView: Codable, Hashable, Sendable {
    /// The `webhook-id` that the subscriber sees, on every attempt.
    package var eventId: UUID
    package var subscriber: SubscriberName
    package var type: Open<NotificationType>
    package var merchantId: MerchantID
    package var locationId: LocationID?
    package var occurredAt: Date
    package var state: Open<DeliveryState>
    /// How often it was sent, attempts whose end nobody saw included.
    package var attempts: Int
    /// When it is tried next; absent where it is not.
    package var nextAttemptAt: Date?
    /// When it was delivered or given up.
    package var endedAt: Date?
    /// The latest attempts and resends, oldest first; at most 20.
    package var log: [DeliveryLogEntry]

    package init(
        eventId: UUID,
        subscriber: SubscriberName,
        type: Open<NotificationType>,
        merchantId: MerchantID,
        locationId: LocationID? = nil,
        occurredAt: Date,
        state: DeliveryState,
        attempts: Int,
        nextAttemptAt: Date? = nil,
        endedAt: Date? = nil,
        log: [DeliveryLogEntry] = []
    ) {
        self.eventId = eventId
        self.subscriber = subscriber
        self.type = type
        self.merchantId = merchantId
        self.locationId = locationId
        self.occurredAt = occurredAt
        self.state = Open(state)
        self.attempts = attempts
        self.nextAttemptAt = nextAttemptAt
        self.endedAt = endedAt
        self.log = log
    }
}

/// One attempt, or a person's wish to send again.
package struct DeliveryLogEntry: Codable, Hashable, Sendable {
    /// When the attempt began, or the person asked.
    package var at: Date
    /// The HTTP status of the answer; absent where none came.
    package var status: Int?
    /// Why it was not taken, with the beginning of the answer.
    package var error: String?
    package var durationMs: Int?
    /// Who asked for it to be sent again.
    package var actor: String?

    package init(at: Date, status: Int? = nil, error: String? = nil, durationMs: Int? = nil, actor: String? = nil) {
        self.at = at
        self.status = status
        self.error = error
        self.durationMs = durationMs
        self.actor = actor
    }
}

package struct ResendDeliveryRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var eventId: UUID
    package var subscriber: SubscriberName
    /// Who asks; 1 to 100 bytes.
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, eventId: UUID, subscriber: SubscriberName, actor: String) {
        self.merchantId = merchantId
        self.eventId = eventId
        self.subscriber = subscriber
        self.actor = actor
    }
}

package struct ResendDeliveryResponse: Codable, Hashable, Sendable {
    package var delivery: DeliveryView
    package init(delivery: DeliveryView) { self.delivery = delivery }
}
