package import Foundation
package import RPC

// Guest data is erased after a retention time (`RetentionV1`), or at once where a guest asks for it.

/// Erases what an order holds of its guest.
///
/// Names the order by our id or by its transaction.
package struct EraseGuestRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var orderId: UUID?
    package var transactionId: TransactionID?
    /// Who asks; 1 to 100 bytes.
    ///
    /// It stays in the order's history, so it never names the guest.
    package var actor: String

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        orderId: UUID? = nil,
        transactionId: TransactionID? = nil,
        actor: String
    ) {
        self.merchantId = merchantId
        self.orderId = orderId
        self.transactionId = transactionId
        self.actor = actor
    }
}

package struct EraseGuestResponse: Codable, Hashable, Sendable {
    package var order: OrderView
    /// False where it was erased before.
    package var changed: Bool

    package init(order: OrderView, changed: Bool) {
        self.order = order
        self.changed = changed
    }
}

extension EraseGuestRequest: SchemaHinted {
    package static var schemaHints: [String: SchemaHint] {
        [
            "orderId": .about("This or `transactionId`, exactly one of them."),
            "transactionId": .about("This or `orderId`, exactly one of them."),
            "actor": .text(bytes: 1...100, "Who asks; it stays in the order's history.", example: "anna@upvendo"),
        ]
    }
}
