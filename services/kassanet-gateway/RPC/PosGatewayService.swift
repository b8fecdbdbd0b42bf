import Contracts
import Foundation
import Logging
import RPC
import RPCServer

/// `PosGateway` v1 for Kassanet registers: one method per procedure.
struct PosGatewayService: Sendable {
    let desk: RegisterDesk
    let attempts: AttemptRunner
    let attemptStore: AttemptStore
    let tester: ConnectionTester
    /// How long a register may take over a catalogue, its readers' time not counted.
    var catalogTimeout: Duration = .seconds(15)

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(PosGatewayV1.placeOrder, placeOrder),
        .procedure(PosGatewayV1.settleBill, settleBill),
        .procedure(PosGatewayV1.postDeposit, postDeposit),
        .procedure(PosGatewayV1.getAttempt, getAttempt),
        .procedure(PosGatewayV1.listAttempts, listAttempts),
        .procedure(PosGatewayV1.checkPlacement, checkPlacement),
        .procedure(PosGatewayV1.checkSettlement, checkSettlement),
        .procedure(PosGatewayV1.readBill, readBill),
        .procedure(PosGatewayV1.listTables, listTables),
        .procedure(PosGatewayV1.askFreeTable, askFreeTable),
        .stream(PosGatewayV1.readCatalog, streamCatalog),
        .procedure(PosGatewayV1.readStock, readStock),
        .procedure(PosGatewayV1.testConnection, testConnection),
        .procedure(PosGatewayV1.listConnections, listConnections),
        .procedure(PosGatewayV1.recordSync, recordSync),
        .procedure(PosGatewayV1.recordActivity, recordActivity),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    // MARK: - Reads

    func readBill(_ request: ReadBillRequest, _ context: CallContext) async throws -> ReadBillResponse {
        let connection: Connection
        var elsewhere: String?
        if let attempt = request.comparedWith?.attemptId {
            // The register is kept when the attempt begins; one that was deleted since is not known, and says nothing.
            let found = try await desk.usable(request.merchantId, request.locationId, withRegisterOf: attempt)
            connection = found.connection
            elsewhere = Self.elsewhere(found.sentTo, connection)
        } else {
            connection = try await desk.usable(request.merchantId, request.locationId)
        }
        let (bill, requestId) = try await bill(of: request.tableNumber, connection, context)
        var response = ReadBillResponse(bill: bill, growth: nil, requestId: requestId)
        response.sentElsewhere = elsewhere
        if let comparison = request.comparedWith, response.sentElsewhere == nil {
            response.growth = try growth(of: bill, comparison.order, since: comparison.baseline, connection)
        }
        return response
    }

    func listTables(_ request: LocationRequest, _ context: CallContext) async throws -> ListTablesResponse {
        let tables = try await desk.read(request.merchantId, request.locationId, context: context) {
            (register, wire, call) async throws(KassanetError) -> KassanetAnswer<[KassanetTable]> in
            try await register.tableNumbers(wire, call: call)
        }
        return ListTablesResponse(
            tables: tables.value.map { RegisterTable(tableNumber: $0.number, name: $0.name ?? "Table \($0.number)") }
        )
    }

    func askFreeTable(_ request: LocationRequest, _ context: CallContext) async throws -> AskFreeTableResponse {
        let number = try await desk.read(request.merchantId, request.locationId, context: context) {
            (register, wire, call) async throws(KassanetError) -> KassanetAnswer<Int?> in
            try await register.freeTableNumber(wire, call: call)
        }
        return AskFreeTableResponse(tableNumber: number.value)
    }

    func readStock(_ request: ReadStockRequest, _ context: CallContext) async throws -> ReadStockResponse {
        if let threshold = request.threshold, threshold < 0 {
            throw RPCError.invalid([FieldProblem("threshold", "is \(threshold)", accepted: "0 or more")])
        }
        let answer = try await desk.read(request.merchantId, request.locationId, context: context) {
            (register, wire, call) async throws(KassanetError) -> KassanetAnswer<[KassanetCountdown]> in
            try await register.countdownPlus(wire, threshold: request.threshold, call: call)
        }
        return ReadStockResponse(
            levels: answer.value.map { StockLevel(plu: String($0.articleId), name: $0.name, quantity: $0.stock) },
            notices: answer.remarks.map { CatalogNotice(.skipped, "\($0).") }
        )
    }

