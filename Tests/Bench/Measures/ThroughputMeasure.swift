import Contracts
import Foundation
import Postgres
import RPC
import TestBed

/// How many orders are brought to the end per second, to 200 registers that answer at once (G7).
struct ThroughputMeasure {
    let rig: Rig
    let pairs: Int
    let seconds: Int

    /// Orders per round, spread evenly over the registers.
    private var orders: Int { (Rig.registerCount - 1) * 2 * seconds }

    func run() async throws -> [Finding] {
        try await prepareJobs()
        var rates = Pairs()
        for pair in 0..<pairs {
            let reference = try await rig.database.pgbench("claim-complete.sql", role: "postgres", seconds: seconds)
            rates.add(
                ours: try await deliver(run: "g7-\(pair)-\(UUID().uuidString.prefix(6))"),
                reference: reference.perSecond
            )
        }
        return [
            Finding(
                goal: "G7",
                what: "orders accepted and delivered per second, \(Rig.registerCount - 1) registers",
                ours: rates.ours.median.short,
                reference: "\(rates.reference.median.short) pgbench claim and complete, 8 clients",
                ratio: rates.ratio,
                bar: 0.25,
                target: 0.50,
                better: .higher
            )
        ]
    }

    /// Submits all as fast as they are taken, and waits for the last to be delivered: intake is part of the time.
    private func deliver(run: String) async throws -> Double {
        let port = URL(string: rig.fleet.url(.orderRouter))?.port ?? 0
        let locations = Rig.registerCount - 1
        let makers = try (0..<locations).map { try SampleOrder.messages(run: "\(run)-\($0)", at: Rig.location($0)) }
        let total = orders
        let load = LoadGenerator(port: port, connections: 8, warmUp: .zero)
        let result = try await load.run(.closed, for: .seconds(120), most: total) { makers[$0 % locations]($0) }
        try result.check("SubmitOrder")
        try await rig.database.wait(
            """
            SELECT count(*) = \(total) FROM order_router.orders
            WHERE merchant_id = 'bench' AND transaction_id LIKE \(run + "-%") AND state = 'delivered'
            """,
            seconds: 120
        )
        let row = try await rig.database.pool.queryOne(
            """
            SELECT extract(epoch FROM max(delivered_at) - min(accepted_at))::float8 AS seconds
            FROM order_router.orders
            WHERE merchant_id = 'bench' AND transaction_id LIKE \(run + "-%")
            """
        )
        return Double(total) / (try row?["seconds", as: Double.self] ?? .infinity)
    }

    private func prepareJobs() async throws {
        try await rig.database.execute("DROP TABLE IF EXISTS public.bench_jobs")
        try await rig.database.execute(
            """
            CREATE TABLE public.bench_jobs (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL, attempt int NOT NULL DEFAULT 0,
                payload jsonb NOT NULL
            )
            """
        )
        try await rig.database.execute("CREATE INDEX ON public.bench_jobs (id) WHERE state = 'ready'")
        try await rig.database.execute(
            """
            INSERT INTO public.bench_jobs (state, payload)
            SELECT 'ready', jsonb_build_object('text', repeat('x', 900)) FROM generate_series(1, 300000)
            """
        )
        try await rig.database.execute("ANALYZE public.bench_jobs")
    }
}
