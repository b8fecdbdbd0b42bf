import Contracts
import Foundation
import Postgres
import RPC
import RPCClient
import TestBed

/// What our services add to the register's own time, from accepted to paid, on an idle system (G6).
struct LatencyMeasure {
    let rig: Rig
    let pairs: Int

    func run() async throws -> [Finding] {
        let commit = try await commitTime()
        var findings: [Finding] = []
        for (delay, orders) in [(0, 60), (20, 30), (200, 8)] {
            try await rig.slow(0, milliseconds: delay)
            var added: [Double] = []
            var ours: [Double] = []
            var bare: [Double] = []
            for pair in 0..<pairs {
                let raw = try bareTimes(orders)
                let whole = try await times(orders, run: "g6-\(delay)-\(pair)-\(UUID().uuidString.prefix(6))")
                bare += raw
                ours += whole
                added += whole.map { $0 - raw.median }
            }
            try await rig.slow(0, milliseconds: 0)
            let reference = "\(bare.median.short) ms bare calls"
            findings.append(
                Finding(
                    goal: "G6",
                    what: "p50 added, register at \(delay) ms, in commits of \(commit.short) ms",
                    ours: "\(ours.median.short) ms (+\(added.median.short))",
                    reference: reference,
                    ratio: added.median / commit,
                    bar: 16,
                    target: 8,
                    better: .lower
                )
            )
            findings.append(
                Finding(
                    goal: "G6",
                    what: "p99 added, register at \(delay) ms, in ms",
                    ours: "\(ours.percentile(99).short) ms",
                    reference: reference,
                    ratio: added.percentile(99),
                    bar: 40,
                    target: 15,
                    better: .lower
                )
            )
        }
        return findings
    }

    private func bareTimes(_ count: Int) throws -> [Double] {
        let register = BareRegister(port: rig.registers[0].port)
        return try (0..<count).map { _ in
            let start = ContinuousClock.now
            try register.order()
            return start.duration(to: .now) / .milliseconds(1)
        }
    }

    /// One order after the other, each when the one before is delivered, by the database's clock.
    private func times(_ count: Int, run: String) async throws -> [Double] {
        let client = rig.fleet.client(.orderRouter)
        for number in 0..<count {
            let accepted = try await client.call(
                OrderRouterV1.submitOrder,
                SampleOrder.request(number, run: run, at: Rig.location(0)),
                context: .byHand()
            )
            try await rig.database.wait(
                "EXISTS (SELECT FROM order_router.orders WHERE order_id = \(accepted.orderId) AND state = 'delivered')"
            )
        }
        let rows = try await rig.database.pool.query(
            """
            SELECT extract(epoch FROM s.at - o.accepted_at)::float8 * 1000 AS ms
            FROM order_router.orders o
            JOIN order_router.steps s USING (order_id)
            WHERE o.transaction_id LIKE \(run + "-%") AND s.state = 'settled'
            """
        )
        return try rows.map { try $0["ms", as: Double.self] }
    }

    private func commitTime() async throws -> Double {
        try await rig.database.execute(
            "CREATE TABLE IF NOT EXISTS public.bench_commits (id int PRIMARY KEY, value int NOT NULL)"
        )
        try await rig.database.execute(
            "INSERT INTO public.bench_commits SELECT i, 0 FROM generate_series(1, 32) i ON CONFLICT DO NOTHING"
        )
        var times: [Double] = []
        for _ in 0..<pairs {
            times.append(
                try await rig.database.pgbench("commit.sql", role: "postgres", clients: 1, seconds: 1).milliseconds
            )
        }
        return times.median
    }
}
