import Contracts
import Foundation
import RPC
import RPCClient

/// Tests registers so that waiting orders go out by themselves (rule K7): `kassanet:check-and-requeue`.
///
/// It decides by what the feeds say of a connection, never by its vendor. Every minute a run for the deployment finds out
/// where tests are needed; each such location has runs of its own, further apart the longer its register stays away.
struct ConnectionCheck: TaskWork {
    let gateways: [String: RPCClient]
    let orderRouter: RPCClient
    let connections: ConnectionStore
    let runs: RunStore
    let timing: CheckTiming
    let timeout: Duration
    var dice = Dice.fair

    /// How many locations with waiting orders one round looks at.
    private static let most = 20_000

    func run(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        guard let location = run.key.location else { return try await survey(run, context) }
        return try await test(location, run, context)
    }

    // MARK: - Where tests are needed

    private func survey(_ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        var items: [TaskRunItem] = []
        var waiting: [LocationKey]?
        do {
            let found = try await waitingLocations(context)
            items.append(TaskRunItem(name: "locations with waiting orders", outcome: .succeeded, count: found.count))
            waiting = found
        } catch let error as RPCError {
            // Registers that are known to be away are tested all the same.
            items.append(TaskRunItem("locations with waiting orders", failed: error))
        }
        let planned = try await connections.reconcileChecks(waiting: waiting)
        items.append(TaskRunItem(name: "locations being tested", outcome: .succeeded, count: planned))
        if run.trigger == .person {
            let begun = try await runs.fanOut(run)
            items.append(TaskRunItem(name: "tests begun now", outcome: .succeeded, count: begun))
        }
        return RunReport(items)
    }

    private func waitingLocations(_ context: CallContext) async throws -> [LocationKey] {
        var found: [LocationKey] = []
        var cursor: String?
        repeat {
            let page = try await orderRouter.call(
                OrderRouterV1.listWaitingLocations,
                ListWaitingLocationsRequest(pageSize: 500, cursor: cursor),
                context,
                within: .seconds(15)
            )
            found += page.locations.map { LocationKey($0.merchantId, $0.locationId) }
            cursor = page.nextCursor
        } while cursor != nil && found.count < Self.most
        return found
    }

    // MARK: - One test

    private func test(_ location: LocationKey, _ run: ClaimedRun, _ context: CallContext) async throws -> RunReport {
        guard let connection = run.connection else { return .notConnected }
        guard let gateway = gateways[connection.gateway] else {
            return RunReport(
                outcome: .failed,
                reason: "unknown_gateway",
                explanation: "The gateway \(connection.gateway) is not among GATEWAYS any more. Add it there.",
                nextAction: .callSupport
            ).next(again(run, connection.status, failures: run.level))
        }
        do {
            let request = LocationRequest(merchantId: location.merchantID, locationId: location.locationID)
            let answer = try await gateway.call(PosGatewayV1.testConnection, request, context, within: timeout)
            return report(answer, run)
        } catch {
            return report(error, run, connection)
        }
    }

    private func report(_ answer: TestConnectionResponse, _ run: ClaimedRun) -> RunReport {
        switch answer.status.knownValue {
        case .connected:
            let text = ([answer.message] + answer.warnings).joined(separator: " ")
            return .succeeded("connected", text).next(.never)
        case .misconfigured:
            return RunReport(
                outcome: .failed,
                reason: "register_misconfigured",
                explanation: answer.message,
                nextAction: .callSupport
            ).next(again(run, .misconfigured, failures: run.level + 1))
        case .disconnected, .untested, nil:
            return RunReport(
                outcome: .failed,
                reason: "register_unreachable",
                explanation: answer.message,
                nextAction: .wait
            ).next(again(run, .disconnected, failures: run.level + 1))
        }
    }

    private func report(_ error: RPCError, _ run: ClaimedRun, _ connection: ClaimedRun.Standing) -> RunReport {
        if error.code == .notFound || error.reason == "not_connected" { return .notConnected }
        // Of a gateway that is away or busy nothing is learnt about the register: the pause does not grow.
        let isOurs = [.unavailable, .resourceExhausted, .unimplemented].contains(error.code)
        return RunReport(failed: error)
            .next(again(run, connection.status, failures: isOurs ? run.level : run.level + 1))
    }

    private func again(_ run: ClaimedRun, _ status: ConnectionStatus, failures level: Int) -> NextTurn {
        .after(seconds: timing.pause(status, level: level, hasWaiting: run.hasWaiting, dice), level: level)
    }
}

extension RunReport {
    /// A run that is as good as its parts.
    init(_ items: [TaskRunItem]) {
        let failed = items.filter { $0.outcome.knownValue == .failed }
        self.init(
            outcome: failed.isEmpty ? .succeeded : .failed,
            reason: failed.first?.reason,
            explanation: failed.isEmpty
                ? nil : failed.map { "\($0.name): \($0.explanation ?? "failed")" }.joined(separator: " "),
            nextAction: failed.first?.nextAction.flatMap(NextAction.init(rawValue:)),
            items: items
        )
    }
}
