import Contracts
import Foundation
import RPC

/// What is left of counted articles, and whether an order could be served (rules K27, P3).
extension MenuSyncService {
    func listStock(_ request: ListStockRequest, _ context: CallContext) async throws -> ListStockResponse {
        let size = try Self.pageSize(request.pageSize, request.cursor)
        let after = try request.cursor.map(Self.text)
        let page = try await stock.list(
            MenuKey(request.merchantId, request.locationId),
            outOfStockOnly: request.outOfStockOnly ?? false,
            after: after,
            limit: size + 1
        )
        let last = page.levels.count > size ? page.levels[size - 1] : nil
        return ListStockResponse(
            levels: Array(page.levels.prefix(size)),
            readAt: page.readAt,
            nextCursor: last.map { Self.cursor($0.plu) }
        )
    }

    func adjustStock(_ request: AdjustStockRequest, _ context: CallContext) async throws -> AdjustStockResponse {
        var check = RequestCheck()
        check.text("plu", request.plu, MenuLimits.plu)
        check.text("actor", request.actor, MenuLimits.actor)
        check.number("quantity", request.quantity, MenuLimits.quantity)
        check.number("delta", request.delta, MenuLimits.quantity)
        if (request.quantity == nil) == (request.delta == nil) {
            check.add("quantity", "or delta is needed", accepted: "exactly one of them")
        }
        try check.end()
        let adjustment =
            request.quantity.map(StockStore.Adjustment.to) ?? StockStore.Adjustment.by(request.delta ?? 0)
        let key = MenuKey(request.merchantId, request.locationId)
        let location = try await connected(key)
        let level = try await stock.adjust(key, plu: request.plu, adjustment, actor: request.actor) {
            try await LocationStore.hold(location, in: $0)
        }
        announce()
        return AdjustStockResponse(level: level)
    }

    func syncStock(_ request: SyncStockRequest, _ context: CallContext) async throws -> SyncStockResponse {
        let key = MenuKey(request.merchantId, request.locationId)
        let location = try await connected(key)
        let read = try await desk.readStock(
            key,
            location.gateway,
            threshold: location.stockThreshold,
            context: context
        )
        let change = try await stock.replaceFromRegister(
            key,
            read.levels,
            threshold: location.stockThreshold,
            guarding: { try await LocationStore.hold(location, in: $0) }
        )
        if !change.changed.isEmpty { announce() }
        return SyncStockResponse(
            levels: change.levels,
            changed: change.changed.count,
            outOfStock: change.outOfStock
        )
    }

    /// A location that has a register.
    private func connected(_ key: MenuKey) async throws -> Location {
        guard let location = try await locations.find(key), !location.isDeleted else { throw SyncError.unknownLocation }
        return location
    }

    func listStockLocations(
        _ request: ListStockLocationsRequest,
        _ context: CallContext
    ) async throws -> ListStockLocationsResponse {
        try context.caller.requireAccessToAllMerchants()
        let size = try Self.pageSize(request.pageSize, request.cursor)
        let after = try request.cursor.map { cursor in
            let parts = try Self.text(cursor).split(separator: "/")
            guard parts.count == 2, let merchant = MerchantID(rawValue: String(parts[0])),
                let location = LocationID(rawValue: String(parts[1]))
            else { throw SyncError.malformedCursor }
            return MenuKey(merchant, location)
        }
        let page = try await stock.countingLocations(after: after, limit: size + 1)
        let last = page.count > size ? page[size - 1] : nil
        return ListStockLocationsResponse(
            locations: Array(page.prefix(size)),
            nextCursor: last.map { Self.cursor("\($0.merchantId)/\($0.locationId)") }
        )
    }

    func checkItems(_ request: CheckItemsRequest, _ context: CallContext) async throws -> CheckItemsResponse {
        try Self.check(request.items)
        let knowledge = try await menus.knowledge(
            MenuKey(request.merchantId, request.locationId),
            plus: request.items.map(\.plu),
            modifierPlus: request.items.flatMap { $0.modifiers ?? [] }.map(\.plu)
        )
        return CheckItemsResponse(
            menuVersion: knowledge.menuVersion,
            menuAsOf: knowledge.menuAsOf,
            stockAsOf: knowledge.stockAsOf,
            problems: knowledge.problems(of: request.items)
        )
    }

    private static func check(_ lines: [CheckedLine]) throws(RPCError) {
        var check = RequestCheck()
        check.count("items", lines.count, MenuLimits.checkedItems)
        for (index, line) in lines.prefix(MenuLimits.checkedItems.upperBound).enumerated() {
            let field = "items[\(index)]"
            check.text("\(field).plu", line.plu, MenuLimits.plu)
            check.number("\(field).quantity", line.quantity, MenuLimits.checkedQuantity)
            check.number("\(field).unitPriceCents", line.unitPriceCents, MenuLimits.cents)
            check.count("\(field).modifiers", line.modifiers?.count, MenuLimits.checkedModifiers)
            for (place, modifier) in (line.modifiers ?? []).prefix(MenuLimits.checkedModifiers.upperBound).enumerated()
            {
                check.text("\(field).modifiers[\(place)].plu", modifier.plu, MenuLimits.plu)
                check.number("\(field).modifiers[\(place)].quantity", modifier.quantity, MenuLimits.checkedQuantity)
                check.number(
                    "\(field).modifiers[\(place)].unitPriceCents",
                    modifier.unitPriceCents,
                    MenuLimits.cents
                )
            }
        }
        try check.end()
    }

    private static func cursor(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func text(_ cursor: String) throws -> String {
        guard let data = Data(base64Encoded: cursor), let text = String(data: data, encoding: .utf8),
            !text.unicodeScalars.contains(where: { $0.value == 0 })
        else { throw SyncError.malformedCursor }
        return text
    }
}
