import Contracts
import RPC
import RPCClient

/// Has table-allocator clear away leases and waiters whose time is over: `lease-sweep`.
struct LeaseSweep: TaskWork {
    let allocator: RPCClient
    /// How many calls one run makes at most; what is left then waits for the next.
    private static let most = 50

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        var leases = 0
        var waiters = 0
        var others = 0
        for _ in 0..<Self.most {
            let swept = try await allocator.call(
                TableAllocatorV1.sweepLeases,
                SweepLeasesRequest(limit: 500),
                context,
                within: .seconds(20)
            )
            leases += swept.expiredLeases
            waiters += swept.forgottenWaiters
            others += swept.busyTables + swept.history + swept.usage
            guard swept.more else { break }
        }
        return RunReport([
            TaskRunItem(name: "expired leases", outcome: .succeeded, count: leases),
            TaskRunItem(name: "forgotten waiters", outcome: .succeeded, count: waiters),
            TaskRunItem(name: "old notes", outcome: .succeeded, count: others),
        ])
    }
}
