import Contracts
import Foundation
import RPC

/// An order of five items, and the messages it causes.
enum Samples {
    private static let merchant = MerchantID(unchecked: "m-77")
    private static let location = LocationID(unchecked: "antwerp:1")
    private static let now = Date(timeIntervalSince1970: 1_772_389_800.25)

    private static let items = [
        OrderItem(
            plu: "100",
            name: "Frites groot",
            unitPriceCents: 450,
            modifiers: [OrderItem(plu: "900", name: "Mayonaise", unitPriceCents: 90)]
        ),
        OrderItem(plu: "101", name: "Cola zero 33cl", quantity: 2, unitPriceCents: 280),
        OrderItem(
            plu: "102",
            name: "Vol-au-vent met kroketten",
            unitPriceCents: 1950,
            note: "zonder champignons",
            modifiers: [OrderItem(plu: "902", name: "Extra kroketten", quantity: 2, unitPriceCents: 150)]
        ),
        OrderItem(plu: "103", name: "Crème brûlée", unitPriceCents: 750),
        OrderItem(plu: "104", name: "Koffie", quantity: 2, unitPriceCents: 320),
    ]

    static let submitOrder = SubmitOrderRequest(
        merchantId: merchant,
        locationId: location,
        transactionId: TransactionID(unchecked: "tx-2026-03-01-000123"),
        orderNumber: "1042",
        channel: .kiosk,
        serviceType: .dineIn,
        tableNumber: 12,
        guest: Guest(name: "Jan Peeters", phone: "+32470123456"),
        items: items,
        discounts: [OrderAdjustment(name: "Happy hour", amountCents: 200)],
        tipCents: 100,
        totalCents: 4640,
        payment: OrderPayment(status: .confirmed, provider: "viva_wallet", reference: "5f2c9d4e-1a02"),
        pickupAt: now
    )

    static let submitted = SubmitOrderResponse(
        orderId: UUIDv7.next(),
        transactionId: submitOrder.transactionId,
        acceptedAt: now
    )

    private static let posOrder = PosOrder(
        orderNumber: "1042",
        mark: "UPV-7K2",
        channel: "kiosk",
        serviceType: "dine_in",
        guest: submitOrder.guest,
        items: items,
        discounts: submitOrder.discounts ?? [],
        tipCents: 100,
        totalCents: 4640,
        acceptedAt: now
    )

    static let placeOrder = PlaceOrderRequest(
        merchantId: merchant,
        locationId: location,
        attemptId: UUIDv7.next(),
        notAfter: now,
        tableNumber: 12,
        order: posOrder
    )

    static let pay = PayRequest(
        merchantId: merchant,
        locationId: location,
        attemptId: UUIDv7.next(),
        notAfter: now,
        tableNumber: 12,
        amountCents: 4540,
        tipCents: 100,
        info: "1042 viva_wallet"
    )

    private static let openBill = Bill(
        tableNumber: 12,
        text: "UPV-7K2 1042",
        openCents: 4440,
        lines: items.map {
            BillLine(plu: $0.plu ?? "", name: $0.name, quantity: $0.quantity, unitPriceCents: $0.unitPriceCents)
        },
        deposits: [BillDeposit(amountCents: 100, paymentType: 9)]
    )

    static let readBill = ReadBillRequest(
        merchantId: merchant,
        locationId: location,
        tableNumber: 12,
        comparedWith: BillComparison(order: posOrder, baseline: Bill(tableNumber: 12))
    )

    static let bill = ReadBillResponse(
        bill: openBill,
        growth: BillGrowth(
            of: openBill,
            since: Bill(tableNumber: 12),
            expecting: openBill.lines,
            mark: "UPV-7K2"
        ),
        requestId: "0191d3a0-5c7e-7a10-8b11-6f2c9d4e1a01"
    )

    static let allocated = AllocateResponse(
        lease: TableLease(tableNumber: 12, fencingToken: 7, state: .held, expiresAt: now),
        bill: Bill(tableNumber: 12)
    )

    static let lease = LeaseRequest(
        merchantId: merchant,
        locationId: location,
        orderId: UUIDv7.next(),
        fencingToken: 7,
        timeZone: "Europe/Brussels"
    )
}
