package import RPC

/// Takes paid orders and brings each to the register of its location: once, on the right table, with its bill settled.
package enum OrderRouterV1 {
    package static let service = "upvendo.orders.v1.OrderRouter"

    /// Stores an order and sends it on its way.
    ///
    /// It answers when the order is committed, not when it is delivered.
    ///
    /// Repeating a call with the same `merchantId` and `transactionId` returns the first answer, so callers retry
    /// freely. Fails with `invalid_argument` (every wrong field is listed), `not_found` (`unknown_location`) or
    /// `already_exists` (`content_differs`, with the fields that differ).
    package static let submitOrder = RPCMethod<SubmitOrderRequest, SubmitOrderResponse>(
        service,
        "SubmitOrder",
        .idempotent,
        summary: "Stores a paid order and sends it on its way; the first outcome answers every repetition."
    )

    /// Whether an order could be served, before the guest pays (rule P3).
    ///
    /// It answers from what our own services know, within 50 ms: nothing is asked of a register, and nothing is written.
    /// What is wrong with the order is in the answer, not an error. Where menu-sync or table-allocator does not answer
    /// in time, the answer says so and the guest is not stopped. Fails with `not_found` (`unknown_location`).
    package static let checkOrder = RPCMethod<CheckOrderRequest, CheckOrderResponse>(
        service,
        "CheckOrder",
        .readOnly,
        summary: "Whether an order could be served, before the guest pays, and how old that knowledge is."
    )

    /// One order: where it is, why, every step so far and every write towards the register.
    ///
    /// With `waitForStates` it answers when the order is in one of them, has come to an end, or the caller's deadline is
    /// near: the order as it is then. Fails with `not_found` (`unknown_order`), or with `resource_exhausted`
    /// (`too_many_waiters`) where too many calls wait already.
    package static let getOrder = RPCMethod<GetOrderRequest, GetOrderResponse>(
        service,
        "GetOrder",
        .readOnly,
        summary: "One order: where it is, why, every step so far and every write towards the register."
    )

    /// A page of a location's orders, newest first.
    package static let listOrders = RPCMethod<ListOrdersRequest, ListOrdersResponse>(
        service,
        "ListOrders",
        .readOnly,
        summary: "A page of orders, newest first."
    )

    /// Shows an order that needs a person, its bill beside what was expected; with a decision, carries that out.
    ///
    /// Fails with `aborted` (`order_moved_on`) where the order is not as the person saw it, with `failed_precondition`
    /// (`decision_not_possible`) where the decision does not fit the order, with `not_found` (`unknown_order`).
    package static let resolveOrder = RPCMethod<ResolveOrderRequest, ResolveOrderResponse>(
        service,
        "ResolveOrder",
        .notIdempotent,
        summary: "Shows an order that needs a person, or carries out what the person decided."
    )

    /// Tries an order again now (rule P2): one that is parked, waiting or not settled, or, from the start, a refused one.
    ///
    /// Fails with `failed_precondition`: `needs_decision` (use `ResolveOrder`), `order_under_way`, `order_ended`,
    /// `location_paused`; with `not_found` (`unknown_order`).
    package static let retryOrder = RPCMethod<RetryOrderRequest, RetryOrderResponse>(
        service,
        "RetryOrder",
        .notIdempotent,
        summary: "Tries an order again now."
    )

    /// Tries a set of orders again, newest first, a page a call (rule P2).
    package static let retryOrders = RPCMethod<RetryOrdersRequest, RetryOrdersResponse>(
        service,
        "RetryOrders",
        .notIdempotent,
        summary: "Tries a filtered set of orders again now."
    )

    /// Cancels an order of which nothing was sent; repeating it for a cancelled order is success.
    ///
    /// Fails with `failed_precondition`: `already_sent`, `order_ended`; with `unavailable` (`cancel_pending`) where it is
    /// not known yet whether it was sent: the request stays, ask again. With `not_found` (`unknown_order`).
    package static let cancelOrder = RPCMethod<CancelOrderRequest, CancelOrderResponse>(
        service,
        "CancelOrder",
        .idempotent,
        summary: "Gives up an order of which nothing was sent."
    )

    /// Lets the parked and the waiting orders of a location go now, as a successful connection test does.
    ///
    /// Scheduled orders, and those that left the queue because the register fails on them, stay. Fails with
    /// `failed_precondition` where nothing can be sent: `register_unreachable`, `register_misconfigured`,
    /// `location_paused`; with `not_found` (`unknown_location`).
    package static let requeueLocation = RPCMethod<RequeueLocationRequest, RequeueLocationResponse>(
        service,
        "RequeueLocation",
        .idempotent,
        summary: "Lets a location's parked and waiting orders go out now."
    )

    /// Keeps a location's orders from its register until it is resumed.
    ///
    /// Orders are still taken in. What is on the register already is still settled. Fails with `not_found`
    /// (`unknown_location`).
    package static let pauseLocation = RPCMethod<PauseLocationRequest, PauseLocationResponse>(
        service,
        "PauseLocation",
        .idempotent,
        summary: "Takes a location's orders in and sends none."
    )

    /// Ends a pause: what was held back goes out, oldest first.
    ///
    /// Fails with `not_found` (`unknown_location`).
    package static let resumeLocation = RPCMethod<ResumeLocationRequest, ResumeLocationResponse>(
        service,
        "ResumeLocation",
        .idempotent,
        summary: "Sends a paused location's orders again."
    )

    /// How a location stands: its register, its pause, its backlog.
    ///
    /// Fails with `not_found` (`unknown_location`).
    package static let getLocationStatus = RPCMethod<LocationRequest, GetLocationStatusResponse>(
        service,
        "GetLocationStatus",
        .readOnly,
        summary: "Whether a location's register can be reached, and what waits for it."
    )

    /// The locations at which parked orders wait and nothing lets them go: a page of them, over all merchants.
    ///
    /// Left out are those whose orders are being let go already, and paused ones. Only a caller for all merchants may ask.
    package static let listWaitingLocations = RPCMethod<ListWaitingLocationsRequest, ListWaitingLocationsResponse>(
        service,
        "ListWaitingLocations",
        .readOnly,
        summary: "The locations at which parked orders wait for their register."
    )

    /// Erases what an order that has come to its end holds of its guest, now and not after the retention time.
    ///
    /// Amounts, lines and states stay; the order's history names who asked. Repeating it is success. Fails with
    /// `failed_precondition` (`order_not_ended`) where the order still needs its guest, with `not_found`
    /// (`unknown_order`).
    package static let eraseGuest = RPCMethod<EraseGuestRequest, EraseGuestResponse>(
        service,
        "EraseGuest",
        .idempotent,
        summary: "Erases what an order holds of its guest, now."
    )
}
