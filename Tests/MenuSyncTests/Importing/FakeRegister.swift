import AsyncHTTPClient
import Contracts
import Foundation
import Hummingbird
import Logging
import NIOCore
import RPC
import RPCClient
import RPCServer
import Secrets
import ServerBed
import Synchronization

@testable import MenuSync

/// A gateway with a register behind it, and an allocator, served over HTTP at one address.
///
/// Every location has the same register unless it was given its own; what is written down into the gateway is kept.
final class FakeRegister: Sendable {
    /// What a reading of the catalogue comes to.
    enum Reading: Sendable {
        case whole
        /// Ends after the first part.
        case cut
        case fails(RPCError)
        /// Sends the first part, then waits for the gate.
        case waits
    }

    struct Ledger: Sendable {
        var catalogs: [LocationID: CatalogPart] = [:]
        var catalog = FakeRegister.catalog(products: 42)
        var readings: @Sendable (Int) -> Reading = { _ in .whole }
        /// How often the catalogue was asked for.
        var reads = 0
        var tables: [RegisterTable] = [RegisterTable(tableNumber: 1, name: "Window")]
        var stock: [StockLevel] = []
        var stockThresholds: [Int?] = []
        var isStockAway = false
        var connections: [PosConnection] = []
        var syncs: [RecordSyncRequest] = []
        var activities: [RecordActivityRequest] = []
        var isBackofficeAway = false
        var sections: [SectionView] = []
        var deletedSections: [String] = []
        var isAllocatorAway = false
        /// What happens elsewhere while one of these procedures is answered; once.
        var meanwhile: [String: @Sendable () async throws -> Void] = [:]
    }

    private let state = Mutex(Ledger())
    private let gate: AsyncStream<Void>
    private let gateKeeper: AsyncStream<Void>.Continuation

    init() { (gate, gateKeeper) = AsyncStream.makeStream(of: Void.self) }

    var ledger: Ledger { state.withLock { $0 } }

    func change(_ change: (inout Ledger) -> Void) { state.withLock { change(&$0) } }

    /// Lets readings that wait go on.
    func openGate() { gateKeeper.finish() }

    private func passTime(_ procedure: String) async throws {
        try await state.withLock { $0.meanwhile.removeValue(forKey: procedure) }?()
    }

    // MARK: - Samples

    static func catalog(products: Int, priceCents: Int = 500) -> CatalogPart {
        CatalogPart(
            products: (0..<products).map { number in
                CatalogProduct(
                    plu: "\(100 + number)",
                    name: "Article \(number)",
                    priceCents: Cents(priceCents + number),
                    kitchenName: "A\(number)",
                    categoryId: "1",
                    vatBasisPoints: 1200,
                    modifierGroups: number == 0
                        ? [
                            CatalogModifierGroup(
                                id: "9",
                                name: "Extras",
                                minimum: 0,
                                maximum: 2,
                                modifiers: [CatalogModifier(plu: "900", name: "Cheese", priceCents: 100)]
                            )
                        ] : []
                )
            },
            categories: [
                CatalogCategory(id: "1", name: "Kitchen"), CatalogCategory(id: "2", name: "Grill", parentId: "1"),
            ],
            selections: [CatalogSelection(id: "5", name: "Lunch", plus: products > 0 ? ["100"] : [])],
            notices: [CatalogNotice(.skipped, "Article 7000 has no name and was left out.")],
            summary: CatalogSummary(products: products, categories: 2, selections: 1, skipped: 1)
        )
    }

    static func connection(
        _ merchant: MerchantID = ImportBed.merchant,
        _ location: LocationID = ImportBed.location,
        version: Int = 1,
        provider: String = "vanhoutte",
        isDeleted: Bool = false,
        syncRequestedAt: Date? = nil,
        tableSection: String? = "Vanhoutte",
        connectedAt: Date? = nil
    ) -> PosConnection {
        PosConnection(
            merchantId: merchant,
            locationId: location,
            provider: provider,
            version: version,
            status: .connected,
            epoch: 1,
            timeZone: "Europe/Brussels",
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
            syncRequestedAt: syncRequestedAt,
            stockThreshold: 10,
            tableSection: tableSection,
            connectedAt: connectedAt
        )
    }

    // MARK: - Serving

