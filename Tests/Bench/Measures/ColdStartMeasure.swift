import Foundation
import TestBed

/// From starting a service's program to its first answer, its schema being there (G19).
struct ColdStartMeasure {
    let rig: Rig
    let pairs: Int

    func run() async throws -> [Finding] {
        var findings: [Finding] = []
        for member in [Fleet.Member.orderRouter, .tableAllocator, .kassanetGateway] {
            var starts = Pairs()
            for _ in 0..<pairs {
                let port = try TestBed.freePort()
                let noOp = try await time("bench", ["no-op", "--port", String(port)], environment: nil, port: port)
                let ourPort = try TestBed.freePort()
                var environment = await rig.fleet.environment(of: member)
                environment["HTTP_PORT"] = String(ourPort)
                starts.add(
                    ours: try await time(member.rawValue, [], environment: environment, port: ourPort),
                    reference: noOp
                )
            }
            findings.append(
                Finding(
                    goal: "G19",
                    what: "cold start of \(member.rawValue)",
                    ours: "\(starts.ours.median.short) ms",
                    reference: "\(starts.reference.median.short) ms Hummingbird hello",
                    ratio: starts.ratio,
                    bar: 5,
                    target: 2,
                    better: .lower
                )
            )
        }
        return findings
    }

    private func time(
        _ program: String,
        _ arguments: [String],
        environment: [String: String]?,
        port: Int
    ) async throws
        -> Double
    {
        let start = ContinuousClock.now
        let process = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: program),
            arguments,
            environment: environment
        )
        try await rig.waitForAnswer("http://127.0.0.1:\(port)/healthz", every: .milliseconds(1))
        let time = start.duration(to: .now) / .milliseconds(1)
        await process.stop()
        return time
    }
}
