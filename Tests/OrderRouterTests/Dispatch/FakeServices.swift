import AsyncHTTPClient
import Contracts
import Foundation
import Hummingbird
import NIOCore
import RPC
import RPCClient
import RPCServer
import Secrets
import ServerBed
import Synchronization

@testable import OrderRouter

/// A gateway with a register behind it, an allocator and menu-sync, served over HTTP at one address.
///
/// Each order gets a table of its own. What reaches the register is counted per order, and so are writes that meet
/// another one of their location.
final class FakeServices: Sendable {
    struct Ledger {
        var placed: [String: Int] = [:]
        var settled: [String: Int] = [:]
        /// Marks in the order in which they were placed.
        var sequence: [String] = []
        var mostWritesAtOnce = 0
        var activities: [String] = []
        /// Tables given and not given back, by order.
        var leases: [UUID: Int] = [:]
        var pins = 0
        var isAllocatorAway = false
        var isGatewayAway = false
        /// What bills are compared with no more: orders that went to the register before this one.
        var sentElsewhere: String?
        var comparedAttempts: [UUID?] = []
        /// What menu-sync says; without it, it is away.
        var menu: (@Sendable (CheckItemsRequest) -> CheckItemsResponse)?
        var menuQuestions: [CheckItemsRequest] = []
        /// Whether menu-sync takes a call and never answers.
        var isMenuHanging = false
        /// The tables of each location's only section.
        var sections: [LaneKey: [Int]] = [:]
        var sectionReads = 0
        fileprivate var writing: [LocationID: Int] = [:]
        fileprivate var bills: [String: Bill] = [:]
        fileprivate var marks: [String: String] = [:]
        fileprivate var attempts: [UUID: AttemptReport] = [:]
        fileprivate var tables: [UUID: Int] = [:]
        fileprivate var connections: [PosConnection] = []
        fileprivate var placementFault: (@Sendable (_ placements: Int) -> AttemptOutcome?)?
        fileprivate var gate: AsyncStream<Void>?
    }

    private let state = Mutex(Ledger())
    private let (placements, placing) = AsyncStream.makeStream(of: String.self)

    var ledger: Ledger { state.withLock { $0 } }
    /// The marks of orders as they are placed.
    var arrivals: AsyncStream<String> { placements }

    func connect(_ connections: [PosConnection]) {
        state.withLock { $0.connections += connections }
    }

    /// Makes placements end in other ways than well: by how many there were, this one included.
    func spoilPlacements(_ fault: @escaping @Sendable (_ placements: Int) -> AttemptOutcome?) {
        state.withLock { $0.placementFault = fault }
    }

    /// Changes what is kept, such as who is away.
    func change(_ change: (inout Ledger) -> Void) {
        state.withLock { change(&$0) }
    }

    /// Lets placements wait until the stream ends.
    func holdPlacements(until gate: AsyncStream<Void>) {
        state.withLock { $0.gate = gate }
    }

    // MARK: - Serving

    /// Runs the body while the services are served.
    func serve<Value: Sendable>(_ body: @escaping @Sendable (RPCClient) async throws -> Value) async throws -> Value {
        try await router().whileServed(logger: RouterBed.logger) { client, _ in try await body(client) }
    }

    private func router() throws -> RPCRouter {
        let router = try RPCRouter.stub(logger: RouterBed.logger)
        serveAllocator(on: router)
        serveGateway(on: router)
        serveMenus(on: router)
        return router
    }

