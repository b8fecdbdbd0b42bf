import Contracts
import Foundation
import Logging
import RPC
import RPCClient

/// Does what a journey asks for: calls the allocator and the gateway, and says what became of it in the journey's terms.
///
/// The only place that knows which procedure an action is. It decides nothing.
struct OrderDesk: Sendable {
    let allocator: RPCClient
    let gateways: [String: RPCClient]
    /// How long one write may take from the decision to its last moment on the wire.
    let sendWindow: Duration
    /// How long one read may take, the register's retries included.
    let readTimeout: Duration

    /// One order in the hands of a worker.
    struct Job: Sendable {
        var order: Order
        var route: Route
        /// What is left of the worker's right to write.
        var timeLeft: Duration
        var logger: Logger
        /// Whether the order's lease was found live for this very action.
        var isPinned = false

        func context(_ timeout: Duration) -> CallContext { .background(timeout: timeout, logger: logger) }
    }

    struct Outcome: Sendable {
        var event: Event
        var requestId: String?
    }

    func perform(_ action: Action, _ job: Job, after start: HeadStart = .none) async -> Outcome {
        var job = job
        switch start {
        case .none: break
        case .pinned: job.isPinned = true
        case .done(let outcome): return outcome
        }
        do throws(RPCError) {
            return try await outcome(of: action, job)
        } catch {
            return Outcome(event: Self.event(error, of: action))
        }
    }

    private func outcome(of action: Action, _ job: Job) async throws(RPCError) -> Outcome {
        switch action {
        case .park(let obstacle):
            return Outcome(event: .obstacle(obstacle, detail: nil))
        case .hold:
            return Outcome(event: .held)
        case .assignTable(let wish):
            return try await assignTable(wish, job)
        case .place(let intent):
            return try await place(intent, job)
        case .lookUpPlacement(let intent):
            let report = try await attempt(intent, job)
            return Outcome(event: .placementLookedUp(report), requestId: report.requestId)
        case .checkPlacement(let intent, let afterRefusal):
            return try await checkPlacement(intent, afterRefusal: afterRefusal, job)
        case .readBill:
            return try await readBill(job)
        case .regainTable:
            return try await regainTable(job)
        case .pay(let payment):
            return try await pay(payment, job)
        case .lookUpPayment(let payment):
            let report = try await attempt(payment.write, job)
            return Outcome(event: .payment(report), requestId: report.requestId)
        case .checkPayment(let payment):
            return try await checkPayment(payment, job)
        case .releaseTable:
            try await giveTableBack(job)
            return Outcome(event: .tableReleased)
        }
    }

    // MARK: - Tables

