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

@testable import Scheduler

/// Every service that tasks call, served over HTTP at one address, with a note of each call.
final class StubServices: Sendable {
    struct Notes {
        var syncs: [StartSyncRequest] = []
        var tests: [LocationRequest] = []
        var stocks: [SyncStockRequest] = []
        var sweeps = 0
        var sweepTakes: Duration = .zero
        var erasures = 0
        /// Calls for erasure that still find something.
        var erasuresLeft = 0
        var erasureFails = false
        /// How registers answer, by location; `nil` never answers at all.
        var registers: [LocationKey: ConnectionStatus?] = [:]
        var waiting: [LocationKey] = []
        var stockLocations: [LocationKey] = []
        var connections: [PosConnection] = []
        /// So many calls of `StartSync` fail first.
        var failingSyncs = 0
        var isRouterAway = false
        /// Whether an import is under way already.
        var isSyncing = false
    }

    private let state = Mutex(Notes())

    var notes: Notes { state.withLock { $0 } }

    func change(_ change: (inout Notes) -> Void) { state.withLock { change(&$0) } }

    static let token = RPCRouter.stubToken

    /// Runs the body while everything is served.
    func serve<Value: Sendable>(
        _ body: @escaping @Sendable (TaskServices, _ port: Int) async throws -> Value
    ) async throws -> Value {
        try await router().whileServed(logger: SchedulerBed.logger) { client, port in
            let services = TaskServices(
                gateways: ["kassanet": client],
                orderRouter: client,
                menuSync: client,
                allocator: client
            )
            return try await body(services, port)
        }
    }

    private func router() throws -> RPCRouter {
        let router = try RPCRouter.stub(maxTimeout: .seconds(60), logger: SchedulerBed.logger)
        serveMenus(on: router)
        serveRegisters(on: router)
        router.serve(OrderRouterV1.listWaitingLocations) { [self] _, _ in
            try state.withLock { state in
                guard !state.isRouterAway else {
                    throw RPCError(.internal, "order-router is broken.", reason: "broken")
                }
                return ListWaitingLocationsResponse(
                    locations: state.waiting.map {
                        WaitingLocation(
                            merchantId: $0.merchantID,
                            locationId: $0.locationID,
                            oldestAcceptedAt: Date(timeIntervalSince1970: 0)
                        )
                    }
                )
            }
        }
        router.serve(TableAllocatorV1.sweepLeases) { [self] _, _ in
            let time = state.withLock { state in
                state.sweeps += 1
                return state.sweepTakes
            }
            try await Task.sleep(for: time)
            return SweepLeasesResponse(
                expiredLeases: 1,
                forgottenWaiters: 0,
                busyTables: 0,
                history: 0,
                usage: 0,
                tablesToLookAt: 0,
                wake: nil,
                more: false
            )
        }
        router.serve(RetentionV1.eraseExpired) { [self] request, _ in
            try state.withLock { state in
                state.erasures += 1
                guard !state.erasureFails else {
                    throw RPCError(.failedPrecondition, "The disk is full.", reason: "disk_full")
                }
                state.erasuresLeft -= 1
                return EraseExpiredResponse(
                    erased: [ErasedRows(what: "guests", rows: request.limit ?? 0)],
                    isMore: state.erasuresLeft > 0
                )
            }
        }
        return router
    }

    private func serveMenus(on router: RPCRouter) {
        router.serve(MenuSyncV1.startSync) { [self] request, _ in
            try state.withLock { state in
                guard state.failingSyncs == 0 else {
                    state.failingSyncs -= 1
                    throw RPCError(.resourceExhausted, "Too much to do.", reason: "database_busy")
                }
                state.syncs.append(request)
                return StartSyncResponse(sync: .sample(request), joined: state.isSyncing)
            }
        }
        router.serve(MenuSyncV1.syncStock) { [self] request, _ in
            state.withLock { $0.stocks.append(request) }
            return SyncStockResponse(levels: 3, changed: 1, outOfStock: 1)
        }
        router.serve(MenuSyncV1.listStockLocations) { [self] request, _ in
            // A page a location, so that paging shows.
            let all = state.withLock(\.stockLocations)
            let place = request.cursor.flatMap { Int($0) } ?? 0
            return ListStockLocationsResponse(
                locations: all.dropFirst(place).prefix(1).map {
                    StockLocation(merchantId: $0.merchantID, locationId: $0.locationID, levels: 3)
                },
                nextCursor: place + 1 < all.count ? String(place + 1) : nil
            )
        }
    }

    private func serveRegisters(on router: RPCRouter) {
        router.serve(PosGatewayV1.listConnections) { [self] request, _ in
            let fresh = state.withLock { $0.connections.filter { $0.version > request.sinceVersion } }
            return ListConnectionsResponse(
                connections: fresh,
                version: fresh.map(\.version).max() ?? request.sinceVersion
            )
        }
        router.serve(PosGatewayV1.testConnection) { [self] request, _ in
            let status: ConnectionStatus?? = state.withLock { state in
                state.tests.append(request)
                return state.registers[LocationKey(request.merchantId, request.locationId)]
            }
            switch status {
            case .none: throw RPCError(.notFound, "Nothing is connected.", reason: "not_connected")
            case .some(.none):
                try await Task.sleep(for: .seconds(60))
                throw RPCError(.internal, "It was waited for.")
            case .some(.some(let status)):
                return TestConnectionResponse(status: status, message: "The register is \(status.rawValue).")
            }
        }
    }
}

extension TaskServices {
    /// Services that nobody serves.
    static var nobody: TaskServices {
        let client = RPCClient(baseURL: "http://127.0.0.1:1", token: StubServices.token, http: .shared)
        return TaskServices(gateways: [:], orderRouter: client, menuSync: client, allocator: client)
    }
}

extension SyncView {
    static func sample(_ request: StartSyncRequest) -> SyncView {
        SyncView(
            syncId: UUID(),
            merchantId: request.merchantId,
            locationId: request.locationId,
            provider: "vanhoutte",
            state: .pending,
            revision: 1,
            trigger: request.trigger.knownValue ?? .person,
            actor: request.actor,
            planOnly: false,
            stages: [],
            message: "",
            notices: [],
            noticeCount: 0,
            requestedAt: Date(timeIntervalSince1970: 0)
        )
    }
}

/// Locations and connections as tests need them; what a test is about, it says.
enum Sample {
    /// Two merchants may well call their locations alike.
    static let first = location("m1")
    static let second = location("m2")

    static func location(_ merchant: String, _ location: String = "main") -> LocationKey {
        LocationKey(MerchantID(unchecked: merchant), LocationID(unchecked: location))
    }

    static func connection(
        _ location: LocationKey = first,
        version: Int = 1,
        status: ConnectionStatus = .connected,
        epoch: Int = 1,
        zone: String = "Europe/Brussels",
        syncTime: String? = nil,
        isDeleted: Bool = false
    ) -> PosConnection {
        PosConnection(
            merchantId: location.merchantID,
            locationId: location.locationID,
            provider: "vanhoutte",
            version: version,
            status: status,
            epoch: epoch,
            timeZone: zone,
            tableMode: .virtual,
            onMismatch: .settle,
            capabilities: PosCapabilities(
                tableModes: [.virtual],
                placesAndSettles: false,
                idempotentPlacement: false,
                payLater: false,
                tips: false,
                exactSettlement: true,
                push: false,
                numericPlu: true,
                currency: "EUR"
            ),
            isDeleted: isDeleted,
            syncTime: syncTime
        )
    }
}
