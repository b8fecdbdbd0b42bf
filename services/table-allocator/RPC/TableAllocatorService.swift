import Contracts
import Foundation
import RPC
import RPCServer

/// The procedures of ``TableAllocatorV1``: wire to domain and back, a method each.
struct TableAllocatorService: Sendable {
    let leases: LeaseStore
    let sections: SectionStore
    /// By the gateway's name in the requests.
    let registers: [String: any Register]
    let policy: AllocationPolicy

    /// What is served and published: every procedure of the contract, with the method that answers it.
    static let endpoints: [Endpoint<Self>] = [
        .procedure(TableAllocatorV1.allocate, allocate),
        .procedure(TableAllocatorV1.pin, pin),
        .procedure(TableAllocatorV1.release, release),
        .procedure(TableAllocatorV1.concludePlacement, concludePlacement),
        .procedure(TableAllocatorV1.listLeases, listLeases),
        .procedure(TableAllocatorV1.putSection, putSection),
    ]

    func serve(on router: RPCRouter) { router.serve(Self.endpoints, by: self) }

    func allocate(_ request: AllocateRequest, context: CallContext) async throws -> AllocateResponse {
        let mode = try Self.mode(of: request)
        let owner = LeaseOwner(request)
        let zone = request.timeZone
        switch mode {
        case .named(let table):
            let lease = try await NamedAllocation(store: leases).lease(ofTable: table, for: owner, timeZone: zone)
            return AllocateResponse(lease: try TableLease(lease))
        case .virtual:
            let virtual = VirtualAllocation(store: leases, register: try register(of: request), policy: policy)
            let lease = try await virtual.lease(for: owner, timeZone: zone, context: context)
            return AllocateResponse(lease: try TableLease(lease))
        case .physical:
            let physical = PhysicalAllocation(store: leases, register: try register(of: request))
            let (lease, bill) = try await physical.lease(for: owner, timeZone: zone, context: context)
            return AllocateResponse(lease: try TableLease(lease), bill: bill)
        }
    }

    func pin(_ request: LeaseRequest, context: CallContext) async throws -> PinResponse {
        if let problem = Self.problem(withTimeZone: request.timeZone) { throw AllocationError.invalid([problem]) }
        let lease = try await leases.pin(
            LeaseOwner(request),
            token: request.fencingToken,
            timeZone: request.timeZone
        )
        guard let lease else { throw AllocationError.leaseLost }
        return PinResponse(lease: try TableLease(lease))
    }

    func release(_ request: LeaseRequest, context: CallContext) async throws -> ReleaseResponse {
        ReleaseResponse(changed: try await leases.release(LeaseOwner(request), token: request.fencingToken))
    }

    func concludePlacement(_ request: LeaseRequest, context: CallContext) async throws -> ReleaseResponse {
        ReleaseResponse(changed: try await leases.concludePlacement(LeaseOwner(request), token: request.fencingToken))
    }

    func listLeases(_ request: ListLeasesRequest, context: CallContext) async throws -> ListLeasesResponse {
        let leases = try await leases.leases(of: request.merchantId, at: request.locationId)
        return ListLeasesResponse(leases: leases.map(LeaseView.init))
    }

    func putSection(_ request: PutSectionRequest, context: CallContext) async throws -> PutSectionResponse {
        let section = try Section(request)
        try await sections.put(section)
        return PutSectionResponse(tables: section.tables.count)
    }

    // MARK: - What a request must hold

    private enum Mode {
        case named(table: Int)
        case virtual
        case physical
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
    private static func problem(withTimeZone name: String) -> FieldProblem? {
        let isKnown = name == "UTC" || (name.contains("/") && TimeZone(identifier: name) != nil)
        guard !isKnown else { return nil }
        return FieldProblem("timeZone", "is not a known time zone", accepted: "an IANA name such as Europe/Brussels")
    }

    private func register(of request: AllocateRequest) throws(AllocationError) -> any Register {
        guard let register = registers[request.gateway] else { throw .unknownGateway(request.gateway) }
        return register
    }
}
