import Contracts
import Foundation
import RPC

extension OrderRouterService {
    /// Whether an order could be served: one look into our database, then menu-sync and table-allocator side by side.
    ///
    /// Where the database does not answer this fails, as `SubmitOrder` would: then no guest should pay.
    func checkOrder(_ request: CheckOrderRequest, _ context: CallContext) async throws -> CheckOrderResponse {
        let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
        let location = try await checked(key)
        let problems = request.problems(capabilities: location.route.capabilities)
        let question = MenuQuestion(request, except: problems)
        // A number that no register has is wrong whatever the sections say.
        let table = request.tableNumber.flatMap { OrderLimits.tableNumber.contains($0) ? $0 : nil }
        async let menu = knowledge.menu(question, context)
        async let tables = knowledge.table(table, at: key, context)
        return await OrderCheck(
            request: request,
            location: location,
            menu: menu,
            tables: tables,
            heardAt: follower.heardAt(location.route.gateway),
            now: Date()
        ).response
    }

    /// The location, which may have been connected a moment ago: gateways get no more time than the others.
    private func checked(_ key: LaneKey) async throws -> KnownLocation {
        if let location = try await routes.location(key) { return location }
        let refresh = Task { [follower] in await follower.refresh() }
        let alarm = Task { [patience = knowledge.patience] in
            try await Task.sleep(for: patience)
            refresh.cancel()
        }
        await refresh.value
        alarm.cancel()
        guard let location = try await routes.location(key) else { throw RoutingError.unknownLocation }
        return location
    }
}
