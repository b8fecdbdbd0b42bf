import Contracts
import Foundation
import Logging
import Metrics
import RPC
import RPCServer
import TableAllocatorStorage

/// The procedures of ``TableAllocatorV1``: wire to domain and back, a method each.
struct TableAllocatorService: Sendable {
    let leases: LeaseStore
    let sections: SectionStore
    let codes: TableCodeStore
    let sweeps: SweepStore
    /// By the gateway's name in the requests.
    let registers: [String: any Register]
    let policy: AllocationPolicy

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(TableAllocatorV1.allocate, allocate),
        .procedure(TableAllocatorV1.pin, pin),
        .procedure(TableAllocatorV1.release, release),
        .procedure(TableAllocatorV1.concludePlacement, concludePlacement),
        .procedure(TableAllocatorV1.forceRelease, forceRelease),
        .procedure(TableAllocatorV1.listLeases, listLeases),
        .procedure(TableAllocatorV1.putSection, putSection),
        .procedure(TableAllocatorV1.getSection, getSection),
        .procedure(TableAllocatorV1.listSections, listSections),
        .procedure(TableAllocatorV1.deleteSection, deleteSection),
        .procedure(TableAllocatorV1.resolveTable, resolveTable),
        .procedure(TableAllocatorV1.renewTableCode, renewTableCode),
        .procedure(TableAllocatorV1.sweepLeases, sweepLeases),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    func allocate(_ request: AllocateRequest, context: CallContext) async throws -> AllocateResponse {
        let mode = try Self.mode(of: request)
        do {
            let (lease, bill) = try await lease(for: request, mode, context)
            Self.count(mode, "leased")
            return AllocateResponse(lease: try TableLease(lease), bill: bill)
        } catch let error as AllocationError {
            Self.count(mode, error.rpcError.reason ?? "failed")
            throw error
        }
    }

    private func lease(
        for request: AllocateRequest,
        _ mode: Mode,
        _ context: CallContext
    ) async throws -> (Lease, Bill?) {
        let owner = LeaseOwner(request)
        let zone = request.timeZone
        let register = try register(of: request)
        switch mode {
        case .named(let table):
            return try await NamedAllocation(store: leases, register: register)
                .lease(ofTable: table, for: owner, timeZone: zone, context: context)
        case .virtual:
            return try await VirtualAllocation(store: leases, register: register, policy: policy)
                .lease(for: owner, timeZone: zone, context: context)
        case .physical:
            return try await PhysicalAllocation(store: leases, register: register)
                .lease(for: owner, timeZone: zone, context: context)
        }
    }

    /// Modes and reasons are few and known, so the labels are too.
    private static func count(_ mode: Mode, _ outcome: String) {
        Counter(label: "table_allocations_total", dimensions: [("mode", mode.name), ("outcome", outcome)]).increment()
    }

    func pin(_ request: LeaseRequest, context: CallContext) async throws -> PinResponse {
        var problems = [Self.problem(withTimeZone: request.timeZone)].compactMap(\.self)
        if let number = request.tableNumber, number < 1 {
            problems.append(FieldProblem("tableNumber", "is \(number)", accepted: "the number that Allocate answered"))
        }
        guard problems.isEmpty else { throw AllocationError.invalid(problems) }
        let pinning = try await leases.pin(
            LeaseOwner(request),
            token: request.fencingToken,
            table: request.tableNumber,
            timeZone: request.timeZone
        )
        switch pinning {
        case .pinned(let lease): return PinResponse(lease: try TableLease(lease))
        case .lost: throw AllocationError.leaseLost
        case .taken(let holder): throw AllocationError.tableTaken(table: request.tableNumber ?? 0, holder: holder)
        case .unnumbered:
            throw AllocationError.invalid([
                FieldProblem("tableNumber", "is missing", accepted: "the number that Allocate answered")
            ])
        }
    }

    func release(_ request: LeaseRequest, context: CallContext) async throws -> ReleaseResponse {
        let delay = try settleDelay(request.settleDelayMs)
        let end = try await leases.release(
            LeaseOwner(request),
            token: request.fencingToken,
            settlingFor: request.ambiguous == true ? delay : nil
        )
        return ReleaseResponse(end)
    }