    private func serveMenus(on router: RPCRouter) {
        router.serve(MenuSyncV1.checkItems) { [self] request, _ in
            let (menu, isHanging) = state.withLock { state in
                state.menuQuestions.append(request)
                return (state.menu, state.isMenuHanging)
            }
            if isHanging { try await Task.sleep(for: .seconds(20)) }
            guard let menu else { throw RPCError(.unavailable, "menu-sync is away.") }
            return menu(request)
        }
        router.serve(TableAllocatorV1.listSections) { [self] request, _ in
            try state.withLock { state in
                state.sectionReads += 1
                guard !state.isAllocatorAway else { throw RPCError(.unavailable, "The allocator is away.") }
                let key = LaneKey(merchantID: request.merchantId, locationID: request.locationId)
                let tables = (state.sections[key] ?? []).map {
                    SectionTableView(
                        tableNumber: $0,
                        name: "Terrace \($0)",
                        isCustomName: false,
                        qrCode: UUID(),
                        usesThisMonth: 0,
                        lastUsedAt: nil
                    )
                }
                guard !tables.isEmpty else { return ListSectionsResponse(sections: []) }
                return ListSectionsResponse(
                    sections: [SectionView(name: "Terrace", provider: nil, label: "Table", tables: tables)]
                )
            }
        }
    }

    private func serveAllocator(on router: RPCRouter) {
        router.serve(TableAllocatorV1.allocate) { [self] request, _ in
            let table = state.withLock { state in
                let table = state.tables[request.orderId] ?? request.tableNumber ?? 900 + state.tables.count
                state.tables[request.orderId] = table
                state.leases[request.orderId] = table
                return table
            }
            return AllocateResponse(
                lease: TableLease(tableNumber: table, fencingToken: table, state: .held, expiresAt: nil)
            )
        }
        router.serve(TableAllocatorV1.pin) { [self] request, _ in
            state.withLock { $0.pins += 1 }
            return PinResponse(
                lease: TableLease(
                    tableNumber: request.fencingToken,
                    fencingToken: request.fencingToken,
                    state: .pinned,
                    expiresAt: nil
                )
            )
        }
        router.serve(TableAllocatorV1.release) { [self] request, _ in
            try state.withLock { state in
                guard !state.isAllocatorAway else { throw RPCError(.unavailable, "The allocator is away.") }
                guard state.leases[request.orderId] == request.fencingToken else {
                    return ReleaseResponse(changed: false)
                }
                state.leases[request.orderId] = nil
                return ReleaseResponse(changed: true)
            }
        }
        router.serve(TableAllocatorV1.listLeases) { [self] _, _ in
            let (leases, isAway) = state.withLock { ($0.leases, $0.isAllocatorAway) }
            guard !isAway else { throw RPCError(.unavailable, "The allocator is away.") }
            return ListLeasesResponse(
                leases: leases.map { order, table in
                    LeaseView(
                        orderId: order,
                        mode: .virtual,
                        tableNumber: table,
                        fencingToken: table,
                        state: .pinned,
                        since: Date(timeIntervalSince1970: 0),
                        expiresAt: nil
                    )
                }
            )
        }
        router.serve(TableAllocatorV1.concludePlacement) { _, _ in ReleaseResponse(changed: true) }
    }

