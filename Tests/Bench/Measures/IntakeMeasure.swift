import Contracts
import Foundation
import Postgres
import RPC
import TestBed

/// How many orders are taken in, how long a caller waits, and what a repeated order costs (G1, G2, G3).
struct IntakeMeasure {
    let rig: Rig
    let pairs: Int
    let seconds: Int

    func run() async throws -> [Finding] {
        let location = Rig.location(Rig.intakeOnly)
        let port = URL(string: rig.fleet.url(.orderRouter))?.port ?? 0
        let load = LoadGenerator(port: port)
        var intake = Pairs()
        var replays = Pairs()
        for pair in 0..<pairs {
            let reference = try await pgbench(location)
            let run = "g1-\(UUID().uuidString.prefix(8))-\(pair)"
            let fresh = try await load.run(
                .closed,
                for: .seconds(seconds),
                request: SampleOrder.messages(run: run, at: location)
            )
            try fresh.check("SubmitOrder")
            intake.add(ours: fresh.perSecond, reference: reference.perSecond)
            // The first thousand of them again: known all, so nothing is written.
            let again = try SampleOrder.messages(run: run, at: location)
            let repeated = try await load.run(.closed, for: .seconds(seconds)) { again($0 % 1000) }
            try repeated.check("SubmitOrder, repeated")
            replays.add(ours: repeated.perSecond, reference: fresh.perSecond)
        }
        let sustained = intake.ours.median
        var findings = [
            Finding(
                goal: "G1",
                what: "orders taken in per second, 32 connections",
                ours: intake.ours.median.short,
                reference: "\(intake.reference.median.short) pgbench, the same statement, 8 clients",
                ratio: intake.ratio,
                bar: 0.60,
                target: 1.0,
                better: .higher
            ),
            Finding(
                goal: "G3",
                what: "repeated orders per second",
                ours: replays.ours.median.short,
                reference: "\(replays.reference.median.short) new ones",
                ratio: replays.ratio,
                bar: 1.0,
                target: 1.5,
                better: .higher
            ),
        ]
        findings += try await waiting(load, at: location, perSecond: sustained / 2)
        return findings
    }

    /// An open loop at half of what can be done, beside a no-op of the same bytes on the same server library.
    private func waiting(_ load: LoadGenerator, at location: LocationID, perSecond: Double) async throws -> [Finding] {
        let noOpPort = try TestBed.freePort()
        let noOp = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "bench"),
            ["no-op", "--port", String(noOpPort)]
        )
        try await rig.waitForAnswer("http://127.0.0.1:\(noOpPort)/healthz")
        let submit = try SampleOrder.messages(run: "g2", at: location)
        let sample = String(
            decoding: try RPCCoding.encode(SampleOrder.request(1, run: "g2", at: location)),
            as: UTF8.self
        )
        let nothing = HTTPMessages.post("/no-op", token: "none", body: sample)
        var tails = Pairs()
        var middles = Pairs()
        var commits: [Double] = []
        var statements: [Double] = []
        for pair in 0..<pairs {
            let reference = try await LoadGenerator(port: noOpPort)
                .run(.open(perSecond: perSecond), for: .seconds(seconds)) { _ in nothing }
            try reference.check("The no-op")
            let ours = try await load.run(.open(perSecond: perSecond), for: .seconds(seconds)) {
                submit(pair * 1_000_000 + $0)
            }
            try ours.check("SubmitOrder, open loop")
            commits.append(try await pgbench(location, clients: 1, seconds: 2).milliseconds)
            // What of the tail is the database's own.
            let alone = try await rig.database.pgbench(
                "intake.sql",
                role: "order_router",
                perSecond: perSecond,
                seconds: seconds,
                variables: try variables(location)
            )
            statements.append(alone.percentile(99))
            tails.add(ours: ours.percentile(99), reference: reference.percentile(99))
            middles.add(ours: ours.percentile(50), reference: reference.percentile(50))
        }
        await noOp.stop()
        let beyond = (middles.ours.median - middles.reference.median) / commits.median
        let rate = "\(Int(perSecond))/s, open loop"
        return [
            Finding(
                goal: "G2",
                what: "p99 of SubmitOrder at \(rate)",
                ours: "\(tails.ours.median.short) ms",
                reference:
                    "\(tails.reference.median.short) ms no-op (the statement alone, by pgbench: \(statements.median.short) ms)",
                ratio: tails.ratio,
                bar: 4,
                target: 2,
                better: .lower
            ),
            Finding(
                goal: "G2",
                what: "p50 of SubmitOrder beyond the no-op at \(rate), in commits",
                ours: "\(middles.ours.median.short) ms",
                reference: "\(middles.reference.median.short) ms no-op, \(commits.median.short) ms a commit",
                ratio: beyond,
                bar: 3,
                target: 1.5,
                better: .lower
            ),
        ]
    }

    private func pgbench(
        _ location: LocationID,
        clients: Int = 8,
        seconds: Int? = nil
    ) async throws
        -> BenchDatabase.PgbenchResult
    {
        try await rig.database.pgbench(
            "intake.sql",
            role: "order_router",
            clients: clients,
            seconds: seconds ?? self.seconds,
            variables: try variables(location)
        )
    }

    private func variables(_ location: LocationID) throws -> [String: String] {
        let content = try RPCCoding.encode(SampleOrder.request(1, run: "pgbench", at: location))
        return [
            "content": String(decoding: content, as: UTF8.self),
            "progress": #"{"fruitless":0,"parkings":0}"#,
            "merchant": Rig.merchant.rawValue,
            "location": location.rawValue,
        ]
    }
}