    func concludePlacement(_ request: LeaseRequest, context: CallContext) async throws -> ReleaseResponse {
        ReleaseResponse(try await leases.concludePlacement(LeaseOwner(request), token: request.fencingToken))
    }

    func forceRelease(_ request: ForceReleaseRequest, context: CallContext) async throws -> ForceReleaseResponse {
        let problems = [
            Section.problem("actor", request.actor, longest: 100),
            Section.problem("reason", request.reason, longest: 500),
        ]
        .compactMap(\.self)
        guard problems.isEmpty else { throw AllocationError.invalid(problems) }
        let end = try await leases.forceRelease(
            LeaseOwner(request),
            token: request.fencingToken,
            actor: request.actor,
            reason: request.reason,
            settlingFor: try settleDelay(request.settleDelayMs)
        )
        if let lease = end.lease {
            context.logger.notice(
                "Lease ended by hand",
                metadata: [
                    "order": "\(lease.owner.order.uuidString.lowercased())", "location": "\(lease.owner.location)",
                    "table": "\(lease.tableNumber.map { "\($0)" } ?? "-")", "state": "\(lease.state.rawValue)",
                ]
            )
        }
        return ForceReleaseResponse(changed: end.changed, lease: end.lease.map(LeaseView.init), wake: end.wake)
    }

    func listLeases(_ request: ListLeasesRequest, context: CallContext) async throws -> ListLeasesResponse {
        let (merchant, location) = (request.merchantId, request.locationId)
        return ListLeasesResponse(
            leases: try await leases.leases(of: merchant, at: location).map(LeaseView.init),
            waiters: try await leases.waiters(of: merchant, at: location),
            unsettled: try await leases.unsettled(of: merchant, at: location),
            contention: try await leases.contention(of: merchant, at: location),
            forcedReleases: try await leases.forcedReleases(of: merchant, at: location)
        )
    }

    // MARK: - What a request must hold

    private enum Mode {
        case named(table: Int)
        case virtual
        case physical

        var name: String {
            switch self {
            case .named: TableMode.named.rawValue
            case .virtual: TableMode.virtual.rawValue
            case .physical: TableMode.physical.rawValue
            }
        }
    }

    private static func mode(of request: AllocateRequest) throws(AllocationError) -> Mode {
        var problems = [problem(withTimeZone: request.timeZone)].compactMap(\.self)
        var mode: Mode?
        switch request.mode.knownValue {
        case .named:
            if let table = request.tableNumber, table > 0 {
                mode = .named(table: table)
            } else {
                problems.append(
                    FieldProblem("tableNumber", "is missing or not positive", accepted: "the guest's table")
                )
            }
        case .virtual: mode = .virtual
        case .physical: mode = .physical
        case nil:
            problems.append(
                FieldProblem("mode", "is \(request.mode.text)", accepted: Open<TableMode>.accepted)
            )
        }
        guard problems.isEmpty, let mode else { throw .invalid(problems) }
        return mode
    }

    /// Only names such as `Europe/Brussels`: PostgreSQL also takes `UTC+2`, and means the opposite of what it says.
    static func problem(withTimeZone name: String) -> FieldProblem? {
        let isKnown = name == "UTC" || (name.contains("/") && TimeZone(identifier: name) != nil)
        guard !isKnown else { return nil }
        return FieldProblem("timeZone", "is not a known time zone", accepted: "an IANA name such as Europe/Brussels")
    }

    /// How long a write may still take effect: as the caller says, within an hour, or as the settings say.
    private func settleDelay(_ milliseconds: Int?) throws(AllocationError) -> Duration {
        guard let milliseconds else { return policy.settleTime }
        guard (0...3_600_000).contains(milliseconds) else {
            throw .invalid([FieldProblem("settleDelayMs", "is \(milliseconds)", accepted: "0 to 3600000")])
        }
        return .milliseconds(milliseconds)
    }

    private func register(of request: AllocateRequest) throws(AllocationError) -> any Register {
        guard let register = registers[request.gateway] else { throw .unknownGateway(request.gateway) }
        return register
    }
}
