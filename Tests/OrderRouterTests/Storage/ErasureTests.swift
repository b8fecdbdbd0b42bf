import Contracts
import Foundation
import Postgres
import RPC
import Testing

@testable import OrderRouter

/// Guest data is erased after a retention time, and on demand.
@Suite(.timeLimit(.minutes(5))) struct ErasureTests {
    private static let stranger = MerchantID(unchecked: "m2")
    private static let retention = Duration.seconds(30 * 86_400)
    /// Every word that must be gone.
    private static let secrets = [
        "Ada", "Lovelace", "+32470123456", "ada@example.com", "peanuts", "doorbell", "Mr Babbage",
    ]

    private static func content(_ transaction: String, merchant: MerchantID = Sample.merchant) -> SubmitOrderRequest {
        var content = Sample.content(merchant: merchant, transaction: transaction)
        content.note = "Ring the doorbell twice"
        content.pagerId = "17"
        content.items[0].note = "No peanuts"
        var milk = OrderItem(plu: "90", name: "Milk", unitPriceCents: 0, note: "peanuts too")
        milk.modifiers = [OrderItem(plu: "91", name: "Oat", unitPriceCents: 0, note: "still no peanuts")]
        milk.modifiers?[0].modifiers = [OrderItem(plu: nil, name: "Hot", unitPriceCents: 0, note: "peanuts")]
        content.items[1].modifiers = [milk, OrderItem(plu: "92", name: "Sugar", unitPriceCents: 0)]
        return content
    }

    /// Takes an order in and puts it at a state, so many days ago, with a history that names the guest.
    private func order(
        _ bed: RouterBed,
        _ transaction: String,
        _ state: OrderState,
        daysAgo: Int,
        merchant: MerchantID = Sample.merchant
    ) async throws -> UUID {
        let id = UUIDv7.next()
        _ = try await bed.orders.submit(Self.content(transaction, merchant: merchant), id: id)
        try await bed.put(id, in: state) {
            $0.reason = "refused_by_register"
            $0.explanation = "The register refused it: no table for Ada Lovelace"
            $0.registerMessage = "no table for Ada Lovelace"
        }
        try await bed.pool.execute(
            """
            WITH moved AS (
                UPDATE orders SET updated_at = now() - \(daysAgo) * interval '1 day' WHERE order_id = \(id)
            )
            INSERT INTO steps (order_id, at, state, action, explanation, duration_ms, actor, note)
            VALUES (\(id), now(), 'accepted', 'place_order', 'Ada Lovelace (+32470123456) is not known', 5, NULL, NULL),
                (\(id), now(), 'accepted', 'retry_order', 'It is tried again.', 0, 'anna', 'Mr Babbage called')
            """
        )
        return id
    }

    private func connect(_ bed: RouterBed) async throws {
        try await bed.connect()
        try await bed.routes.apply(Sample.connection(merchant: Self.stranger, version: 2), gateway: "kassanet")
    }

    /// Everything that is stored of an order.
    private func stored(_ id: UUID, _ bed: RouterBed) async throws -> String {
        let rows = try await bed.pool.query(
            """
            SELECT content::text || progress::text AS text FROM orders WHERE order_id = \(id)
            UNION ALL
            SELECT concat_ws(' ', action, explanation, actor, note) FROM steps WHERE order_id = \(id)
            """
        )
        return try rows.map { try $0["text", as: String.self] }.joined(separator: "\n")
    }

    private func hasGuest(_ id: UUID, _ bed: RouterBed) async throws -> Bool {
        let text = try await stored(id, bed)
        return Self.secrets.contains { text.contains($0) }
    }

    @Test("Guests of orders that ended long ago are erased, with every note; amounts, lines and states stay")
    func expired() async throws {
        try await RouterBed.with { bed in
            try await connect(bed)
            let id = try await order(bed, "t-1", .delivered, daysAgo: 31)
            let theirs = try await order(bed, "t-1", .refused, daysAgo: 31, merchant: Self.stranger)
            let before = try #require(try await bed.orders.find(Sample.merchant, order: id))
            let text = try await stored(id, bed)
            for secret in Self.secrets { #expect(text.contains(secret)) }

            let erased = try await bed.orders.eraseExpired(olderThan: Self.retention, limit: 10)
            #expect(erased == OrderStore.Erased(orders: 2, steps: 4))
            for gone in [id, theirs] {
                let left = try await stored(gone, bed)
                for secret in Self.secrets { #expect(!left.contains(secret), "\(secret) in \(left)") }
            }
            let after = try #require(try await bed.orders.find(Sample.merchant, order: id))
            #expect(after.order.content == Self.content("t-1").withoutGuest)
            #expect(after.order.content.items[1].modifiers?[0].modifiers?[0].modifiers?[0].name == "Hot")
            #expect(after.order.content.pagerId == "17")
            #expect(after.order.state == .delivered)
            #expect(after.order.progress.registerMessage == "no table for ***")
            #expect(after.revision == before.revision)
            #expect(after.guestErasedAt != nil)
            let steps = try await bed.orders.steps(of: id)
            #expect(steps.map(\.explanation) == ["*** (***) is not known", "It is tried again."])
            #expect(steps.map(\.actor) == [nil, "anna"])
            // It is done once.
            let again = try await bed.orders.eraseExpired(olderThan: Self.retention, limit: 10)
            #expect(again == OrderStore.Erased(orders: 0, steps: 0))
        }
    }

    @Test("Orders that have not ended, or ended lately, keep their guests", arguments: OrderState.allCases)
    func keeping(state: OrderState) async throws {
        try await RouterBed.with { bed in
            try await connect(bed)
            let old = try await order(bed, "old", state, daysAgo: 400)
            let late = try await order(bed, "late", state, daysAgo: 29)
            _ = try await bed.orders.eraseExpired(olderThan: Self.retention, limit: 10)
            let (keepsOld, keepsLate) = (try await hasGuest(old, bed), try await hasGuest(late, bed))
            #expect(keepsOld != state.isFinal)
            #expect(keepsLate)
        }
    }

    @Test("A batch is bounded, the oldest go first, and replicas at the same time take different orders")
    func batches() async throws {
        try await RouterBed.with { bed in
            try await connect(bed)
            var ids: [UUID] = []
            for number in 0..<12 { ids.append(try await order(bed, "t-\(number)", .expired, daysAgo: 100 - number)) }
            #expect(try await bed.orders.eraseExpired(olderThan: Self.retention, limit: 4).orders == 4)
            for (number, id) in ids.enumerated() {
                let isKept = try await hasGuest(id, bed)
                #expect(isKept == (number >= 4))
            }
            let rest = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await bed.orders.eraseExpired(olderThan: Self.retention, limit: 100).orders }
                }
                return try await group.reduce(0, +)
            }
            #expect(rest == 8)
            for id in ids { #expect(try await !hasGuest(id, bed)) }
        }
    }

    @Test("What is to be erased is found through an index that holds nothing else")
    func plan() async throws {
        try await RouterBed.with { bed in
            try await bed.pool.execute(
                """
                INSERT INTO orders (
                    order_id, merchant_id, location_id, transaction_id, content, state, progress, priority, accepted_at,
                    updated_at, guest_erased_at
                )
                SELECT gen_random_uuid(), 'm' || n % 5, 'l', 't-' || n, \(JSON(Sample.content())), 'delivered',
                    \(JSON(OrderRouter.Progress())), 2, now(), now() - n * interval '1 hour',
                    CASE WHEN n % 50 > 0 THEN now() END
                FROM generate_series(1, 5000) n
                """
            )
            try await bed.pool.execute(
                """
                INSERT INTO steps (order_id, at, state, action, duration_ms)
                SELECT order_id, now(), 'delivered', 'release_table', 1 FROM orders, generate_series(1, 12)
                """
            )
            try await bed.pool.execute("ANALYZE orders, steps")
            let query = OrderStore.eraseExpiredQuery(olderThan: Self.retention, limit: 20)
            let plan = try await bed.pool.query("EXPLAIN \(query)").map { try $0.decode(String.self) }
                .joined(separator: "\n")
            #expect(plan.contains("orders_erasable"), "\(plan)")
            #expect(!plan.contains("Seq Scan on orders"), "\(plan)")
            #expect(!plan.contains("Seq Scan on steps"), "\(plan)")
        }
    }

    // MARK: - On demand

    private func with(
        _ body: @escaping @Sendable (RouterBed, RouterProcess) async throws -> Void
    ) async throws {
        try await RouterBed.with { bed in
            try await FakeServices().serve { client in
                try await connect(bed)
                // Its workers stand still: what is asked is asked of the database alone.
                try await body(bed, RouterProcess(bed, client))
            }
        }
    }

    private func erase(
        _ process: RouterProcess,
        order: UUID? = nil,
        transaction: String? = nil,
        merchant: MerchantID = Sample.merchant
    ) async throws -> EraseGuestResponse {
        try await process.service.eraseGuest(
            EraseGuestRequest(
                merchantId: merchant,
                orderId: order,
                transactionId: transaction.map { TransactionID(unchecked: $0) },
                actor: "anna@upvendo"
            ),
            RouterProcess.context()
        )
    }

    @Test("EraseGuest erases one order at once, and its history names who asked")
    func onDemand() async throws {
        try await with { bed, process in
            let id = try await order(bed, "t-1", .delivered, daysAgo: 0)
            let neighbour = try await order(bed, "t-2", .delivered, daysAgo: 0)
            let theirs = try await order(bed, "t-1", .delivered, daysAgo: 0, merchant: Self.stranger)
            await #expect(throws: RoutingError.unknownOrder) {
                try await erase(process, order: id, merchant: Self.stranger)
            }
            let answer = try await erase(process, transaction: "t-1")
            #expect(answer.changed)
            #expect(answer.order.orderId == id)
            #expect(answer.order.guestErasedAt != nil)
            #expect(try await !hasGuest(id, bed))
            for other in [neighbour, theirs] { #expect(try await hasGuest(other, bed)) }
            let last = try #require(try await bed.orders.steps(of: id).last)
            #expect(last.action == "erase_guest")
            #expect(last.actor == "anna@upvendo")
            #expect(last.note == nil)
            // Repeating it is success, and leaves the history alone.
            #expect(try await !erase(process, order: id).changed)
            #expect(try await bed.orders.steps(of: id).count == 3)
        }
    }

    @Test("An order that has not ended keeps its guest, and the answer says why", arguments: OrderState.allCases)
    func tooEarly(state: OrderState) async throws {
        try await with { bed, process in
            let id = try await order(bed, "t-1", state, daysAgo: 0)
            if state.isFinal {
                #expect(try await erase(process, order: id).changed)
            } else {
                let error = await #expect(throws: RoutingError.self) { try await erase(process, order: id) }
                #expect(error == .orderNotEnded(state))
                #expect(error?.rpcError.reason == "order_not_ended")
                #expect(try await hasGuest(id, bed))
            }
        }
    }

    @Test("The same content again answers the first outcome of an erased order; other content is still told apart")
    func repetition() async throws {
        try await with { bed, process in
            let id = try await order(bed, "t-1", .delivered, daysAgo: 0)
            _ = try await erase(process, order: id)
            let again = try await process.service.submitOrder(Self.content("t-1"), RouterProcess.context())
            #expect(again.orderId == id)
            // Nothing of the guest is kept to compare with.
            var anonymous = Self.content("t-1")
            anonymous.guest = nil
            #expect(try await process.service.submitOrder(anonymous, RouterProcess.context()).orderId == id)
            var other = Self.content("t-1")
            other.items[0].unitPriceCents = 200
            other.items[0].quantity = 3
            let error = await #expect(throws: RoutingError.self) {
                try await process.service.submitOrder(other, RouterProcess.context())
            }
            #expect(error == .contentDiffers(fields: ["items[0].quantity", "items[0].unitPriceCents"]))
            #expect(try await !hasGuest(id, bed))
        }
    }

    /// A note may be an allergy.
    @Test("An erased order is not made again without what its guest asked for")
    func noRetry() async throws {
        try await with { bed, process in
            let id = try await order(bed, "t-1", .refused, daysAgo: 0)
            let seen = try #require(try await bed.orders.find(Sample.merchant, order: id))
            _ = try await erase(process, order: id)
            let error = await #expect(throws: RoutingError.self) {
                try await process.service.retryOrder(
                    RetryOrderRequest(merchantId: Sample.merchant, orderId: id, actor: "anna"),
                    RouterProcess.context()
                )
            }
            #expect(error == .guestErased)
            #expect(error?.rpcError.nextAction == .refund)
            // Nor by somebody who looked before it was erased.
            let change = try seen.order.retriedByPerson()
            #expect(try await bed.orders.store(change, after: seen, actor: "anna", note: nil) == nil)
            #expect(try await bed.state(id) == .refused)
        }
    }

    // MARK: - EraseExpired

    @Test("EraseExpired takes a caller for all merchants, and says when there is more")
    func procedure() async throws {
        try await with { bed, process in
            for number in 0..<3 { _ = try await order(bed, "t-\(number)", .delivered, daysAgo: 40) }
            let context = RouterProcess.context()
            var limited = context
            limited.caller = Caller(name: "shop", services: .all, merchants: .only([Sample.merchant]))
            let shop = limited
            let refused = await #expect(throws: RPCError.self) {
                try await process.service.eraseExpired(EraseExpiredRequest(), shop)
            }
            #expect(refused?.code == .permissionDenied)
            #expect(refused?.reason == "merchant_not_allowed")
            let wrong = await #expect(throws: RPCError.self) {
                try await process.service.eraseExpired(EraseExpiredRequest(limit: 0), context)
            }
            #expect(wrong?.fields.map(\.field) == ["limit"])
            let first = try await process.service.eraseExpired(EraseExpiredRequest(limit: 2), context)
            #expect(first.erased.map(\.what) == ["guests_of_orders", "texts_of_steps"])
            #expect(first.erased.map(\.rows) == [2, 4])
            #expect(first.isMore)
            let last = try await process.service.eraseExpired(EraseExpiredRequest(limit: 2), context)
            #expect(last.erased[0].rows == 1)
            #expect(!last.isMore)
        }
    }
}
