import Foundation

/// The register's other port: what happened, what is to go wrong, and what people at the till do.
struct ControlAPI: Sendable {
    let register: Register
    let wire: Listener

    /// Answers one request: 200 with JSON, 400 for a body that makes no sense, 404 for a route that does not exist,
    /// 409 for what the register cannot do.
    func answer(_ request: RawRequest) async -> Reply {
        do {
            return try await route(request)
        } catch let refusal as Refusal {
            return .plain(409, ["error": .string(refusal.message)])
        } catch {
            return .plain(400, ["error": .string("\(error)")])
        }
    }

    private func route(_ request: RawRequest) async throws -> Reply {
        let path = request.path.split(separator: "/").map(String.init)
        let query = ControlQuery(request.query)
        switch (request.method, path.first ?? "", path.dropFirst().first) {
        case ("GET", "state", nil): return try .encoding(await StateReport(register))
        case ("GET", "bills", let table?): return try await bill(table)
        case ("GET", "ledger", nil): return try await ledger(query)
        case ("GET", "requests", nil): return try await requests(query)
        case ("GET", "violations", nil): return try .encoding(await register.violations)
        case ("GET", "faults", nil): return try .encoding(await register.script.faults)
        case ("POST", "faults", nil): try await addFaults(request)
        case ("DELETE", "faults", nil): await register.clearFaults()
        case ("POST", "power", nil):
            if try request.decoded(PowerBody.self).on { try await wire.open() } else { await wire.shut() }
        case ("POST", "waiter", let table?): try await waiter(table, path.last ?? "", request)
        case ("PUT", "products", nil): await register.sell(try request.decoded(ProductsBody.self).catalog)
        case ("POST", "stock", nil):
            let count = try request.decoded(StockBody.self)
            try await register.count(count.articleId, stock: count.stock)
        // What is left out stays as it is; a catalogue is settings, too.
        case ("PUT", "settings", nil), ("POST", "catalog", nil):
            let change = try request.decoded(RegisterSettingsChange.self)
            try change.check()
            await register.changeSettings { change.apply(to: &$0) }
        case ("POST", "forget", nil): await register.forget()
        case ("POST", "late", "land"): await register.landLateEffects()
        default: return .plain(404, ["error": .string("\(request.method) \(request.path) does not exist")])
        }
        return .plain(200, ["ok": .bool(true)])
    }

    private func bill(_ table: String) async throws -> Reply {
        guard let number = Int(table), let bill = await register.state.open[number] else {
            return .plain(404, ["error": .string("no open bill on table \(table)")])
        }
        return try .encoding(StateReport.BillReport(bill: bill, paymentCents: bill.paymentCents))
    }

    private func ledger(_ query: ControlQuery) async throws -> Reply {
        let effect = query["effect"].flatMap(LedgerEntry.Effect.init)
        if let effect, let count = query.count {
            _ = await register.wait(for: .effect(effect), count: count, timeout: query.wait)
        }
        return try .encoding(await register.ledger.entries.filter { effect == nil || $0.effect == effect })
    }

    private func requests(_ query: ControlQuery) async throws -> Reply {
        let endpoint = query["endpoint"]
        if let count = query.count {
            _ = await register.wait(for: .request(endpoint: endpoint), count: count, timeout: query.wait)
        }
        return try .encoding(await register.requests.filter { endpoint == nil || $0.endpoint == endpoint })
    }

    private func addFaults(_ request: RawRequest) async throws {
        let isList = request.body.first == UInt8(ascii: "[")
        let faults = isList ? try request.decoded([RegisterFault].self) : [try request.decoded(RegisterFault.self)]
        for fault in faults { await register.add(fault) }
    }

    private func waiter(_ table: String, _ act: String, _ request: RawRequest) async throws {
        guard let table = Int(table) else { throw Refusal("\(table) is no table") }
        switch act {
        case "lines":
            let line = try request.decoded(LineBody.self)
            try await register.waiterAdds(table: table, articleID: line.articleId, quantity: line.quantity ?? 1)
        case "pay": try await register.waiterPays(table: table)
        case "move": try await register.waiterMoves(table: table, to: try request.decoded(MoveBody.self).to)
        default: throw Refusal("a waiter does not \(act)")
        }
    }
}