    /// `ReadCatalog` as a reader at the other end of the wire takes it.
    func streamCatalog(
        _ request: LocationRequest,
        _ context: CallContext,
        _ writer: RPCStreamWriter<CatalogPart>
    ) async throws {
        try await readCatalog(request, context) { try await writer.send($0) }
    }

    /// Sends a register's catalogue on, part by part, as it arrives.
    func readCatalog(
        _ request: LocationRequest,
        _ context: CallContext,
        _ send: (CatalogPart) async throws -> Void
    ) async throws {
        let connection = try await desk.usable(request.merchantId, request.locationId)
        let call = KassanetCall(headers: context.wireHeaders, totalTimeout: catalogTimeout)
        var logged = 200
        var reading = CatalogReading(desk.register, connection.wire, call: call)
        while true {
            let part: CatalogPart?
            do throws(KassanetError) {
                part = try await reading.next()
            } catch {
                // A catalogue that takes too long says nothing of the orders' own, much shorter calls.
                if error.isTimeout { throw GatewayError.catalogTooSlow(message: error.description) }
                throw try await desk.recorded(error, on: connection, context)
            }
            guard let part else { return }
            // All of them reach the caller; the log is told of the first.
            for notice in part.notices.prefix(logged) {
                context.logger.warning("Catalogue read in part", metadata: ["notice": "\(notice.message)"])
            }
            logged = max(0, logged - part.notices.count)
            try await send(part)
        }
    }

    // MARK: - Checks

    func checkPlacement(_ request: CheckPlacementRequest, _ context: CallContext) async throws -> CheckResponse {
        let connection = try await desk.usable(request.merchantId, request.locationId)
        if let elsewhere = try await wentElsewhere(request.attemptId, connection) { return elsewhere }
        let asked = ContinuousClock.now
        let (bill, _) = try await bill(of: request.tableNumber, connection, context)
        let growth = try growth(of: bill, request.order, since: request.baseline, connection)
        let check = try await check(
            request.attemptId,
            connection,
            isUnchanged: growth.isUnchanged,
            readTook: .now - asked
        )
        return PlacementCheck.finding(
            growth,
            check: check,
            settleDelay: .milliseconds(connection.settings.settleDelayMs),
            afterRefusal: request.afterRefusal
        )
    }

    func checkSettlement(_ request: CheckSettlementRequest, _ context: CallContext) async throws -> CheckResponse {
        guard let kind = request.kind.knownValue else {
            throw RPCError.invalid([FieldProblem("kind", "is not known", accepted: Open<PaymentKind>.accepted)])
        }
        let connection = try await desk.usable(request.merchantId, request.locationId)
        if let elsewhere = try await wentElsewhere(request.attemptId, connection) { return elsewhere }
        let asked = ContinuousClock.now
        let (bill, _) = try await bill(of: request.tableNumber, connection, context)
        let check = try await check(
            request.attemptId,
            connection,
            isUnchanged: SettlementCheck.isUnchanged(bill, since: request.billBefore),
            readTook: .now - asked
        )
        return SettlementCheck.finding(
            bill,
            before: request.billBefore,
            kind: kind,
            amountCents: request.amountCents,
            check: check,
            settleDelay: .milliseconds(connection.settings.settleDelayMs)
        )
    }

    /// What is found where an attempt went to another register than the location's present one, which proves nothing.
    private func wentElsewhere(_ attemptID: UUID, _ connection: Connection) async throws -> CheckResponse? {
        await attempts.waitUntilRecorded(attemptID)
        let register = try await attemptStore.register(of: attemptID, connection.merchantID, connection.locationID)
        return Self.elsewhere(register, connection).map {
            CheckResponse(.unknown, evidence: $0, reason: "register_changed")
        }
    }

