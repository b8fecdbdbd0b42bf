package import Foundation
package import RPC

package struct CheckPlacementRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var attemptId: UUID
    package var tableNumber: Int
    package var order: PosOrder
    /// The table's bill as it was read before the order was sent.
    package var baseline: Bill
    /// True when the register answered no: then one read that shows the order absent is enough.
    package var afterRefusal: Bool

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        attemptId: UUID,
        tableNumber: Int,
        order: PosOrder,
        baseline: Bill,
        afterRefusal: Bool
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptId = attemptId
        self.tableNumber = tableNumber
        self.order = order
        self.baseline = baseline
        self.afterRefusal = afterRefusal
    }
}

package struct CheckSettlementRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var attemptId: UUID
    package var tableNumber: Int
    /// What was attempted.
    package var kind: Open<PaymentKind>
    package var amountCents: Cents
    /// The bill as it was read before the payment was sent.
    package var billBefore: Bill

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        attemptId: UUID,
        tableNumber: Int,
        kind: PaymentKind,
        amountCents: Cents,
        billBefore: Bill
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.attemptId = attemptId
        self.tableNumber = tableNumber
        self.kind = Open(kind)
        self.amountCents = amountCents
        self.billBefore = billBefore
    }
}

package enum PaymentKind: String, CaseIterable, Sendable, Codable {
    /// The whole bill, which is gone afterwards.
    case settle
    /// A part of the bill, which stays open.
    case deposit
}

/// What reading the register proved.
package struct CheckResponse: Codable, Hashable, Sendable {
    package var finding: Open<CheckFinding>
    /// What was seen, in words.
    package var evidence: String
    /// A stable token for a finding that will not change by itself, such as `lines_twice`.
    package var reason: String?
    /// When reading again can prove more; absent where it cannot.
    package var checkAgainInMs: Int?

    package init(_ finding: CheckFinding, evidence: String, reason: String? = nil, checkAgainInMs: Int? = nil) {
        self.finding = Open(finding)
        self.evidence = evidence
        self.reason = reason
        self.checkAgainInMs = checkAgainInMs
    }
}

package enum CheckFinding: String, CaseIterable, Sendable, Codable {
    /// It is there.
    case done
    /// It is not there and will not come.
    case absent
    /// Neither is proven.
    case unknown
}

package struct ReadBillRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID
    package var tableNumber: Int
    /// Asks what an order of ours has to do with the bill.
    package var comparedWith: BillComparison?

    package var merchantID: MerchantID { merchantId }

    package init(
        merchantId: MerchantID,
        locationId: LocationID,
        tableNumber: Int,
        comparedWith: BillComparison? = nil
    ) {
        self.merchantId = merchantId
        self.locationId = locationId
        self.tableNumber = tableNumber
        self.comparedWith = comparedWith
    }
}

/// An order of ours and the bill as it was before it.
package struct BillComparison: Codable, Hashable, Sendable {
    package var order: PosOrder
    package var baseline: Bill
    /// The write that put the order on the register.
    ///
    /// With it the bill is compared only where that went to the register that is connected now.
    package var attemptId: UUID?

    package init(order: PosOrder, baseline: Bill, attemptId: UUID? = nil) {
        self.order = order
        self.baseline = baseline
        self.attemptId = attemptId
    }
}

package struct ReadBillResponse: Codable, Hashable, Sendable {
    package var bill: Bill
    package var growth: BillGrowth?
    package var requestId: String?
    /// Where the order was sent to another register than the one that is connected now: which, in words.
    ///
    /// The bill says nothing of the order then, and `growth` is absent.
    package var sentElsewhere: String?

    package init(bill: Bill, growth: BillGrowth?, requestId: String?, sentElsewhere: String? = nil) {
        self.bill = bill
        self.growth = growth
        self.requestId = requestId
        self.sentElsewhere = sentElsewhere
    }
}

/// Names a location of a merchant.
package struct LocationRequest: Codable, Hashable, Sendable, MerchantScoped {
    package var merchantId: MerchantID
    package var locationId: LocationID

    package var merchantID: MerchantID { merchantId }

    package init(merchantId: MerchantID, locationId: LocationID) {
        self.merchantId = merchantId
        self.locationId = locationId
    }
}

package struct ListTablesResponse: Codable, Hashable, Sendable {
    package var tables: [RegisterTable]
    package init(tables: [RegisterTable]) { self.tables = tables }
}

package struct RegisterTable: Codable, Hashable, Sendable {
    package var tableNumber: Int
    package var name: String

    package init(tableNumber: Int, name: String) {
        self.tableNumber = tableNumber
        self.name = name
    }
}

package struct AskFreeTableResponse: Codable, Hashable, Sendable {
    /// Absent when the register has none free.
    package var tableNumber: Int?
    package init(tableNumber: Int?) { self.tableNumber = tableNumber }
}
