import Contracts
import RPC
import RPCClient

/// Asks registers that count articles what is left of them (rule K27): `stock-polling`.
///
/// A run for the deployment finds out which those are; each has runs of its own, so that they do not all come at once.
struct StockPolling: TaskWork {
    let menuSync: RPCClient
    let connections: ConnectionStore
    let runs: RunStore
    let interval: Duration

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        guard let location = run.key.location else { return try await survey(run, context) }
        guard let connection = run.connection else { return .notConnected }
        // Nothing but a test is tried against a register that is away.
        guard connection.status == .connected || connection.status == .untested else {
            return .skipped(
                connection.status == .misconfigured ? "register_misconfigured" : "register_unreachable",
                "The register cannot be used at the moment; its stock is read when it is back."
            )
        }
        let request = SyncStockRequest(merchantId: location.merchantID, locationId: location.locationID)
        let answer = try await menuSync.call(MenuSyncV1.syncStock, request, context, within: .seconds(90))
        return .succeeded(
            "read",
            "\(answer.levels) articles are counted, \(answer.changed) changed, \(answer.outOfStock) are out of stock."
        )
    }

    private func survey(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        var found: [LocationKey] = []
        var cursor: String?
        repeat {
            let page = try await menuSync.call(
                MenuSyncV1.listStockLocations,
                ListStockLocationsRequest(pageSize: nil, cursor: cursor),
                context,
                within: .seconds(20)
            )
            found += page.locations.map { LocationKey($0.merchantId, $0.locationId) }
            cursor = page.nextCursor
        } while cursor != nil
        let count = try await connections.reconcileStock(found, every: interval)
        var items = [TaskRunItem(name: "locations that count articles", outcome: .succeeded, count: count)]
        if run.trigger == .person {
            items.append(
                TaskRunItem(name: "readings begun now", outcome: .succeeded, count: try await runs.fanOut(run))
            )
        }
        return RunReport(items)
    }
}
