// Everything that the control API does, for tests in the same process.

extension RegisterSimulator {
    /// The open bill of a table; nil when there is none.
    package func bill(table: Int) async -> RegisterBill? { await register.state.open[table] }

    /// The open bills, by table.
    package var openBills: [RegisterBill] {
        get async { await register.state.open.values.sorted { $0.table < $1.table } }
    }

    /// The bills that are gone, in the order they went.
    package var history: [RegisterBill] {
        get async { await register.state.history }
    }

    /// Every effect so far, in order.
    package var ledger: [LedgerEntry] {
        get async { await register.ledger.entries }
    }

    /// Every request so far, in order, whatever became of it.
    package var requests: [ReceivedRequest] {
        get async { await register.requests }
    }

    /// The requests to one endpoint so far, in order.
    package func requests(endpoint: String) async -> [ReceivedRequest] {
        await register.requests.filter { $0.endpoint == endpoint }
    }

    /// Every liberty that was taken with the wire.
    package var violations: [WireViolation] {
        get async { await register.violations }
    }

    package var catalog: RegisterCatalog {
        get async { await register.state.catalog }
    }

    package var settings: RegisterSettings {
        get async { await register.state.settings }
    }

    /// Sells something else from now on; open bills stay as they are.
    package func setCatalog(_ catalog: RegisterCatalog) async { await register.sell(catalog) }

    /// Counts what is left of a product anew; nil ends the counting.
    ///
    /// Throws when there is no such product.
    package func setStock(of articleID: Int, to stock: Int?) async throws {
        try await register.count(articleID, stock: stock)
    }

    /// Changes settings in one step, among them what the catalogue has besides its products.
    package func changeSettings(_ change: @Sendable (inout RegisterSettings) -> Void) async {
        await register.changeSettings(change)
    }

    /// Has a fault met by the calls to come, after those that were scripted before.
    package func add(_ faults: RegisterFault...) async {
        for fault in faults { await register.add(fault) }
    }

    /// The faults that have calls left.
    package var faults: [RegisterFault] {
        get async { await register.script.faults }
    }

    /// Forgets every scripted fault; late effects already under way still land.
    package func clearFaults() async { await register.clearFaults() }

    /// Lets every late effect land now, in the order the calls came.
    package func landLateEffects() async { await register.landLateEffects() }

    /// Has a waiter put a product on a table, at the register's price; nil takes the first product.
    ///
    /// Throws when the table or the product does not exist.
    package func waiterAdds(table: Int, articleID: Int? = nil, quantity: Int = 1) async throws {
        try await register.waiterAdds(table: table, articleID: articleID, quantity: quantity)
    }

    /// Has a waiter take the money for a table.
    ///
    /// Throws when it has no bill.
    package func waiterPays(table: Int) async throws { try await register.waiterPays(table: table) }

    /// Has a waiter move a bill to another table.
    ///
    /// Throws when there is none, or no such table.
    package func waiterMoves(table: Int, to target: Int) async throws {
        try await register.waiterMoves(table: table, to: target)
    }

    /// Lets the answers go that ``RegisterFault/Kind/slow`` holds back; from now on it holds none back.
    package func endSlowness() { register.slowAnswers.end() }

    /// Restarts the register without its open bills; the ledger keeps what had happened.
    package func forget() async { await register.forget() }
}

// MARK: - Waiting

extension RegisterSimulator {
    /// The effects of a kind since the start, as soon as there are `count` of them.
    ///
    /// Throws `SignalTimeout` when they do not happen in time.
    @discardableResult
    package func waitFor(
        effect: LedgerEntry.Effect,
        count: Int = 1,
        timeout: Duration = .seconds(60)
    ) async throws -> [LedgerEntry] {
        guard await register.wait(for: .effect(effect), count: count, timeout: timeout) else {
            throw SignalTimeout(description: "\(effect.rawValue) did not happen \(count) times within \(timeout)")
        }
        return await ledger.filter { $0.effect == effect }
    }

    /// The requests to an endpoint since the start, as soon as there are `count` of them.
    ///
    /// A request counts once it was judged and had its effect, and before it is answered. Throws `SignalTimeout` when
    /// they do not come in time.
    @discardableResult
    package func waitForRequest(
        endpoint: String,
        count: Int = 1,
        timeout: Duration = .seconds(60)
    ) async throws -> [ReceivedRequest] {
        guard await register.wait(for: .request(endpoint: endpoint), count: count, timeout: timeout) else {
            throw SignalTimeout(description: "\(endpoint) was not called \(count) times within \(timeout)")
        }
        return await requests(endpoint: endpoint)
    }
}
