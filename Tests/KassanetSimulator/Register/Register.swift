import Foundation

/// The register itself: one caller at a time, each effect whole and written down before anyone is told.
actor Register {
    let envelope: Envelope
    let encryption: Bool
    let slowAnswers = SlowAnswers()
    private let inspector: WireInspector
    private let now: @Sendable () -> Date

    private(set) var state: RegisterState
    private(set) var ledger: Ledger
    private(set) var requests: [ReceivedRequest] = []
    private(set) var violations: [WireViolation] = []
    private(set) var script = FaultScript()
    private var seenRequestIDs: Set<String> = []
    private var waiters = SignalWaiters()
    private var lateCalls: [Int: LateCall] = [:]
    private var lateCallCount = 0

    /// A call whose effect is still to land.
    private struct LateCall {
        let call: WireCall
        let requestID: String
        let timer: Task<Void, Never>
    }

    init(_ configuration: SimulatorConfiguration) throws {
        envelope = configuration.envelope
        encryption = configuration.encryption
        inspector = WireInspector(
            envelope: configuration.envelope,
            encryption: configuration.encryption,
            basePath: configuration.basePath,
            zone: try configuration.headerZone(),
            windowSeconds: configuration.dateWindowSeconds
        )
        now = configuration.now
        state = RegisterState(catalog: configuration.catalog, settings: configuration.settings)
        ledger = try Ledger(path: configuration.ledgerPath)
    }

    private var timestamp: String { now().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}

// MARK: - The wire

extension Register {
    /// Judges a request, gives it its effect and says how it is to be answered.
    func receive(_ request: RawRequest) -> Reply {
        let inspection = inspector.inspect(request, at: now(), seen: seenRequestIDs)
        if let id = inspection.requestID { seenRequestIDs.insert(id.lowercased()) }
        var received = ReceivedRequest(
            seq: requests.count + 1,
            at: timestamp,
            endpoint: inspection.endpointName,
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            requestId: inspection.requestID,
            body: inspection.body,
            bodyText: inspection.bodyText
        )
        defer {
            requests.append(received)
            releaseWaiters()
        }
        switch inspection.result {
        case .failure(let broken):
            received.violation = broken.rule
            note(broken, endpoint: inspection.endpointName)
            return .plain(broken.rule.status, RegisterState.refused("\(broken.rule.rawValue): \(broken.detail)"))
        case .success(let call):
            let fault = script.next(for: inspection.endpointName)
            received.fault = fault?.kind
            let id = inspection.requestID ?? ""
            do {
                let reply = try fault.map { try meet($0, call, requestID: id) } ?? answer(call, requestID: id)
                received.refusal = reply.refusal
                return reply.reply
            } catch {
                return .plain(500, RegisterState.refused("The ledger cannot be written"))
            }
        }
    }

    /// Notes bytes that were no request at all.
    func receiveNonsense(_ detail: String) {
        note(BrokenRule(rule: .http, detail: detail), endpoint: "")
    }

    private func note(_ broken: BrokenRule, endpoint: String) {
        violations.append(
            WireViolation(
                seq: violations.count + 1,
                at: timestamp,
                endpoint: endpoint,
                rule: broken.rule,
                detail: broken.detail
            )
        )
    }

    private func answer(_ call: WireCall, requestID: String) throws -> Outcome {
        if call == .allProducts, state.madeUp.count > 0 {
            let catalog = LongCatalog(shelf: state, encryption: encryption, envelope: envelope)
            return Outcome(reply: Reply(status: 200, headers: [.json], body: [], delivery: .whole, long: catalog))
        }
        let value = try apply(call, requestID: requestID, late: false)
        return Outcome(reply: enveloped(value), refusal: value["ErrorMessage"]?.text)
    }

    /// Gives a call its effect, and the register's answer to it.
    ///
    /// Throws when the effect could not be written down.
    func apply(_ call: WireCall, requestID: String, late: Bool) throws -> WireValue {
        do {
            var next = state
            let happening: Happening
            switch call {
            case .test: return state.testAnswer
            case .allProducts: return state.allProductsAnswer
            case .productSelection: return state.selectionsAnswer
            case .tableNumbers: return state.tablesAnswer
            case .freeTableNumber: return state.freeTableAnswer
            case .paymentTypes: return state.paymentTypesAnswer
            case .countdownState(let threshold): return state.countdownAnswer(threshold: threshold)
            case .bill(let table): return try state.billAnswer(table: table)
            case .createOrder(let order): happening = try next.create(order, requestID: requestID)
            case .payBill(let payment): happening = try next.pay(payment)
            case .postDeposit(let payment): happening = try next.deposit(payment, requestID: requestID)
            }
            try commit(happening, next, requestID: requestID, late: late)
            return RegisterState.accepted
        } catch let refusal as Refusal {
            return RegisterState.refused(refusal.message)
        }
    }

    private func commit(_ happening: Happening, _ next: RegisterState, requestID: String?, late: Bool) throws {
        _ = try ledger.append(happening, at: timestamp, requestID: requestID, late: late)
        state = next
        releaseWaiters()
    }
}

// MARK: - Late effects

extension Register {
    /// Lets a call's effect land after a while, whoever is still there to hear of it.
    func postpone(_ call: WireCall, requestID: String, delayMs: Int) {
        lateCallCount += 1
        let id = lateCallCount
        let timer = Task {
            guard (try? await Task.sleep(for: .milliseconds(delayMs))) != nil else { return }
            self.land(id)
        }
        lateCalls[id] = LateCall(call: call, requestID: requestID, timer: timer)
    }

    /// Lets every late effect land now, in the order the calls came.
    func landLateEffects() {
        for id in lateCalls.keys.sorted() { land(id) }
    }

    private func land(_ id: Int) {
        guard let late = lateCalls.removeValue(forKey: id) else { return }
        late.timer.cancel()
        // The caller is gone, so a refusal or a full disk has nobody to be told to; the ledger shows no effect.
        _ = try? apply(late.call, requestID: late.requestID, late: true)
    }

    /// Drops what is still to come and lets everyone go who waits for it.
    func shutDown() {
        for late in lateCalls.values { late.timer.cancel() }
        lateCalls = [:]
        slowAnswers.end()
        waiters.giveUpAll()
    }
}

// MARK: - People at the till, and tests

extension Register {
    func waiterAdds(table: Int, articleID: Int?, quantity: Int) throws {
        var next = state
        let article = articleID ?? state.catalog.products.first?.id ?? 0
        try commit(try next.waiterAdds(table: table, articleID: article, quantity: quantity), next)
    }

    func waiterPays(table: Int) throws {
        var next = state
        try commit(try next.waiterPays(table: table), next)
    }

    func waiterMoves(table: Int, to target: Int) throws {
        var next = state
        try commit(try next.waiterMoves(table: table, to: target), next)
    }

    private func commit(_ happening: Happening, _ next: RegisterState) throws {
        try commit(happening, next, requestID: nil, late: false)
    }

    func forget() { state.forget() }
    func sell(_ catalog: RegisterCatalog) { state.catalog = catalog }
    func count(_ articleID: Int, stock: Int?) throws { try state.count(articleID, stock: stock) }
    func changeSettings(_ change: @Sendable (inout RegisterSettings) -> Void) { change(&state.settings) }
    func add(_ fault: RegisterFault) { script.add(fault) }
    func clearFaults() { script.clear() }
}

// MARK: - Signals

extension Register {
    private func counted(_ signal: Signal) -> Int {
        switch signal {
        case .effect(let effect): ledger.entries.count { $0.effect == effect }
        case .request(let endpoint): requests.count { $0.endpoint == endpoint || endpoint == nil }
        }
    }

    private func releaseWaiters() {
        waiters.release(counted: counted)
    }

    /// Whether a signal was given `count` times since the start, before the time was up.
    func wait(for signal: Signal, count: Int, timeout: Duration) async -> Bool {
        guard counted(signal) < count else { return true }
        let id = waiters.reserve()
        let timer = Task {
            guard (try? await Task.sleep(for: timeout)) != nil else { return }
            self.waiters.giveUp(id)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.add(id, signal, count: count, $0) }
        } onCancel: {
            Task { await self.giveUp(id) }
        }
    }

    private func giveUp(_ id: Int) { waiters.giveUp(id) }
}
