import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

@Suite(.timeLimit(.minutes(5))) struct OrderStoreTests {
    /// I5: concurrent submissions of one order are one order.
    @Test func sixteenSubmissionsAtOnceStoreOneOrder() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let outcomes = try await withThrowingTaskGroup(of: (UUID, Bool).self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        switch try await bed.orders.submit(Sample.content(), id: UUIDv7.next()) {
                        case .accepted(let id, _): (id, true)
                        case .known(let order), .erased(let order): (order.id, false)
                        case .unknownLocation: throw RouterBed.NotTaken(number: 0)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(outcomes.map(\.0)).count == 1)
            #expect(outcomes.count { $0.1 } == 1)
            let rows = try await bed.pool.queryOne("SELECT count(*) AS n FROM orders")
            #expect(try rows?["n", as: Int.self] == 1)
        }
    }

    @Test func otherContentIsMetByTheFirst() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            var other = Sample.content(transaction: "t-main-1", number: "1")
            other.note = "No sugar"
            guard case .known(let order) = try await bed.orders.submit(other, id: UUIDv7.next()) else {
                Issue.record("It was stored twice.")
                return
            }
            #expect(order.id == id)
            #expect(try ContentDifferences.paths(order.content, other) == ["note"])
        }
    }

    @Test("An order that is repeated soon is only read, and one that is remembered but gone is stored")
    func repeatedSoon() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            let content = Sample.content(transaction: "t-main-1", number: "1")
            // Nothing more can be stored.
            try await bed.pool.execute("ALTER TABLE orders ADD CONSTRAINT full_up CHECK (false) NOT VALID")
            guard case .known(let order) = try await bed.orders.submit(content, id: UUIDv7.next()) else {
                Issue.record("It is not known.")
                return
            }
            #expect(order.id == id)
            await #expect(throws: PostgresError.self) {
                try await bed.orders.submit(Sample.content(transaction: "t-main-2"), id: UUIDv7.next())
            }
            try await bed.pool.execute("ALTER TABLE orders DROP CONSTRAINT full_up")
            try await bed.pool.execute("DELETE FROM orders")
            let again = UUIDv7.next()
            guard case .accepted(again, _) = try await bed.orders.submit(content, id: again) else {
                Issue.record("It was not stored.")
                return
            }
        }
    }

    @Test func whatIsStoredIsWhatWasSent() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            var content = Sample.content(table: 7, tipCents: 100, totalCents: 1100)
            content.channel = .unrecognized("voice")
            content.pickupAt = Date(timeIntervalSince1970: 1_772_389_800)
            content.items[0].modifiers = [OrderItem(plu: nil, name: "Milch – süß 🥛", unitPriceCents: 0)]
            let id = UUIDv7.next()
            _ = try await bed.orders.submit(content, id: id)
            let stored = try #require(try await bed.orders.find(Sample.merchant, order: id))
            #expect(stored.order.content == content)
            #expect(stored.order.state == .accepted)
            #expect(stored.provider == "vanhoutte")
        }
    }

    @Test func anUnknownOrDeletedLocationStoresNothing() async throws {
        try await RouterBed.with { bed in
            guard case .unknownLocation = try await bed.orders.submit(Sample.content(), id: UUIDv7.next()) else {
                Issue.record("It was stored for a location nobody knows.")
                return
            }
            try await bed.connect()
            try await bed.routes.apply(Sample.connection(version: 2, isDeleted: true), gateway: "kassanet")
            guard case .unknownLocation = try await bed.orders.submit(Sample.content(), id: UUIDv7.next()) else {
                Issue.record("It was stored for a location that is deleted.")
                return
            }
            #expect(try await bed.orders.list(Sample.merchant, location: nil, states: [], after: nil, limit: 9).isEmpty)
        }
    }

    /// An order that was taken stays known when its location is deleted.
    @Test func aRepetitionAfterDeletionGivesTheFirstOutcome() async throws {
        try await RouterBed.with { bed in
            try await bed.connect()
            let id = try await bed.submit(1)
            try await bed.routes.apply(Sample.connection(version: 2, isDeleted: true), gateway: "kassanet")
            let again = Sample.content(transaction: "t-main-1", number: "1")
            guard case .known(let order) = try await bed.orders.submit(again, id: UUIDv7.next()) else {
                Issue.record("It is not known any more.")
                return
            }
            #expect(order.id == id)
        }
    }

    /// I8.
    @Test func anotherMerchantSeesNothingAndMaySubmitTheSameTransaction() async throws {
        try await RouterBed.with { bed in
            let stranger = MerchantID(unchecked: "m2")
            try await bed.connect()
            try await bed.routes.apply(Sample.connection(merchant: stranger), gateway: "kassanet")
            let id = try await bed.submit(1)
            #expect(try await bed.orders.find(stranger, order: id) == nil)
            #expect(try await bed.orders.find(stranger, transaction: TransactionID(unchecked: "t-main-1")) == nil)
            #expect(try await bed.orders.list(stranger, location: nil, states: [], after: nil, limit: 9).isEmpty)
            let same = Sample.content(merchant: stranger, transaction: "t-main-1")
            guard case .accepted(let other, _) = try await bed.orders.submit(same, id: UUIDv7.next()) else {
                Issue.record("Another merchant's transaction was in the way.")
                return
            }
            #expect(other != id)
        }
    }

    // MARK: - Pages

    /// Every tenth instant is shared by ten orders, so that pages end within one.
    private func fill(_ bed: RouterBed) async throws {
        try await bed.connect()
        try await bed.pool.execute(
            """
            INSERT INTO orders (
                order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, accepted_at,
                updated_at
            )
            SELECT gen_random_uuid(), 'm1', 'main', 't-' || n, \(JSON(Sample.content())), CASE n % 2 WHEN 0 THEN 'delivered'
                ELSE 'accepted' END, \(JSON(OrderRouter.Progress())), 2,
                timestamptz '2026-03-01 18:30:00.000001+00' + n / 10 * interval '1 microsecond', now()
            FROM generate_series(1, 250) n
            """
        )
    }

    @Test(arguments: [(1, []), (7, []), (10, []), (100, []), (7, [OrderState.delivered])] as [(Int, [OrderState])])
    func pagesGiveEveryOrderOnceNewestFirst(size: Int, states: [OrderState]) async throws {
        try await RouterBed.with { bed in
            try await fill(bed)
            var seen: [StoredOrder] = []
            var cursor: OrderCursor?
            repeat {
                let page = try await bed.orders.list(
                    Sample.merchant,
                    location: Sample.location,
                    states: states,
                    after: cursor,
                    limit: size
                )
                seen += page
                cursor = try page.last.map {
                    let text = OrderCursor(acceptedAt: $0.order.acceptedAt, orderID: $0.order.id).text
                    return try #require(OrderCursor(text))
                }
            } while cursor != nil && seen.count <= 250
            #expect(seen.count == (states.isEmpty ? 250 : 125))
            #expect(Set(seen.map(\.order.id)).count == seen.count)
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.order.acceptedAt >= $1.order.acceptedAt })
        }
    }

    @Test(arguments: [0, 1, 123_456, 999_999])
    func aCursorKeepsMicroseconds(microseconds: Int) throws {
        for second in [772_389_800, 0, 4_000_000_000] {
            let instant = Date(timeIntervalSinceReferenceDate: Double(second * 1_000_000 + microseconds) / 1_000_000)
            let cursor = OrderCursor(acceptedAt: instant, orderID: UUID())
            let back = try #require(OrderCursor(cursor.text))
            #expect(back.orderID == cursor.orderID)
            #expect(try back.acceptedAt.postgresText() == instant.postgresText())
        }
    }

    @Test(arguments: ["", "x", "{}", "999:test", "nan:ID", "inf:ID", "-1:ID", "9223372036854775807:ID", "1:2:ID"])
    func anythingElseIsNoCursor(text: String) {
        let named = text.replacing("ID", with: UUID().uuidString)
        #expect(OrderCursor(text) == nil)
        #expect(OrderCursor(Data(named.utf8).base64EncodedString()) == nil)
    }
}