    /// Runs the body while gateway and allocator are served.
    func serve<Value: Sendable>(_ body: @escaping @Sendable (RPCClient) async throws -> Value) async throws -> Value {
        let router = try Self.router()
        serveGateway(on: router)
        serveAllocator(on: router)
        return try await Self.serve(router) { client in
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(client))
            } catch {
                result = .failure(error)
            }
            openGate()
            return try result.get()
        }
    }

    /// Runs the body while a router is served.
    static func serve<Value: Sendable>(
        _ router: RPCRouter,
        _ body: (RPCClient) async throws -> Value
    ) async throws -> Value {
        try await router.whileServed(logger: ImportBed.logger) { client, _ in try await body(client) }
    }

    /// A router that takes calls of the clients it is served to.
    static func router() throws -> RPCRouter {
        try RPCRouter.stub(logger: ImportBed.logger)
    }

    private func serveGateway(on router: RPCRouter) {
        router.serve(PosGatewayV1.readCatalog) { [self] request, _, writer in
            let (reading, catalog) = state.withLock { state in
                state.reads += 1
                return (state.readings(state.reads), state.catalogs[request.locationId] ?? state.catalog)
            }
            var first = catalog
            var rest = CatalogPart(summary: catalog.summary)
            first.summary = nil
            rest.products = Array(first.products.suffix(1))
            first.products = Array(first.products.dropLast())
            switch reading {
            case .whole: break
            case .fails(let error): throw error
            case .cut: return try await writer.send(first)
            case .waits:
                try await writer.send(first)
                for await _ in gate {}
                return try await writer.send(rest)
            }
            try await writer.send(first)
            try await writer.send(rest)
        }
        router.serve(PosGatewayV1.listConnections) { [self] request, _ in
            let fresh = state.withLock { $0.connections.filter { $0.version > request.sinceVersion } }
            return ListConnectionsResponse(
                connections: fresh,
                version: fresh.map(\.version).max() ?? request.sinceVersion
            )
        }
        router.serve(PosGatewayV1.listTables) { [self] _, _ in
            try await passTime("ListTables")
            return ListTablesResponse(tables: ledger.tables)
        }
        router.serve(PosGatewayV1.readStock) { [self] request, _ in
            try await passTime("ReadStock")
            return try state.withLock { state in
                state.stockThresholds.append(request.threshold)
                guard !state.isStockAway else {
                    throw RPCError(
                        .failedPrecondition,
                        "The register is off. Switch it on.",
                        reason: "register_unreachable"
                    )
                }
                return ReadStockResponse(levels: state.stock)
            }
        }
        router.serve(PosGatewayV1.recordSync) { [self] request, _ in
            try state.withLock { state in
                guard !state.isBackofficeAway else { throw RPCError(.unavailable, "The gateway is away.") }
                state.syncs.append(request)
                return RecordSyncResponse()
            }
        }
        router.serve(PosGatewayV1.recordActivity) { [self] request, _ in
            state.withLock { $0.activities.append(request) }
            return RecordActivityResponse()
        }
    }

    private func serveAllocator(on router: RPCRouter) {
        router.serve(TableAllocatorV1.putSection) { [self] request, _ in
            try await passTime("PutSection")
            return try state.withLock { state in
                guard !state.isAllocatorAway else { throw RPCError(.unavailable, "The allocator is away.") }
                state.sections.removeAll { $0.name == request.name }
                state.sections.append(
                    SectionView(
                        name: request.name,
                        provider: request.provider,
                        label: "Table",
                        tables: request.tables.map {
                            SectionTableView(
                                tableNumber: $0.tableNumber,
                                name: $0.name ?? "",
                                isCustomName: $0.name != nil,
                                qrCode: UUID(),
                                usesThisMonth: 0,
                                lastUsedAt: nil
                            )
                        }
                    )
                )
                return PutSectionResponse(tables: request.tables.count)
            }
        }
        router.serve(TableAllocatorV1.listSections) { [self] _, _ in
            try state.withLock { state in
                guard !state.isAllocatorAway else { throw RPCError(.unavailable, "The allocator is away.") }
                return ListSectionsResponse(sections: state.sections)
            }
        }
        router.serve(TableAllocatorV1.deleteSection) { [self] request, _ in
            state.withLock { state in
                let before = state.sections.count
                state.sections.removeAll { $0.name == request.name && $0.provider == request.provider }
                state.deletedSections.append(request.name)
                return DeleteSectionResponse(changed: state.sections.count < before)
            }
        }
    }
}
