import Contracts
import Foundation
import RPC
import RPCClient

/// Begins the import of a location's menu (rule K9): `in-house:auto-sync`.
///
/// A run for the deployment, which only people ask for, begins one for each location that has a daily time.
struct AutoSync: TaskWork {
    let menuSync: RPCClient
    let runs: RunStore
    /// How long to wait before a failed call is made again.
    var pauses: [Duration] = [.seconds(2), .seconds(10), .seconds(30)]

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        guard let location = run.key.location else { return try await runs.allLocations(of: run) }
        guard run.connection != nil else { return .notConnected }
        let request = StartSyncRequest(
            merchantId: location.merchantID,
            locationId: location.locationID,
            actor: run.actor ?? "scheduler",
            trigger: run.trigger == .person ? .person : .schedule
        )
        let answer = try await start(request, context)
        let id = answer.sync.syncId.uuidString.lowercased()
        return answer.joined
            ? .succeeded("joined", "An import of this location was under way already: \(id).")
            : .succeeded("started", "The import \(id) has begun.")
    }

    /// Calls until it succeeds, or a failure will not pass by waiting.
    ///
    /// Repeating a call joins the import that the first one began.
    private func start(_ request: StartSyncRequest, _ context: CallContext) async throws -> StartSyncResponse {
        for pause in pauses {
            do {
                return try await menuSync.call(MenuSyncV1.startSync, request, context, within: .seconds(20))
            } catch {
                guard error.isPassing, pause < context.deadline.remaining else { throw error }
            }
            try await Task.sleep(for: pause)
        }
        return try await menuSync.call(MenuSyncV1.startSync, request, context, within: .seconds(20))
    }
}

extension RunReport {
    /// The location was disconnected for good since the run was planned.
    static let notConnected = RunReport.skipped("not_connected", "No register is connected at this location any more.")
        .next(.never)
}

extension RunStore {
    /// Begins a run for each location of a task, for somebody who asked for all of them.
    func allLocations(of run: ClaimedRun) async throws -> RunReport {
        let count = try await fanOut(run)
        return RunReport(
            outcome: count == 0 ? .skipped : .succeeded,
            reason: count == 0 ? "no_locations" : "begun",
            explanation: count == 0
                ? "No location has this task on its schedule." : "A run was begun for each of \(count) locations.",
            items: [TaskRunItem(name: "locations", outcome: .succeeded, count: count)]
        )
    }
}

extension RPCError {
    /// Whether the same call may well succeed in a moment.
    var isPassing: Bool { [.unavailable, .resourceExhausted, .deadlineExceeded, .aborted].contains(code) }
}
