import Contracts
import Foundation
import KassanetSimulator
import Logging
import Postgres
import RPC
import RPCClient
import ReceiverBed
import TestBed
import Testing

/// Erasing, seen from the whole database: no table of any service is forgotten.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ErasureTests {
    /// Words of a guest's, each found nowhere else.
    private static let words = [
        "Zebulon", "Quackenbush", "+32470665544", "470665544", "zebulon@guest.example", "marzipan-allergy",
        "behind-the-aquarium", "extra-turmeric",
    ]

    private static func order(_ number: String, table: Int? = nil) -> SubmitOrderRequest {
        var order = World.order(
            number,
            table: table,
            guest: Guest(name: "Zebulon Quackenbush", phone: "+32470665544", email: "zebulon@guest.example")
        )
        order.note = "We sit behind-the-aquarium"
        order.items[0].note = "marzipan-allergy"
        order.items[1].modifiers = [OrderItem(plu: nil, name: "Milk", unitPriceCents: 0, note: "extra-turmeric")]
        return order
    }

    /// Every row of every table of ours that holds one of the guest's words, as `table: row`.
    private func rowsWithGuest(_ world: World) async throws -> [String] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let pool = PostgresPool(
            PostgresConfiguration(
                url: world.database,
                acquireTimeout: .seconds(60),
                statementTimeout: .seconds(60),
                applicationName: "system-tests"
            ),
            logger: logger
        )
        let result: Result<[String], any Error>
        do {
            let tables = try await pool.query(
                """
                SELECT schemaname, tablename
                FROM pg_tables
                WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
                ORDER BY schemaname, tablename
                """
            ).map { (try $0["schemaname", as: String.self], try $0["tablename", as: String.self]) }
            #expect(tables.count > 15)
            var found: [String] = []
            for (schema, table) in tables {
                let rows = try await pool.query(
                    "SELECT t::text AS row FROM \(identifier: schema).\(identifier: table) t"
                ).map { try $0["row", as: String.self] }
                found += rows.filter { row in Self.words.contains { row.contains($0) } }
                    .map { "\(schema).\(table): \($0)" }
            }
            result = .success(found)
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }

    @Test(
        "A guest who is erased is in no row of any service, whichever way the orders went (I7)",
        .timeLimit(.minutes(5))
    )
    func nothingIsLeft() async throws {
        try await WebhookReceiver.with { receiver in
            let subscriber = """
                [{"name": "kitchen", "url": "\(receiver.url)", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
                "events": ["*"], "merchants": ["*"]}]
                """
            try await World.run(settings: [.orderRouter: ["SUBSCRIBERS": subscriber]]) { world in
                var orders: [UUID] = []
                // One that goes well, one on a table, one that the register refuses with the guest's name in its words.
                orders.append(try await world.submit(Self.order("1")).orderId)
                _ = try await world.order(orders[0], in: .delivered)
                orders.append(try await world.submit(Self.order("2", table: 12)).orderId)
                _ = try await world.order(orders[1], in: .delivered)
                await world.register.add(
                    RegisterFault(
                        .refuse,
                        on: "CreateOrder",
                        message: "Klant Zebulon Quackenbush (+32470665544) geblokkeerd"
                    )
                )
                orders.append(try await world.submit(Self.order("3")).orderId)
                _ = try await world.order(orders[2], in: .refused)
                await world.register.clearFaults()

                let before = try await rowsWithGuest(world)
                #expect(before.contains { $0.hasPrefix("order_router.orders:") })
                // What people of the platform never erase holds nothing of a guest from the start.
                #expect(before.filter { !$0.hasPrefix("order_router.") } == [])
                for order in orders {
                    let erased = try await world.orders.call(
                        OrderRouterV1.eraseGuest,
                        EraseGuestRequest(merchantId: World.merchant, orderId: order, actor: "anna"),
                        context: .byHand()
                    )
                    #expect(erased.changed)
                }
                #expect(try await rowsWithGuest(world) == [])
                let told = receiver.arrivals.map { String(decoding: $0.body, as: UTF8.self) }
                let output = await world.fleet.output()
                for word in Self.words {
                    #expect(!told.contains { $0.contains(word) })
                    #expect(!output.contains(word), "\(word) is in a log")
                }
            }
        }
    }
}
