import Contracts
import Foundation
import Postgres
import RPC
import RPCClient
import TestBed

/// What one order costs the database from intake to delivered, over all services (G13).
struct CostMeasure {
    let rig: Rig

    func run() async throws -> [Finding] {
        try await deliver(20, run: "g13-warm-\(UUID().uuidString.prefix(6))")
        let orders = 200
        let began = ContinuousClock.now
        let before = try await rig.database.written()
        try await deliver(orders, run: "g13-\(UUID().uuidString.prefix(6))")
        let after = try await rig.database.written()
        // What the services write at rest, in the same time.
        let pause = began.duration(to: .now)
        try await Task.sleep(for: pause)
        let idle = try await rig.database.written()
        // What rests ticks at its own times, so two rests of one length differ by a commit or two.
        let commits = (Double(after.commits * 2 - before.commits - idle.commits) / Double(orders) * 10).rounded() / 10
        let bytes = Double(after.bytes - before.bytes - (idle.bytes - after.bytes)) / Double(orders)
        return [
            Finding(
                goal: "G13",
                what: "commits an order, virtual table, all services",
                ours: commits.short,
                reference: "1",
                ratio: commits,
                bar: 13,
                target: 8,
                better: .lower
            ),
            Finding(
                goal: "G13",
                what: "kB of write-ahead log an order, all services",
                ours: "\(Int(bytes)) bytes",
                reference: "1 kB",
                ratio: bytes / 1000,
                bar: 16,
                target: 8,
                better: .lower
            ),
        ]
    }

    private func deliver(_ count: Int, run: String) async throws {
        let client = rig.fleet.client(.orderRouter)
        for number in 0..<count {
            let accepted = try await client.call(
                OrderRouterV1.submitOrder,
                SampleOrder.request(number, run: run, at: Rig.location(number % 20)),
                context: .byHand()
            )
            try await rig.database.wait(
                "EXISTS (SELECT FROM order_router.orders WHERE order_id = \(accepted.orderId) AND state = 'delivered')"
            )
        }
    }
}