    private func serveGateway(on router: RPCRouter) {
        router.serve(PosGatewayV1.listConnections) { [self] request, _ in
            let fresh = state.withLock { $0.connections.filter { $0.version > request.sinceVersion } }
            return ListConnectionsResponse(
                connections: fresh,
                version: fresh.map(\.version).max() ?? request.sinceVersion
            )
        }
        router.serve(PosGatewayV1.recordActivity) { [self] request, _ in
            state.withLock { $0.activities.append(request.message) }
            return RecordActivityResponse()
        }
        router.serve(PosGatewayV1.placeOrder) { [self] request, _ in
            await write(at: request.locationId) { await self.place(request) }
        }
        router.serve(PosGatewayV1.settleBill) { [self] request, _ in
            await write(at: request.locationId) { self.settle(request) }
        }
        router.serve(PosGatewayV1.getAttempt) { [self] request, _ in
            state.withLock { state in
                let barred = AttemptReport(attemptId: request.attemptId, outcome: .notSent, reason: "never_sent")
                let report = state.attempts[request.attemptId] ?? barred
                state.attempts[request.attemptId] = report
                return report
            }
        }
        router.serve(PosGatewayV1.listAttempts) { [self] request, _ in
            let (attempts, isAway) = state.withLock { ($0.attempts, $0.isGatewayAway) }
            guard !isAway else { throw RPCError(.unavailable, "The gateway is away.") }
            return ListAttemptsResponse(
                attempts: request.attemptIds.compactMap { id in
                    attempts[id].map {
                        AttemptDetail(
                            attemptId: id,
                            operation: .placeOrder,
                            outcome: $0.outcome.knownValue ?? .noAnswer,
                            explanation: "The register took it.",
                            requestId: $0.requestId,
                            sends: 1,
                            startedAt: Date(timeIntervalSince1970: 0)
                        )
                    }
                }
            )
        }
        router.serve(PosGatewayV1.checkPlacement) { [self] request, _ in
            let isThere = bill(request.locationId, request.tableNumber).has(mark: request.order.mark)
            return CheckResponse(isThere ? .done : .absent, evidence: "Read.")
        }
        router.serve(PosGatewayV1.readBill) { [self] request, _ in
            let bill = bill(request.locationId, request.tableNumber)
            let elsewhere = state.withLock { state in
                if let compared = request.comparedWith { state.comparedAttempts.append(compared.attemptId) }
                return request.comparedWith == nil ? nil : state.sentElsewhere
            }
            if let elsewhere {
                return ReadBillResponse(bill: bill, growth: nil, requestId: nil, sentElsewhere: elsewhere)
            }
            let growth = request.comparedWith.map { compared in
                BillGrowth(
                    of: bill,
                    since: compared.baseline,
                    expecting: compared.order.items.map(\.billLine),
                    mark: compared.order.mark
                )
            }
            return ReadBillResponse(bill: bill, growth: growth, requestId: nil)
        }
    }

    // MARK: - The register

    private func bill(_ location: LocationID, _ table: Int) -> Bill {
        state.withLock { $0.bills["\(location)/\(table)"] ?? Bill(tableNumber: table) }
    }

    /// Counts writes that are under way together at one location.
    private func write(
        at location: LocationID,
        _ body: () async -> AttemptReport
    ) async -> AttemptReport {
        state.withLock { state in
            state.writing[location, default: 0] += 1
            state.mostWritesAtOnce = max(state.mostWritesAtOnce, state.writing[location] ?? 0)
        }
        for _ in 0..<20 { await Task.yield() }
        let report = await body()
        state.withLock { $0.writing[location, default: 0] -= 1 }
        return report
    }

    private func place(_ request: PlaceOrderRequest) async -> AttemptReport {
        let mark = request.order.mark
        if let known = state.withLock({ $0.attempts[request.attemptId] }) { return known }
        placing.yield(mark)
        if let gate = state.withLock({ $0.gate }) { for await _ in gate {} }
        return state.withLock { state in
            let count = state.placed.values.reduce(1, +)
            let outcome = state.placementFault?(count) ?? .done
            let report = AttemptReport(attemptId: request.attemptId, outcome: outcome, requestId: "r-\(count)")
            state.attempts[request.attemptId] = report
            guard outcome == .done || outcome == .noAnswer else { return report }
            state.placed[mark, default: 0] += 1
            state.sequence.append(mark)
            let lines = request.order.items.map(\.billLine)
            state.bills["\(request.locationId)/\(request.tableNumber)"] = Bill(
                tableNumber: request.tableNumber,
                text: "Kiosk #1 \(mark)",
                openCents: lines.reduce(0) { $0 + $1.totalCents },
                lines: lines
            )
            state.marks["\(request.locationId)/\(request.tableNumber)"] = mark
            return report
        }
    }

    private func settle(_ request: PayRequest) -> AttemptReport {
        state.withLock { state in
            if let known = state.attempts[request.attemptId] { return known }
            let table = "\(request.locationId)/\(request.tableNumber)"
            let isExact = state.bills[table]?.openCents == request.amountCents
            let report = AttemptReport(attemptId: request.attemptId, outcome: isExact ? .done : .refused)
            state.attempts[request.attemptId] = report
            if isExact, let mark = state.marks[table] {
                state.bills[table] = nil
                state.settled[mark, default: 0] += 1
            }
            return report
        }
    }
}
