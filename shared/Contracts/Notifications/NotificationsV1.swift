package import RPC

/// What became of a service's notifications; served by every service that sends some, each for its own.
package enum NotificationsV1 {
    package static let service = "upvendo.notifications.v1.Notifications"

    /// A page of what was or is to be sent, newest first, each with its latest attempts.
    ///
    /// Fails with `invalid_argument`.
    package static let listDeliveries = RPCMethod<ListDeliveriesRequest, ListDeliveriesResponse>(
        service,
        "ListDeliveries",
        .readOnly,
        summary: "A page of notifications to subscribers, newest first, with what came of each."
    )

    /// Sends a notification to one subscriber again, now and with all retries, whatever became of it before.
    ///
    /// It keeps its `webhook-id`, so a subscriber that has it already can tell. Fails with `not_found`
    /// (`unknown_delivery`), or with `failed_precondition` (`unknown_subscriber`) where nobody of that name subscribes any
    /// more.
    package static let resendDelivery = RPCMethod<ResendDeliveryRequest, ResendDeliveryResponse>(
        service,
        "ResendDelivery",
        .notIdempotent,
        summary: "Sends a notification to one subscriber again."
    )
}
