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

    /// One order: where it is, why, and every step so far.
    ///
    /// Fails with `not_found` (`unknown_order`).
    package static let getOrder = RPCMethod<GetOrderRequest, GetOrderResponse>(
        service,
        "GetOrder",
        .readOnly,
        summary: "One order: where it is, why, and every step so far."
    )

    /// A page of a location's orders, newest first.
    package static let listOrders = RPCMethod<ListOrdersRequest, ListOrdersResponse>(
        service,
        "ListOrders",
        .readOnly,
        summary: "A page of orders, newest first."
    )
}
