import AsyncHTTPClient
import Contracts
import Foundation
import Hummingbird
import RPC
import RPCClient
import RPCServer
import Secrets
import ServiceLifecycle
import TestBed
import Testing

@testable import TableAllocator
@testable import TableAllocatorStorage

/// The service as callers meet it: over HTTP, with a gateway that is asked over HTTP too.
@Suite(.timeLimit(.minutes(5))) struct ServiceTests {
    private static let token = Secret("a-long-enough-test-token")

    @Test func anOrderIsGivenATableAndKeepsIt() async throws {
        try await withService { client in
            let order = UUID()
            let answer = try await client.call(TableAllocatorV1.allocate, request(order, .virtual), context: .test)
            #expect(answer.lease.tableNumber == 900)
            #expect(answer.lease.state == Open(.held))
            let named = LeaseRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                orderId: order,
                fencingToken: answer.lease.fencingToken,
                timeZone: AllocatorBed.zone,
                tableNumber: answer.lease.tableNumber
            )
            let pinned = try await client.call(TableAllocatorV1.pin, named, context: .test)
            #expect(pinned.lease.expiresAt == nil)
            #expect(try await client.call(TableAllocatorV1.concludePlacement, named, context: .test).changed)
            let list = ListLeasesRequest(merchantId: Place.first.merchant, locationId: Place.first.location)
            let leases = try await client.call(TableAllocatorV1.listLeases, list, context: .test).leases
            #expect(leases.map(\.orderId) == [order])
            #expect(leases.map(\.state) == [Open(.pinned)])
            #expect(try await client.call(TableAllocatorV1.release, named, context: .test).changed)
            #expect(try await !client.call(TableAllocatorV1.release, named, context: .test).changed)
            let lost = await rpcError { _ = try await client.call(TableAllocatorV1.pin, named, context: .test) }
            #expect(lost?.code == .failedPrecondition)
            #expect(lost?.reason == "lease_lost")
        }
    }

    @Test func aPhysicalTableComesWithTheBillThatWasRead() async throws {
        try await withService { client in
            let section = PutSectionRequest(
                merchantId: Place.first.merchant,
                locationId: Place.first.location,
                name: "Hendrickx Terrace",
                tables: [SectionTable(tableNumber: 4, name: "Terrace 4")]
            )
            #expect(try await client.call(TableAllocatorV1.putSection, section, context: .test).tables == 1)
            let answer = try await client.call(TableAllocatorV1.allocate, request(UUID(), .physical), context: .test)
            #expect(answer.lease.tableNumber == 4)
            #expect(answer.bill == Bill(tableNumber: 4))
        }
    }

    @Test func aRegisterThatIsOffIsToldInTheGatewaysWords() async throws {
        let off = RPCError(.unavailable, "The register is off.", reason: "register_unreachable", nextAction: .wait)
        try await withService(freeTable: { throw off }) { client in
            let error = await rpcError {
                _ = try await client.call(TableAllocatorV1.allocate, request(UUID(), .virtual), context: .test)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.reason == "register_unreachable")
            #expect(error?.message == "The register is off.")
            #expect(error?.nextAction == .wait)
        }
    }

    @Test func aGatewayThatFailsIsUnavailable() async throws {
        try await withService(freeTable: { throw RPCError(.internal, "A bug.") }) { client in
            let error = await rpcError {
                _ = try await client.call(TableAllocatorV1.allocate, request(UUID(), .virtual), context: .test)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.reason == "gateway_unavailable")
        }
    }

    @Test func aWrongRequestIsToldEveryProblem() async throws {
        try await withService { client in
            var wrong = request(UUID(), .named)
            wrong.timeZone = "CET-2"
            let error = await rpcError {
                _ = try await client.call(TableAllocatorV1.allocate, wrong, context: .test)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.fields.map(\.field) == ["timeZone", "tableNumber"])
            var elsewhere = request(UUID(), .virtual)
            elsewhere.gateway = "nowhere"
            let unknown = await rpcError {
                _ = try await client.call(TableAllocatorV1.allocate, elsewhere, context: .test)
            }
            #expect(unknown?.fields.map(\.field) == ["gateway"])
        }
    }

    @Test func whatIsWrongWithACallByHandIsToldFieldByField() async throws {
        try await withService { client in
            let (merchant, location) = (Place.first.merchant, Place.first.location)
            let force = ForceReleaseRequest(
                merchantId: merchant,
                locationId: location,
                orderId: UUID(),
                actor: "",
                reason: "\u{7}"
            )
            let forced = await rpcError {
                _ = try await client.call(TableAllocatorV1.forceRelease, force, context: .test)
            }
            #expect(forced?.fields.map(\.field) == ["actor", "reason"])
            let named = SectionRequest(merchantId: merchant, locationId: location, name: "\u{0}")
            let nul = await rpcError { _ = try await client.call(TableAllocatorV1.getSection, named, context: .test) }
            #expect(nul?.fields.map(\.field) == ["name"])
            let absent = SectionRequest(merchantId: merchant, locationId: location, name: "Bar")
            let unknown = await rpcError {
                _ = try await client.call(TableAllocatorV1.getSection, absent, context: .test)
            }
            #expect(unknown?.reason == "unknown_section")
            let deleted = try await client.call(TableAllocatorV1.deleteSection, absent, context: .test)
            #expect(!deleted.changed)
        }
    }

    @Test(arguments: [
        ("", [SectionTable(tableNumber: 1, name: "One")], ["name"]),
        (String(repeating: "n", count: 26), [], ["name"]),
        ("Bar", [SectionTable(tableNumber: 0, name: "One")], ["tables[0].tableNumber"]),
        ("Bar", [SectionTable(tableNumber: 1, name: String(repeating: "n", count: 21))], ["tables[0].name"]),
        (
            "Bar", [SectionTable(tableNumber: 1, name: "A"), SectionTable(tableNumber: 1, name: "B\u{7}")],
            ["tables[1].name", "tables[1].tableNumber"]
        ),
    ])
    func aSectionBreaksRuleK12(name: String, tables: [SectionTable], fields: [String]) {
        let request = PutSectionRequest(
            merchantId: Place.first.merchant,
            locationId: Place.first.location,
            name: name,
            tables: tables
        )
        #expect {
            try Section(request)
        } throws: { error in
            (error as? SectionError)?.rpcError.fields.map(\.field) == fields
        }
    }

    // MARK: -

    private func request(_ order: UUID, _ mode: TableMode) -> AllocateRequest {
        AllocateRequest(
            merchantId: Place.first.merchant,
            locationId: Place.first.location,
            orderId: order,
            mode: mode,
            gateway: "kassanet",
            timeZone: AllocatorBed.zone
        )
    }

    private func rpcError(_ body: () async throws -> Void) async -> RPCError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? RPCError
        }
    }

    /// Serves the service and a gateway at one address, and hands over a client of it.
    private func withService(
        freeTable: @escaping @Sendable () throws -> Int? = { 900 },
        _ body: @escaping @Sendable (RPCClient) async throws -> Void
    ) async throws {
        try await AllocatorBed.with { bed in
            let port = try TestBed.freePort()
            let http = HTTPClient.forInternalCalls()
            let client = RPCClient(baseURL: "http://127.0.0.1:\(port)", token: Self.token, http: http)
            let service = TableAllocatorService(
                leases: bed.store,
                sections: bed.sections,
                codes: bed.codes,
                sweeps: bed.sweeps,
                registers: ["kassanet": GatewayRegister(client: client)],
                policy: AllocatorBed.policy
            )
            let router = try router()
            service.serve(on: router)
            router.serve(PosGatewayV1.askFreeTable) { _, _ in AskFreeTableResponse(tableNumber: try freeTable()) }
            router.serve(PosGatewayV1.readBill) { request, _ in
                ReadBillResponse(bill: Bill(tableNumber: request.tableNumber), growth: nil, requestId: nil)
            }
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let application = Application(
                router: router.http,
                server: .served(),
                configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
                onServerRunning: { _ in start.yield() },
                logger: AllocatorBed.logger
            )
            let result: Result<Void, any Error>
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: application)],
                    logger: AllocatorBed.logger
                )
            )
            let server = Task { try await group.run() }
            do {
                for await _ in started { break }
                result = .success(try await body(client))
            } catch {
                result = .failure(error)
            }
            try await http.shutdown()
            // Not cancelled: NIO traps where a connection is being accepted at that moment (swift-nio 2637).
            await group.triggerGracefulShutdown()
            _ = await server.result
            try result.get()
        }
    }

    private func router() throws -> RPCRouter {
        let everyone = Caller(name: "tests", services: .all, merchants: .all)
        let callers = try CallerDirectory([.init(caller: everyone, tokens: [Self.token])])
        return RPCRouter(gate: CallGate(callers: callers, maxTimeout: .seconds(120), logger: AllocatorBed.logger))
    }
}