    private func assignTable(_ wish: TableWish, _ job: Job) async throws(RPCError) -> Outcome {
        let answer = try await allocate(wish, job)
        let lease = TableRight(
            number: answer.lease.tableNumber,
            fencingToken: answer.lease.fencingToken,
            mode: wish.mode
        )
        if let bill = answer.bill { return Outcome(event: .tableAssigned(lease, baseline: bill)) }
        let read = try await gateway(job).call(
            PosGatewayV1.readBill,
            ReadBillRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                tableNumber: lease.number
            ),
            context: job.context(readTimeout)
        )
        return Outcome(event: .tableAssigned(lease, baseline: read.bill), requestId: read.requestId)
    }

    /// The table is only held, for five minutes, until a payment is about to be sent: a worker that slept past its lane
    /// and took the table nevertheless keeps it from nobody.
    private func regainTable(_ job: Job) async throws(RPCError) -> Outcome {
        guard let number = job.order.progress.tableNumber else { return Outcome(event: .leaseLost) }
        let answer = try await allocate(TableWish(mode: .named, number: number), job)
        let lease = TableRight(number: number, fencingToken: answer.lease.fencingToken, mode: .named)
        return Outcome(event: .tableRegained(lease))
    }

    private func allocate(_ wish: TableWish, _ job: Job) async throws(RPCError) -> AllocateResponse {
        try await allocator.call(
            TableAllocatorV1.allocate,
            AllocateRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                orderId: job.order.id,
                mode: wish.mode,
                tableNumber: wish.number,
                gateway: job.route.gateway,
                timeZone: job.route.timeZone
            ),
            context: job.context(readTimeout)
        )
    }

    func pin(_ lease: TableRight, _ job: Job) async throws(RPCError) {
        _ = try await allocator.call(
            TableAllocatorV1.pin,
            leaseRequest(lease, job),
            context: job.context(.seconds(5))
        )
    }

    private func release(_ lease: TableRight, _ job: Job) async throws(RPCError) {
        _ = try await allocator.call(
            TableAllocatorV1.release,
            leaseRequest(lease, job),
            context: job.context(.seconds(5))
        )
    }

    /// Releases the order's lease, the one it knows of or the one that the allocator has for it.
    private func giveTableBack(_ job: Job) async throws(RPCError) {
        if let lease = job.order.progress.lease { try await release(lease, job) }
        guard job.order.progress.givesTableBack == true else { return }
        let held = try await allocator.call(
            TableAllocatorV1.listLeases,
            ListLeasesRequest(merchantId: job.order.merchantID, locationId: job.order.locationID),
            context: job.context(.seconds(5))
        )
        for lease in held.leases where lease.orderId == job.order.id {
            let right = TableRight(
                number: lease.tableNumber ?? 0,
                fencingToken: lease.fencingToken,
                mode: lease.mode.knownValue ?? .virtual
            )
            try await release(right, job)
        }
    }

    private func leaseRequest(_ lease: TableRight, _ job: Job) -> LeaseRequest {
        LeaseRequest(
            merchantId: job.order.merchantID,
            locationId: job.order.locationID,
            orderId: job.order.id,
            fencingToken: lease.fencingToken,
            timeZone: job.route.timeZone,
            tableNumber: lease.number
        )
    }

    /// Tells the allocator what a rest changes for a table.
    ///
    /// - Returns: What went wrong, if the allocator did not hear it.
    func tell(_ letGo: Decision.LetGo, _ job: Job) async -> Event? {
        do throws(RPCError) {
            switch letGo {
            case .release(let lease):
                try await release(lease, job)
            case .surrender(let lease):
                var request = leaseRequest(lease, job)
                request.ambiguous = true
                _ = try await allocator.call(TableAllocatorV1.release, request, context: job.context(.seconds(5)))
            case .concludePlacement(let lease):
                _ = try await allocator.call(
                    TableAllocatorV1.concludePlacement,
                    leaseRequest(lease, job),
                    context: job.context(.seconds(5))
                )
            }
            return nil
        } catch {
            return .serviceFailed(detail: error.message)
        }
    }

    // MARK: - Writes

    private func place(_ intent: WriteIntent, _ job: Job) async throws(RPCError) -> Outcome {
        guard let lease = job.order.progress.lease else { return Outcome(event: .leaseLost) }
        guard let notAfter = notAfter(job) else { return Self.leaseTooShort }
        if !job.isPinned { try await pin(lease, job) }
        let report = try await gateway(job).call(
            PosGatewayV1.placeOrder,
            PlaceOrderRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                attemptId: intent.attemptId,
                notAfter: notAfter,
                tableNumber: lease.number,
                order: job.order.posOrder
            ),
            context: job.context(sendWindow + .seconds(5))
        )
        return Outcome(event: .placement(report), requestId: report.requestId)
    }

    private func pay(_ payment: PaymentIntent, _ job: Job) async throws(RPCError) -> Outcome {
        guard let lease = job.order.progress.lease else { return Outcome(event: .leaseLost) }
        guard let notAfter = notAfter(job) else { return Self.leaseTooShort }
        // A worker that gave the table back and died before it could say so left the lease in the order.
        if !job.isPinned { try await pin(lease, job) }
        let report = try await gateway(job).call(
            payment.kind == .settle ? PosGatewayV1.settleBill : PosGatewayV1.postDeposit,
            PayRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                attemptId: payment.write.attemptId,
                notAfter: notAfter,
                tableNumber: lease.number,
                amountCents: payment.amountCents,
                tipCents: payment.tipCents,
                info: "Order #\(job.order.content.orderNumber) \(job.order.mark)"
            ),
            context: job.context(sendWindow + .seconds(5))
        )
        return Outcome(event: .payment(report), requestId: report.requestId)
    }

    /// The last moment at which a write may still be on the wire: within our right to write, with a margin.
    private func notAfter(_ job: Job) -> Date? {
        let margin = Duration.seconds(5)
        let window = min(sendWindow, job.timeLeft - margin)
        guard window >= sendWindow / 2 else { return nil }
        return Date().addingTimeInterval(Double(window.milliseconds) / 1000)
    }

    private static let leaseTooShort = Outcome(
        event: .serviceFailed(detail: "The worker's lane is about to run out; the step is taken up again.")
    )

    private func attempt(_ intent: WriteIntent, _ job: Job) async throws(RPCError) -> AttemptReport {
        try await gateway(intent.gateway ?? job.route.gateway).call(
            PosGatewayV1.getAttempt,
            GetAttemptRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                attemptId: intent.attemptId
            ),
            context: job.context(.seconds(5))
        )
    }

    // MARK: - Reads

    private func checkPlacement(
        _ intent: WriteIntent,
        afterRefusal: Bool,
        _ job: Job
    ) async throws(RPCError) -> Outcome {
        guard let table = job.order.progress.tableNumber, let baseline = job.order.progress.baseline else {
            return Outcome(event: .leaseLost)
        }
        if let elsewhere = Self.elsewhere(intent, job) {
            let check = CheckResponse(.unknown, evidence: elsewhere, reason: Self.registerChanged)
            return Outcome(event: .placementChecked(check, afterRefusal: afterRefusal))
        }
        let check = try await gateway(job).call(
            PosGatewayV1.checkPlacement,
            CheckPlacementRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                attemptId: intent.attemptId,
                tableNumber: table,
                order: job.order.posOrder,
                baseline: baseline,
                afterRefusal: afterRefusal
            ),
            context: job.context(readTimeout)
        )
        return Outcome(event: .placementChecked(check, afterRefusal: afterRefusal))
    }

    private func checkPayment(_ payment: PaymentIntent, _ job: Job) async throws(RPCError) -> Outcome {
        guard let table = job.order.progress.tableNumber else { return Outcome(event: .leaseLost) }
        if let elsewhere = Self.elsewhere(payment.write, job) {
            let check = CheckResponse(.unknown, evidence: elsewhere, reason: Self.registerChanged)
            return Outcome(event: .paymentChecked(check))
        }
        let check = try await gateway(job).call(
            PosGatewayV1.checkSettlement,
            CheckSettlementRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                attemptId: payment.write.attemptId,
                tableNumber: table,
                kind: payment.kind,
                amountCents: payment.amountCents,
                billBefore: payment.bill
            ),
            context: job.context(readTimeout)
        )
        return Outcome(event: .paymentChecked(check))
    }

    private func readBill(_ job: Job) async throws(RPCError) -> Outcome {
        guard let table = job.order.progress.tableNumber, let baseline = job.order.progress.baseline else {
            return Outcome(event: .leaseLost)
        }
        if let placement = job.order.progress.placement, let elsewhere = Self.elsewhere(placement, job) {
            return Outcome(event: .unreadable(detail: elsewhere))
        }
        let read = try await gateway(job).call(
            PosGatewayV1.readBill,
            ReadBillRequest(
                merchantId: job.order.merchantID,
                locationId: job.order.locationID,
                tableNumber: table,
                comparedWith: BillComparison(
                    order: job.order.posOrder,
                    baseline: baseline,
                    attemptId: job.order.progress.placement?.attemptId
                )
            ),
            context: job.context(readTimeout)
        )
        // A bill of another register may look the same, and is another guest's.
        if let elsewhere = read.sentElsewhere { return Outcome(event: .unreadable(detail: elsewhere)) }
        guard let growth = read.growth else {
            return Outcome(event: .serviceFailed(detail: "The gateway did not compare the bill."))
        }
        return Outcome(event: .billRead(read.bill, growth), requestId: read.requestId)
    }

    private static let registerChanged = "register_changed"

    /// Where a write went, if that is not the register that is connected now: what stands on this one proves nothing.
    private static func elsewhere(_ intent: WriteIntent, _ job: Job) -> String? {
        guard let gateway = intent.gateway, gateway != job.route.gateway else { return nil }
        return
            "It was sent to another register, through \(gateway), than the one that is connected now. Look on that one, and say whether it is there."
    }

    // MARK: - Failures

    private func gateway(_ job: Job) throws(RPCError) -> RPCClient { try gateway(job.route.gateway) }

    private func gateway(_ name: String) throws(RPCError) -> RPCClient {
        guard let client = gateways[name] else {
            throw RPCError(
                .failedPrecondition,
                "This order-router has no address for the gateway \(name). Add it to GATEWAYS.",
                reason: Route.Obstacle.notConnected.rawValue
            )
        }
        return client
    }

    static func event(_ error: RPCError, of action: Action) -> Event {
        switch action {
        case .place, .lookUpPlacement, .pay, .lookUpPayment:
            // A call about a write that goes wrong says nothing of the write: the gateway's report does, when it answers.
            // A pin that fails says that nothing was sent: the table is another's.
            if error.reason == "lease_lost" || error.reason == "table_taken" { return .leaseLost }
            guard error.code == .invalidArgument else { return .serviceFailed(detail: error.message) }
            return .callRefused(detail: error.message, wasWrite: action.isWrite)
        case .releaseTable:
            return .serviceFailed(detail: error.message)
        default: break
        }
        if let obstacle = error.reason.flatMap(Route.Obstacle.init(rawValue:)) {
            return .obstacle(obstacle, detail: error.message)
        }
        switch error.reason {
        case "no_free_table", "table_busy", "table_in_doubt", "unknown_section":
            return .noTable(reason: error.reason ?? "", explanation: error.message)
        case "lease_lost", "table_taken":
            return .leaseLost
        case "register_unreadable":
            return .unreadable(detail: error.message)
        case "invalid_order", "unknown_attempt":
            return .callRefused(detail: error.message, wasWrite: false)
        default:
            guard error.code == .invalidArgument else { return .serviceFailed(detail: error.message) }
            return .callRefused(detail: error.message, wasWrite: false)
        }
    }
}

extension Action {
    /// Whether it sends something that changes a register.
    fileprivate var isWrite: Bool {
        switch self {
        case .place, .pay: true
        default: false
        }
    }
}
