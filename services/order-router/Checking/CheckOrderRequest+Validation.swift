import Contracts
import RPC

extension CheckOrderRequest {
    /// What `SubmitOrder` would refuse of it, with each field.
    func problems(capabilities: PosCapabilities?) -> [FieldProblem] {
        OrderValidation.problems(with: asIfPaid(capabilities), capabilities: capabilities)
            .filter { totalCents != nil || $0.field != "totalCents" }
    }

    /// The order it would be: number, transaction and payment come with the payment, and pass here.
    private func asIfPaid(_ capabilities: PosCapabilities?) -> SubmitOrderRequest {
        var order = SubmitOrderRequest(
            merchantId: merchantId,
            locationId: locationId,
            transactionId: TransactionID(unchecked: "unpaid"),
            orderNumber: "unpaid",
            channel: .kiosk,
            serviceType: .takeaway,
            tableNumber: tableNumber,
            items: items,
            discounts: discounts,
            fees: fees,
            tipCents: tipCents,
            totalCents: totalCents ?? 0,
            currency: currency ?? capabilities?.currency ?? Currency.eur.rawValue,
            payment: OrderPayment(status: .confirmed, provider: "unpaid", reference: "unpaid"),
            pickupAt: pickupAt
        )
        order.channel = channel
        order.serviceType = serviceType
        return order
    }
}
