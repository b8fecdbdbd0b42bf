import Contracts
import Foundation
import RPC

/// A paid order on its way to a register: what was ordered, and how far it has come.
struct Order: Sendable, Equatable {
    let id: UUID
    let content: SubmitOrderRequest
    let acceptedAt: Date
    var state: OrderState
    var progress: Progress

    var merchantID: MerchantID { content.merchantId }
    var locationID: LocationID { content.locationId }

    /// A word that is unique to this transaction.
    ///
    /// It stands on the register's bill, and the order is found by it again.
    var mark: String { OrderMark.mark(merchant: merchantID, transaction: content.transactionId) }

    /// What the guest paid for the food: all of it but the tip.
    var payableCents: Cents { content.totalCents - (content.tipCents ?? 0) }

    /// The order as gateways take it.
    var posOrder: PosOrder {
        PosOrder(
            orderNumber: content.orderNumber,
            mark: mark,
            channel: content.channel.text,
            serviceType: content.serviceType.text,
            pagerId: content.pagerId,
            guest: content.guest,
            note: content.note,
            items: content.items,
            discounts: content.discounts ?? [],
            fees: content.fees ?? [],
            tipCents: content.tipCents ?? 0,
            totalCents: content.totalCents,
            currency: content.currency,
            acceptedAt: acceptedAt,
            pickupAt: content.pickupAt
        )
    }
}

/// What an order has gathered on its way: everything a worker needs to go on where another stopped.
struct Progress: Codable, Sendable, Equatable {
    /// The table the order stands on, or stood on.
    var tableNumber: Int?
    /// Our right to write to that table; absent before one is assigned and after it is given back.
    var lease: TableRight?
    /// The table's bill before our order.
    ///
    /// Without its text, which is other people's data.
    var baseline: Bill?
    /// The write that puts the order on the register.
    var placement: WriteIntent?
    /// The write that pays for it.
    var payment: PaymentIntent?
    /// Why the order is not further, as a stable token.
    var reason: String?
    /// The same in words, with the next action (rule P1).
    var explanation: String?
    /// The register's own words (rule K34).
    var registerMessage: String?
    /// Where a parked or waiting order goes on.
    var resume: OrderState?
    /// The connection's epoch when the order was parked.
    var parkedEpoch: Int?
    /// How often in a row the present step came to nothing, which spaces out the tries.
    var fruitless = 0
    /// How often the order was parked.
    var parkings = 0
    /// How often in a row this very order found the register away, while its route said that it is there.
    var failures: Int?
    /// Whether our mark was seen on the bill: then a bill without it is another's.
    var sawMark: Bool?
    /// How often the bill could not be settled, which spaces out the tries and ends them.
    var unsettledTries: Int?
    /// What a bill below the paid amount left over.
    var surplusCents: Cents?
    /// How many placements there were when a person had the order sent again: they no longer count against it.
    var forgivenPlacements: Int?
    /// True while the allocator may have a table for the order that the order does not need any more.
    var givesTableBack: Bool?
    /// A person wants the order cancelled, and it has to be found out first that it was not sent.
    var cancel: CancelWish?
}

/// Who wants an order cancelled.
struct CancelWish: Codable, Sendable, Equatable {
    var actor: String
}

/// A table lease of the allocator's.
struct TableRight: Codable, Sendable, Equatable {
    var number: Int
    var fencingToken: Int
    var mode: TableMode
}

/// A write that is intended or was sent.
///
/// Committed before the gateway hears of it.
struct WriteIntent: Codable, Sendable, Equatable {
    var attemptId: UUID
    /// From 1: how many attempts of this step may have reached the register, this one included.
    var number: Int
    var phase: Phase
    /// The gateway it is for: only that one knows what became of it, whichever serves the location by then.
    var gateway: String?

    enum Phase: String, Codable, Sendable {
        /// Committed; whether it was sent is the gateway's to say.
        case intended
        /// Sent without an answer: only reading the register tells.
        case unanswered
        /// The register said no; reading it tells whether it meant it.
        case refused
    }
}

struct PaymentIntent: Codable, Sendable, Equatable {
    var write: WriteIntent
    var kind: PaymentKind
    var amountCents: Cents
    var tipCents: Cents
    /// The bill it was decided on.
    ///
    /// Without its text.
    var bill: Bill
    /// How often the register refused to be paid for this order.
    var refusals: Int
    /// How many payments there were for this order, this one included.
    var tries: Int?

    /// Whether a bill holds this deposit although nobody said so: one more of its amount than there was before it.
    func isOn(_ bill: Bill) -> Bool {
        func deposits(on bill: Bill) -> Int { bill.deposits.count { $0.amountCents == amountCents } }
        return kind == .deposit && deposits(on: bill) > deposits(on: self.bill)
    }
}

// What is stored must be readable by the versions before and after this one: a field that is missing has its default, and
// a phase that is not known counts as the one that only reading the register settles.

extension Progress {
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        tableNumber = try fields.decodeIfPresent(Int.self, forKey: .tableNumber)
        lease = try fields.decodeIfPresent(TableRight.self, forKey: .lease)
        baseline = try fields.decodeIfPresent(Bill.self, forKey: .baseline)
        placement = try fields.decodeIfPresent(WriteIntent.self, forKey: .placement)
        payment = try fields.decodeIfPresent(PaymentIntent.self, forKey: .payment)
        reason = try fields.decodeIfPresent(String.self, forKey: .reason)
        explanation = try fields.decodeIfPresent(String.self, forKey: .explanation)
        registerMessage = try fields.decodeIfPresent(String.self, forKey: .registerMessage)
        resume = try fields.decodeIfPresent(OrderState.self, forKey: .resume)
        parkedEpoch = try fields.decodeIfPresent(Int.self, forKey: .parkedEpoch)
        fruitless = try fields.decodeIfPresent(Int.self, forKey: .fruitless) ?? 0
        parkings = try fields.decodeIfPresent(Int.self, forKey: .parkings) ?? 0
        sawMark = try fields.decodeIfPresent(Bool.self, forKey: .sawMark)
        unsettledTries = try fields.decodeIfPresent(Int.self, forKey: .unsettledTries)
        surplusCents = try fields.decodeIfPresent(Cents.self, forKey: .surplusCents)
        failures = try fields.decodeIfPresent(Int.self, forKey: .failures)
        forgivenPlacements = try fields.decodeIfPresent(Int.self, forKey: .forgivenPlacements)
        givesTableBack = try fields.decodeIfPresent(Bool.self, forKey: .givesTableBack)
        cancel = try fields.decodeIfPresent(CancelWish.self, forKey: .cancel)
    }
}

extension WriteIntent.Phase {
    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = Self(rawValue: text) ?? .unanswered
    }
}
