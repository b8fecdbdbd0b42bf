import Contracts
import Foundation
import Postgres
import RPC
import ReceiverBed
import TestBed
import Testing

@testable import Notifications

/// What people see of deliveries, and what they do to them.
@Suite(.timeLimit(.minutes(5))) struct NotificationsServiceTests {
    private static let context = CallContext.background(timeout: .seconds(30), logger: OutboxBed.logger)

    private func service(_ bed: OutboxBed, _ sender: NotificationSender? = nil) -> NotificationsService {
        let silent = NotificationSender(pool: bed.pool, settings: OutboxBed.settings([]), logger: OutboxBed.logger)
        return NotificationsService(pool: bed.pool, sender: sender ?? silent)
    }

    private func failure(_ body: () async throws -> Void) async -> RPCError? {
        do {
            try await body()
            return nil
        } catch {
            return RPCError(mapping: error)
        }
    }

    private func resend(_ event: UUID, _ merchant: MerchantID, _ subscriber: String) -> ResendDeliveryRequest {
        ResendDeliveryRequest(
            merchantId: merchant,
            eventId: event,
            subscriber: SubscriberName(unchecked: subscriber),
            actor: "anna"
        )
    }

    @Test("Deliveries are listed newest first, a page at a time, those of one merchant only")
    func listing() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a"), OutboxBed.subscriber("b", events: ["menu.*"])])
            for number in 1...3 { try await bed.add(number) }
            try await bed.add(9, merchant: OutboxBed.otherMerchant)
            let service = service(bed)
            var seen: [DeliveryView] = []
            var cursor: String?
            var pages = 0
            repeat {
                let request = ListDeliveriesRequest(merchantId: OutboxBed.merchant, pageSize: 4, cursor: cursor)
                let page = try await service.listDeliveries(request, Self.context)
                seen += page.deliveries
                cursor = page.nextCursor
                pages += 1
            } while cursor != nil
            #expect(pages == 2)
            #expect(seen.count == 6)
            #expect(seen.map(\.occurredAt) == seen.map(\.occurredAt).sorted(by: >))
            #expect(seen.allSatisfy { $0.merchantId == OutboxBed.merchant })
            #expect(Set(seen.map { "\($0.eventId)/\($0.subscriber)" }).count == 6)
        }
    }

    @Test("A list can be of one location, subscriber, state or kind of event")
    func filters() async throws {
        try await OutboxBed.with { bed in
            let (a, b) = (OutboxBed.subscriber("a"), OutboxBed.subscriber("b"))
            try await bed.store.sync([a, b])
            try await bed.add()
            let claimed = try #require(try await bed.store.claim(a, limit: 1, lease: .seconds(30)).first)
            let entry = DeliveryLogEntry(at: Date(), status: 410)
            _ = try await bed.store.end(claimed, of: a, .init(state: .gaveUp, pause: .zero, entry: entry))
            let service = service(bed)
            func count(_ change: (inout ListDeliveriesRequest) -> Void) async throws -> Int {
                var request = ListDeliveriesRequest(merchantId: OutboxBed.merchant)
                change(&request)
                return try await service.listDeliveries(request, Self.context).deliveries.count
            }
            #expect(try await count { _ in } == 2)
            #expect(try await count { $0.state = Open(.gaveUp) } == 1)
            #expect(try await count { $0.state = Open(.pending) } == 1)
            #expect(try await count { $0.state = Open(.delivered) } == 0)
            #expect(try await count { $0.subscriber = a.name } == 1)
            #expect(try await count { $0.type = Open(.menuReload) } == 2)
            #expect(try await count { $0.type = Open(.orderChanged) } == 0)
            #expect(try await count { $0.locationId = OutboxBed.location } == 2)
            #expect(try await count { $0.locationId = LocationID(unchecked: "other") } == 0)
        }
    }

    @Test("Every wrong field of a list is named")
    func wrongFields() async throws {
        try await OutboxBed.with { bed in
            var request = ListDeliveriesRequest(merchantId: OutboxBed.merchant, pageSize: 201, cursor: "zzz")
            request.state = .unrecognized("lost")
            request.type = .unrecognized("order.eaten")
            let error = await failure { _ = try await service(bed).listDeliveries(request, Self.context) }
            #expect(error?.fields.map(\.field) == ["state", "type", "pageSize", "cursor"])
        }
    }

    @Test("A delivery that was given up is sent again with all its attempts, under its id; the log says who asked")
    func resending() async throws {
        try await WebhookReceiver.with { receiver in
            receiver.answers { _, time in time <= 3 ? .status(500) : .ok }
            try await OutboxBed.with { bed in
                let settings = OutboxBed.settings([OutboxBed.subscriber(url: receiver.url)])
                try await bed.sending(settings) { sender in
                    try await bed.add()
                    try await until("given up") { try await bed.deliveries().first?.state == Open(.gaveUp) }
                    let event = try #require(try await bed.deliveries().first?.eventId)
                    let answer = try await service(bed, sender).resendDelivery(
                        resend(event, OutboxBed.merchant, "kitchen"),
                        Self.context
                    )
                    #expect(answer.delivery.state == Open(.pending))
                    #expect(answer.delivery.log.last?.actor == "anna")
                    try await until("delivered") { try await bed.deliveries().first?.state == Open(.delivered) }
                    #expect(Set(receiver.arrivals.map(\.id)) == [event.uuidString.lowercased()])
                    #expect(try await bed.deliveries().first?.log.map(\.status) == [500, 500, 500, nil, 200])
                    // What was delivered may be wanted once more, too.
                    _ = try await service(bed, sender).resendDelivery(
                        resend(event, OutboxBed.merchant, "kitchen"),
                        Self.context
                    )
                    try await until("delivered again") { receiver.arrivals.count == 5 }
                }
            }
        }
    }

    @Test("Nobody sends another merchant's notification again, nor to a subscriber it was not for")
    func strangers() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a"), OutboxBed.subscriber("b", events: ["order.*"])])
            try await bed.add()
            let before = try #require(try await bed.deliveries().first)
            let service = service(bed)
            for request in [
                resend(before.eventId, OutboxBed.otherMerchant, "a"), resend(before.eventId, OutboxBed.merchant, "b"),
                resend(UUID(), OutboxBed.merchant, "a"),
            ] {
                let error = await failure { _ = try await service.resendDelivery(request, Self.context) }
                #expect(error?.reason == "unknown_delivery")
            }
            #expect(try await bed.deliveries() == [before])
        }
    }

    @Test("Nothing is sent to a subscriber that the setting does not name any more, and the person is told so")
    func formerSubscriber() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a")])
            try await bed.add()
            try await bed.store.sync([])
            let before = try #require(try await bed.deliveries().first)
            let error = await failure {
                _ = try await service(bed).resendDelivery(
                    resend(before.eventId, OutboxBed.merchant, "a"),
                    Self.context
                )
            }
            #expect(error?.reason == "unknown_subscriber")
            #expect(try await bed.deliveries() == [before])
        }
    }

    @Test("A resend without a name is refused", arguments: ["", "  ", "an\u{0}na", String(repeating: "a", count: 101)])
    func namelessResend(actor: String) async throws {
        try await OutboxBed.with { bed in
            var request = resend(UUID(), OutboxBed.merchant, "a")
            request.actor = actor
            let error = await failure { _ = try await service(bed).resendDelivery(request, Self.context) }
            #expect(error?.fields.map(\.field) == ["actor"])
        }
    }

    @Test("A delivery's log keeps its latest 20 entries")
    func boundedLog() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a")])
            try await bed.add()
            let event = try #require(try await bed.deliveries().first?.eventId)
            let service = service(bed)
            for number in 1...25 {
                var request = resend(event, OutboxBed.merchant, "a")
                request.actor = "person \(number)"
                _ = try await service.resendDelivery(request, Self.context)
            }
            let log = try #require(try await bed.deliveries().first?.log)
            #expect(log.compactMap(\.actor) == (6...25).map { "person \($0)" })
        }
    }
}
