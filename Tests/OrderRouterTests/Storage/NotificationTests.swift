import Contracts
import Foundation
import Postgres
import RPC
import Secrets
import TestBed
import Testing

@testable import Notifications
@testable import OrderRouter

/// What subscribers are told of orders and locations: written by whatever moves them, in its own commit.
@Suite(.timeLimit(.minutes(5))) struct NotificationTests {
    private static let stranger = MerchantID(unchecked: "m2")

    /// Makes somebody subscribe to what this merchant's orders and locations do.
    private func subscribe(
        _ bed: RouterBed,
        to merchants: Allowance<MerchantID> = .only([Sample.merchant])
    ) async throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        try await DeliveryStore(pool: bed.pool).sync([
            Subscriber(
                name: SubscriberName(unchecked: "kitchen"),
                url: Secret("http://127.0.0.1:9/"),
                secrets: [secret],
                events: ["*"],
                merchants: merchants
            )
        ])
    }

    private func told<Event: NotificationEvent>(_ type: Event.Type, _ bed: RouterBed) async throws -> [Event] {
        try await bed.pool.query(
            "SELECT payload FROM notifications WHERE type = \(type.type.rawValue) ORDER BY seq"
        ).map { try $0["payload", as: JSON<Event>.self].value }
    }

    private func states(_ bed: RouterBed) async throws -> [String] {
        try await told(OrderChangedEvent.self, bed).map { $0.state.text }
    }

    private func forget(_ bed: RouterBed) async throws {
        try await bed.pool.execute("DELETE FROM notification_deliveries")
        try await bed.pool.execute("DELETE FROM notifications")
    }

    @Test("A journey from acceptance to delivery is told step by step, with growing revisions and no guest's data")
    func journey() async throws {
        try await RouterBed.with { bed in
            try await subscribe(bed)
            let services = FakeServices()
            services.connect([Sample.connection()])
            try await services.serve { client in
                let process = RouterProcess(bed, client)
                try await process.run {
                    let id = try await process.submit(1)
                    let seen = try await process.order(id, in: .delivered)
                    let events = try await told(OrderChangedEvent.self, bed)
                    #expect(
                        events.map { $0.state.text } == [
                            "accepted", "table_assigned", "placed", "bill_read", "delivered",
                        ]
                    )
                    #expect(events.map { $0.previousState?.text } == [nil] + events.dropLast().map { $0.state.text })
                    #expect(events.map(\.revision) == events.map(\.revision).sorted())
                    #expect(Set(events.map(\.revision)).count == events.count)
                    let last = try #require(events.last)
                    #expect(last.revision == seen.revision)
                    #expect((last.orderId, last.merchantId, last.locationId) == (id, Sample.merchant, Sample.location))
                    #expect(last.transactionId.rawValue == "t-1")
                    #expect(last.orderNumber == "1")
                }
            }
            let rows = try await bed.pool.query("SELECT payload::text AS text FROM notifications")
            for row in rows {
                let text = try row["text", as: String.self]
                #expect(!text.contains("Ada"))
                #expect(!text.contains("32470123456"))
                #expect(!text.contains("ada@example.com"))
            }
            #expect(try await told(LocationChangedEvent.self, bed).map { $0.status.text } == ["connected"])
        }
    }

    @Test("A change that is refused, and one that is none to tell of, tells nobody")
    func nothingNew() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await subscribe(bed)
            let id = try await bed.submit(1)
            let claim = try #require(try await bed.lanes.claim(Sample.key))
            try await forget(bed)
            // Another worker has the lane meanwhile: what this one wants to store is refused.
            let change = OrderChange(claim.order, to: .tableAssigned)
            #expect(try await !bed.lanes.record(change, generation: claim.generation + 1))
            // A new time, a claim, a heartbeat.
            try await bed.lanes.rest(claim.order, generation: claim.generation)
            _ = try await bed.lanes.renew([Sample.key])
            try await bed.lanes.release(Sample.key, generation: claim.generation)
            // The same submission once more.
            let again = Sample.content(transaction: "t-\(Sample.location)-1", number: "1")
            _ = try await bed.orders.submit(again, id: UUIDv7.next())
            // The same feed once more.
            try await bed.connect(version: 2)
            #expect(try await told(OrderChangedEvent.self, bed).isEmpty)
            #expect(try await told(LocationChangedEvent.self, bed).isEmpty)
            #expect(try await bed.state(id) == .accepted)
        }
    }

    @Test("Orders that come together are each told, to those who may see their merchant and to nobody else")
    func batch() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var foreign = Sample.connection(version: 7)
            foreign.merchantId = Self.stranger
            try await bed.routes.apply(foreign, gateway: "kassanet")
            try await subscribe(bed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...40 {
                    group.addTask { try await bed.submit(number) }
                    group.addTask {
                        let content = Sample.content(merchant: Self.stranger, transaction: "s-\(number)")
                        _ = try await bed.orders.submit(content, id: UUIDv7.next())
                    }
                }
                try await group.waitForAll()
            }
            let events = try await told(OrderChangedEvent.self, bed)
            #expect(events.count == 40)
            #expect(events.allSatisfy { $0.merchantId == Sample.merchant && $0.state == Open(.accepted) })
            #expect(Set(events.map(\.orderId)).count == 40)
        }
    }

    @Test("Parking tells the reason; a register that is back, and orders that go on, are told too")
    func parking() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await subscribe(bed)
            let id = try await bed.submit(1)
            let claim = try #require(try await bed.lanes.claim(Sample.key))
            let parked = OrderChange(claim.order, to: .parked) {
                $0.reason = "register_unreachable"
                $0.resume = .accepted
                $0.parkings = 1
                $0.parkedEpoch = 1
            }
            #expect(try await bed.lanes.record(parked, generation: claim.generation))
            try await bed.connect(epoch: 2, version: 2)
            #expect(try await bed.routes.drain(Sample.key))
            let events = try await told(OrderChangedEvent.self, bed)
            #expect(events.map { $0.state.text } == ["accepted", "parked", "accepted"])
            #expect(events.map(\.reason) == [nil, "register_unreachable", nil])
            #expect(events.allSatisfy { $0.orderId == id })
        }
    }

    @Test("What people and time do to an order is told, and so is a new reason in the same state")
    func people() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await subscribe(bed)
            let id = try await bed.submit(1)
            let found = try #require(try await bed.orders.find(Sample.merchant, order: id))
            let cancelled = try found.order.cancelledByPerson("anna")
            _ = try #require(try await bed.orders.store(cancelled, after: found, actor: "anna", note: nil))
            #expect(try await states(bed) == ["accepted", "cancelled"])

            let late = try await bed.submit(2)
            try await bed.pool.execute("UPDATE orders SET expires_at = now() - interval '1 s' WHERE order_id = \(late)")
            _ = try await bed.orders.expire()
            let expired = try await told(OrderChangedEvent.self, bed).last
            #expect(expired?.orderId == late)
            #expect((expired?.state, expired?.reason) == (Open(.expired), "waited_too_long"))

            let waiting = try await bed.submit(3)
            try await bed.put(waiting, in: .waiting) { $0.reason = "no_free_table" }
            try await bed.put(waiting, in: .waiting) { $0.reason = "table_in_doubt" }
            try await bed.put(waiting, in: .waiting) { $0.reason = "table_in_doubt" }
            let waits = try await told(OrderChangedEvent.self, bed).suffix(2)
            #expect(waits.map(\.reason) == ["no_free_table", "table_in_doubt"])
            #expect(waits.last?.previousState == Open(.waiting))
        }
    }

    @Test("A location tells its status, its pause and its end")
    func location() async throws {
        try await RouterBed.with { bed in
            try await subscribe(bed)
            try await bed.connect()
            var connection = Sample.connection(version: 2)
            connection.status = Open(.disconnected)
            try await bed.routes.apply(connection, gateway: "kassanet")
            _ = try await bed.routes.pause(Sample.key, actor: "anna", reason: "stocktaking")
            _ = try await bed.routes.pause(Sample.key, actor: "ben", reason: "again")
            _ = try await bed.routes.resume(Sample.key, actor: "anna", reason: nil)
            connection.version = 3
            connection.isDeleted = true
            try await bed.routes.apply(connection, gateway: "kassanet")
            let events = try await told(LocationChangedEvent.self, bed)
            #expect(
                events.map { $0.status.text } == [
                    "connected", "disconnected", "disconnected", "disconnected", "disconnected",
                ]
            )
            #expect(events.map(\.isPaused) == [false, false, true, false, false])
            #expect(events.map(\.isDeleted) == [false, false, false, false, true])
            #expect(events.allSatisfy { $0.merchantId == Sample.merchant && $0.locationId == Sample.location })
        }
    }

    @Test("Without subscribers an order writes no notification, and as much of the log as before")
    func costs() async throws {
        // A cluster of its own: whatever else runs in the tests' one writes to the same log.
        let postgres = try await PrivatePostgres.start()
        try await RouterBed.with(on: postgres) { bed in
            try await bed.connect()
            func logged(_ body: () async throws -> Void) async throws -> Int {
                func position() async throws -> Int {
                    let row = try await bed.pool.queryOne(
                        "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS position"
                    )
                    return try row?["position", as: Int.self] ?? 0
                }
                let before = try await position()
                try await body()
                return try await position() - before
            }
            /// The least of several orders' inserts: the server itself writes a word now and then.
            func least(_ numbers: ClosedRange<Int>) async throws -> Int {
                var least = Int.max
                for number in numbers {
                    least = min(least, try await logged { try await bed.submit(number) })
                }
                return least
            }
            _ = try await least(100...119)
            let with = try await least(200...259)
            try await bed.pool.execute("ALTER TABLE orders DISABLE TRIGGER USER")
            let without = try await least(300...359)
            // Where a row comes to lie makes some bytes of difference; an event with a delivery takes more than 500.
            #expect(abs(with - without) < 250)
            try await bed.pool.execute("ALTER TABLE orders ENABLE TRIGGER USER")
            try await subscribe(bed)
            let told = try await least(400...419)
            #expect(told - without > 500)
            try await forget(bed)
            #expect(try await states(bed).isEmpty)
        }
        await postgres.stop(immediate: true)
    }

    @Test("A change made by hand, without the service's search path, is told all the same")
    func byHand() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            try await subscribe(bed)
            let id = try await bed.submit(1)
            try await bed.pool.transaction { transaction in
                try await transaction.execute("SET LOCAL search_path = pg_catalog")
                try await transaction.execute(
                    "UPDATE order_router.orders SET state = 'cancelled' WHERE order_id = \(id)"
                )
            }
            #expect(try await states(bed) == ["accepted", "cancelled"])
        }
    }
}
