import Contracts
import Metrics
import RPC
import TableAllocatorStorage

extension TableAllocatorService {
    func sweepLeases(_ request: SweepLeasesRequest, context: CallContext) async throws -> SweepLeasesResponse {
        let most = request.limit ?? 500
        guard TableLimits.sweep.contains(most) else {
            let (least, greatest) = (TableLimits.sweep.lowerBound, TableLimits.sweep.upperBound)
            throw RPCError.invalid([FieldProblem("limit", "is \(most)", accepted: "\(least) to \(greatest)")])
        }
        let sweep = try await sweeps.sweep(of: context.caller.merchants, most: most)
        Counter(label: "table_leases_expired_total").increment(by: sweep.expiredLeases)
        return SweepLeasesResponse(
            expiredLeases: sweep.expiredLeases,
            forgottenWaiters: sweep.forgottenWaiters,
            busyTables: sweep.busyTables,
            history: sweep.history,
            usage: sweep.usage,
            tablesToLookAt: sweep.tablesToLookAt,
            wake: sweep.wake.isEmpty ? nil : sweep.wake,
            more: sweep.more
        )
    }
}