    private static func elsewhere(_ register: String?, _ connection: Connection) -> String? {
        guard let register, register != connection.register else { return nil }
        return
            "It was sent to another register (\(register)) than the one that is connected now. Look on that one, and say whether it is there."
    }

    /// Since when reading tries to settle an attempt, as of the moment at which this read was asked for: what it shows may
    /// be as old as that.
    private func check(
        _ attemptID: UUID,
        _ connection: Connection,
        isUnchanged: Bool,
        readTook: Duration
    ) async throws -> AttemptCheck {
        guard
            var check = try await attemptStore.recordCheck(
                attemptID,
                connection.merchantID,
                connection.locationID,
                isUnchanged: isUnchanged
            )
        else { throw GatewayError.unknownAttempt }
        check.now -= readTook / .seconds(1)
        return check
    }

    private func bill(
        of table: Int,
        _ connection: Connection,
        _ context: CallContext
    ) async throws -> (Bill, requestId: String) {
        do throws(KassanetError) {
            let answer = try await desk.register.readBill(
                connection.wire,
                table: table,
                call: .init(headers: context.wireHeaders)
            )
            for remark in answer.remarks {
                context.logger.warning("Register answer read in part", metadata: ["remark": "\(remark)"])
            }
            var bill = Bill(answer.value, table: table)
            if answer.skipped > 0 { bill.isComplete = false }
            return (bill, answer.exchange.requestId)
        } catch {
            throw try await desk.recorded(error, on: connection, context)
        }
    }

    private func growth(
        of bill: Bill,
        _ order: PosOrder,
        since baseline: Bill,
        _ connection: Connection
    ) throws -> BillGrowth {
        let sent = try OrderMapping(settings: connection.settings).kassanetOrder(order, table: bill.tableNumber)
        return BillGrowth(of: bill, since: baseline, expecting: sent.items.map(BillLine.init), mark: order.mark)
    }

    // MARK: - Connections

    func testConnection(_ request: LocationRequest, _ context: CallContext) async throws -> TestConnectionResponse {
        try await tester.test(try await desk.connection(request.merchantId, request.locationId), context: context)
    }

    func listConnections(
        _ request: ListConnectionsRequest,
        _ context: CallContext
    ) async throws -> ListConnectionsResponse {
        guard PosLimits.pageSize.contains(request.limit) else {
            throw RPCError.invalid([FieldProblem("limit", "is \(request.limit)", accepted: "1 to 500")])
        }
        let changes = try await desk.connections.changes(
            since: request.sinceVersion,
            limit: request.limit,
            visibleTo: context.caller.merchants
        )
        return ListConnectionsResponse(
            connections: changes,
            version: changes.last?.version ?? request.sinceVersion
        )
    }

    func recordSync(_ request: RecordSyncRequest, _ context: CallContext) async throws -> RecordSyncResponse {
        if let count = request.details?.count, count > 50 {
            throw RPCError.invalid([FieldProblem("details", "has \(count) entries", accepted: "at most 50")])
        }
        let record = SyncRecord(
            status: request.status.text,
            message: String(request.message.prefix(1_000)),
            details: Dictionary((request.details ?? []).map { ($0.name, $0.value) }) { $1 },
            lastSync: request.lastSyncAt
        )
        guard try await desk.connections.recordSync(request.merchantId, request.locationId, record) else {
            throw GatewayError.notConnected
        }
        return RecordSyncResponse()
    }

    func recordActivity(_ request: RecordActivityRequest, _ context: CallContext) async throws -> RecordActivityResponse
    {
        _ = try await desk.connection(request.merchantId, request.locationId)
        try await desk.activity.record(
            request.merchantId,
            request.locationId,
            request.type.knownValue ?? .info,
            String(request.message.prefix(1_000))
        )
        return RecordActivityResponse()
    }
}
