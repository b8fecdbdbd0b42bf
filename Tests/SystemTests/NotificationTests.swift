import Contracts
import Foundation
import RPC
import RPCClient
import ReceiverBed
import TestBed
import Testing

/// Real processes that tell a subscriber of orders and locations by signed webhooks.
struct NotificationTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private static func settings(_ receiver: WebhookReceiver) -> [String: String] {
        let subscriber = """
            {"name": "kitchen", "url": "\(receiver.url)", "secrets": ["\(secret)"], "events": ["*"],
            "merchants": ["\(World.merchant)"]}
            """
        let stranger = """
            {"name": "stranger", "url": "\(receiver.url)/stranger", "secrets": ["\(secret)"], "events": ["*"],
            "merchants": ["somebody-else"]}
            """
        return ["SUBSCRIBERS": "[\(subscriber), \(stranger)]", "NOTIFICATION_TIMEOUT": "25s"]
    }

    private func orders(_ receiver: WebhookReceiver) throws -> [OrderChangedEvent] {
        try receiver.arrivals.filter { String(decoding: $0.body, as: UTF8.self).contains("order.changed") }.map {
            try RPCCoding.decode(PostedNotification<OrderChangedEvent>.self, from: $0.body).data
        }
    }

    @Test(
        "An order's way to the register arrives as signed notifications, and its log can be read",
        .timeLimit(.minutes(5))
    )
    func told() async throws {
        try await WebhookReceiver.with { receiver in
            try await World.run(settings: [.orderRouter: Self.settings(receiver)]) { world in
                let guest = Guest(name: "Ada Lovelace", phone: "+32470123456", email: "ada@example.com")
                let accepted = try await world.submit(World.order("1", guest: guest))
                // In which order they come is not promised.
                try await until("every change of the order") {
                    let states = try orders(receiver).map(\.state)
                    return states.contains(Open(.accepted)) && states.contains(Open(.delivered))
                        && receiver.arrivals.contains {
                            String(decoding: $0.body, as: UTF8.self).contains("location.changed")
                        }
                }
                let events = try orders(receiver)
                #expect(events.allSatisfy { $0.orderId == accepted.orderId && $0.merchantId == World.merchant })
                #expect(receiver.arrivals.allSatisfy { $0.isSigned(by: Self.secret) && $0.path == "/hooks" })
                for arrival in receiver.arrivals {
                    let body = String(decoding: arrival.body, as: UTF8.self)
                    #expect(!body.contains("Ada") && !body.contains("32470123456") && !body.contains("example.com"))
                }
                // That the receiver has it comes before its end is written down.
                try await until("a delivery in the log") {
                    let listed = try await world.orders.call(
                        NotificationsV1.listDeliveries,
                        ListDeliveriesRequest(merchantId: World.merchant, state: .delivered, type: .orderChanged),
                        context: .byHand()
                    )
                    return listed.deliveries.contains { $0.log.last?.status == 200 }
                }
                let foreign = try await world.orders.call(
                    NotificationsV1.listDeliveries,
                    ListDeliveriesRequest(merchantId: MerchantID(unchecked: "somebody-else")),
                    context: .byHand()
                )
                #expect(foreign.deliveries.isEmpty)
                #expect(await !world.fleet.output().contains("MfKQ9r8GKYqr"))
            }
        }
    }

    @Test("What a killed process was sending is sent again by the next, under the same id", .timeLimit(.minutes(5)))
    func killed() async throws {
        try await WebhookReceiver.with { receiver in
            let gate = WebhookReceiver.Gate()
            // The first one of each is held, so the process is killed before it hears an answer.
            receiver.answers { _, time in time == 1 ? WebhookReceiver.Answer(gate: gate) : .ok }
            try await World.run(settings: [.orderRouter: Self.settings(receiver)]) { world in
                try await until("a first webhook") { !receiver.arrivals.isEmpty }
                await world.fleet.kill(.orderRouter)
                gate.open()
                let held = Set(receiver.arrivals.map(\.id))
                try await world.fleet.start([.orderRouter])
                try await until("all of them again") {
                    held.allSatisfy { id in receiver.arrivals.count { $0.id == id } >= 2 }
                }
                for id in held {
                    let bodies = receiver.arrivals.filter { $0.id == id }.map(\.body)
                    #expect(Set(bodies).count == 1)
                }
                #expect(receiver.arrivals.allSatisfy { $0.isSigned(by: Self.secret) })
            }
        }
    }

    @Test("A subscriber that is down costs no order anything", .timeLimit(.minutes(5)))
    func down() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, _ in .status(503) }
            try await World.run(settings: [.orderRouter: Self.settings(receiver)]) { world in
                for number in 1...3 {
                    let id = try await world.submit(World.order("\(number)")).orderId
                    try await until("the order's delivery") {
                        try await world.order(id).order.state == Open(.delivered)
                    }
                }
                #expect(!receiver.arrivals.isEmpty)
            }
        }
    }
}
