import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import Notifications

/// What stands in the outbox, and when.
@Suite(.timeLimit(.minutes(5))) struct OutboxTests {
    private struct Refusal: Error {}

    @Test("An event is committed with its change, with a delivery for each subscriber")
    func together() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a"), OutboxBed.subscriber("b")])
            try await bed.pool.transaction { transaction in
                try await transaction.execute("INSERT INTO changes (name) VALUES ('x')")
                try await Notifications.add(
                    OutboxBed.event(),
                    merchant: OutboxBed.merchant,
                    location: OutboxBed.location,
                    in: transaction
                )
                // Nobody else sees any of it yet.
                #expect(try await bed.count("notifications") == 0)
            }
            #expect(try await bed.count("changes") == 1)
            #expect(try await bed.count("notifications") == 1)
            let deliveries = try await bed.deliveries()
            #expect(deliveries.map(\.subscriber.rawValue) == ["a", "b"])
            #expect(Set(deliveries.map(\.eventId)).count == 1)
            #expect(deliveries.allSatisfy { $0.state == Open(.pending) && $0.type == Open(.menuReload) })
        }
    }

    @Test("A change that is rolled back is told to nobody")
    func rolledBack() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber()])
            await #expect(throws: Refusal.self) {
                try await bed.pool.transaction { transaction in
                    try await transaction.execute("INSERT INTO changes (name) VALUES ('x')")
                    try await Notifications.add(
                        OutboxBed.event(),
                        merchant: OutboxBed.merchant,
                        location: OutboxBed.location,
                        in: transaction
                    )
                    throw Refusal()
                }
            }
            #expect(try await bed.count("changes") == 0)
            #expect(try await bed.count("notifications") == 0)
            #expect(try await bed.count("notification_deliveries") == 0)
        }
    }

    @Test("Where nobody subscribes, nothing is written: the statement does not even take a transaction id")
    func nobody() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber(events: ["order.*"])])
            let wrote = try await bed.pool.transaction { transaction in
                try await Notifications.add(
                    OutboxBed.event(),
                    merchant: OutboxBed.merchant,
                    location: OutboxBed.location,
                    in: transaction
                )
                let row = try await transaction.queryOne("SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS wrote")
                return try row?["wrote", as: Bool.self]
            }
            #expect(wrote == false)
            #expect(try await bed.count("notifications") == 0)
        }
    }

    @Test("A subscriber of one merchant gets none of another's events")
    func tenants() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([
                OutboxBed.subscriber("first", merchants: .only([OutboxBed.merchant])),
                OutboxBed.subscriber("second", merchants: .only([OutboxBed.otherMerchant])),
                OutboxBed.subscriber("platform"),
            ])
            try await bed.add(1, merchant: OutboxBed.merchant)
            try await bed.add(2, merchant: OutboxBed.otherMerchant)
            func receivers(_ merchant: MerchantID) async throws -> [String] {
                try await bed.deliveries([merchant]).map(\.subscriber.rawValue)
            }
            #expect(try await receivers(OutboxBed.merchant) == ["first", "platform"])
            #expect(try await receivers(OutboxBed.otherMerchant) == ["platform", "second"])
        }
    }

    @Test("What was kept for a subscriber is not sent after its merchant was taken from it")
    func withdrawn() async throws {
        try await OutboxBed.with { bed in
            let before = OutboxBed.subscriber(merchants: .only([OutboxBed.merchant, OutboxBed.otherMerchant]))
            try await bed.store.sync([before])
            try await bed.add(1, merchant: OutboxBed.merchant)
            try await bed.add(2, merchant: OutboxBed.otherMerchant)
            let after = OutboxBed.subscriber(merchants: .only([OutboxBed.otherMerchant]))
            let claimed = try await bed.store.claim(after, limit: 10, lease: .seconds(30))
            #expect(claimed.map(\.merchant) == [OutboxBed.otherMerchant])
            // With the next start it is given up, and nobody sends it again.
            try await bed.store.sync([after])
            let withdrawn = try #require(try await bed.deliveries([OutboxBed.merchant]).first)
            #expect(withdrawn.state == Open(.gaveUp))
            #expect(withdrawn.log.map(\.error) == ["The subscriber may not see this merchant any more."])
            #expect(try await bed.deliveries([OutboxBed.otherMerchant]).map(\.state) == [Open(.pending)])
            let resend = try await bed.store.resend(
                withdrawn.eventId,
                to: after.name,
                of: OutboxBed.merchant,
                actor: "anna"
            )
            guard case .unknownSubscriber = resend else {
                Issue.record("It was sent again: \(resend)")
                return
            }
        }
    }

    @Test("The identifiers in an event are those it is filed under, whatever it says itself")
    func filed() async throws {
        try await OutboxBed.with { bed in
            let subscriber = OutboxBed.subscriber()
            try await bed.store.sync([subscriber])
            try await Notifications.add(
                OutboxBed.event(1, merchant: OutboxBed.otherMerchant),
                merchant: OutboxBed.merchant,
                location: OutboxBed.location,
                in: bed.pool
            )
            let claimed = try await bed.store.claim(subscriber, limit: 1, lease: .seconds(30))
            let body = try #require(claimed.first?.body)
            let told = try RPCCoding.decode(PostedNotification<MenuReloadEvent>.self, from: body)
            #expect(told.data == OutboxBed.event(1))
            #expect(!String(decoding: body, as: UTF8.self).contains(OutboxBed.otherMerchant.rawValue + "\""))
        }
    }

    @Test(
        "A pattern names a kind of event, a subject, or everything",
        arguments: [
            (["*"], true), (["menu.*"], true), (["menu.reload"], true), (["order.*", "menu.reload"], true),
            (["order.*"], false), (["order.changed", "stock.changed"], false), (["men.*"], false),
        ]
    )
    func patterns(events: [String], isTold: Bool) async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber(events: events)])
            try await bed.add()
            #expect(try await bed.count("notification_deliveries") == (isTold ? 1 : 0))
        }
    }

    @Test("The outbox knows the subscribers of the setting and no others, and a repetition writes nothing")
    func subscribers() async throws {
        try await OutboxBed.with { bed in
            func known() async throws -> [String] {
                try await bed.pool.query(
                    "SELECT name || ' ' || xmin AS line FROM notification_subscribers ORDER BY name"
                ).map { try $0["line", as: String.self] }
            }
            let (a, b) = (OutboxBed.subscriber("a"), OutboxBed.subscriber("b", events: ["order.*"]))
            try await bed.store.sync([a, b])
            let first = try await known()
            #expect(first.count == 2)
            try await bed.store.sync([b, a])
            #expect(try await known() == first)
            try await bed.store.sync([OutboxBed.subscriber("b", events: ["menu.*"])])
            let last = try await known()
            #expect(last.map { $0.prefix(2) } == ["b "])
            #expect(!first.contains(last[0]))
            try await bed.store.sync([])
            try await bed.add()
            #expect(try await bed.count("notifications") == 0)
        }
    }

    @Test(
        "What is old is erased with its deliveries, so many at a time, what is young stays, and what nobody got is told"
    )
    func erasing() async throws {
        try await OutboxBed.with { bed in
            try await bed.store.sync([OutboxBed.subscriber("a"), OutboxBed.subscriber("b")])
            for number in 1...5 { try await bed.add(number) }
            try await bed.pool.execute(
                """
                UPDATE notifications
                SET occurred_at = now() - interval '40 days'
                WHERE seq IN (SELECT seq FROM notifications ORDER BY seq LIMIT 3)
                """
            )
            try await bed.pool.execute(
                "UPDATE notification_deliveries SET state = 'delivered', ended_at = now() WHERE subscriber = 'b'"
            )
            func erase() async throws -> Notifications.Erased {
                try await Notifications.erase(olderThan: .seconds(30 * 86_400), limit: 2, in: bed.pool)
            }
            #expect(try await erase() == Notifications.Erased(events: 2, undelivered: ["a": 2]))
            #expect(try await erase() == Notifications.Erased(events: 1, undelivered: ["a": 1]))
            #expect(try await erase() == Notifications.Erased())
            #expect(try await bed.count("notifications") == 2)
            #expect(try await bed.count("notification_deliveries") == 4)
        }
    }

    @Test("A stock change of many articles is several events of at most 500")
    func manyArticles() {
        let items = (1...1201).map { (number: Int) in StockChange(plu: "\(number)", quantity: number, outOfStock: false)
        }
        let events = StockChangedEvent.events(
            merchantId: OutboxBed.merchant,
            locationId: OutboxBed.location,
            items: items
        )
        #expect(events.map(\.items.count) == [500, 500, 201])
        #expect(events.flatMap(\.items) == items)
        #expect(
            StockChangedEvent.events(merchantId: OutboxBed.merchant, locationId: OutboxBed.location, items: []).isEmpty
        )
    }
}
