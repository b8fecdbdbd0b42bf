import Contracts
import Foundation
import RPC
import Testing

/// Every message as it stands on the wire.
///
/// `Golden/<contract>/<Procedure>.request.json` has every field, `….minimal.json` those that cannot be left out. Files
/// are only added: one that has to change shows a change that breaks callers.
struct GoldenTests {
    @Test(arguments: GoldenMessage.all) func aMessageIsWrittenAsItWasRead(message: GoldenMessage) throws {
        let golden = try message.read()
        #expect(try message.roundTrip(golden) == JSON(golden))
    }

    @Test(arguments: GoldenMessage.all) func aMessageWithoutItsOptionalFieldsIsStillOne(message: GoldenMessage) throws {
        let golden = try message.read(minimal: true)
        #expect(try message.roundTrip(golden) == JSON(golden))
    }

    @Test(arguments: GoldenMessage.all) func nothingElseCanBeLeftOut(message: GoldenMessage) throws {
        let golden = try JSON(message.read(minimal: true))
        for (name, rest) in golden.withoutEachMember() {
            let error = #expect(throws: RPCError.self) { try message.roundTrip(rest.data()) }
            #expect(error?.fields == [FieldProblem(name, "is missing")])
        }
    }

    @Test(arguments: GoldenMessage.all) func fieldsOfALaterVersionAreIgnored(message: GoldenMessage) throws {
        let golden = try JSON(message.read())
        #expect(try message.roundTrip(golden.withUnknownMembers().data()) == golden)
    }

    @Test(arguments: GoldenMessage.all) func noOptionalFieldIsWrittenAsNull(message: GoldenMessage) throws {
        #expect(try !JSON(message.read(minimal: true)).hasNull)
    }

    @Test func everyFileBelongsToAMessage() throws {
        let known = Set(GoldenMessage.all.flatMap { ["\($0.name).json", "\($0.name).minimal.json"] })
        let paths = try FileManager.default.subpathsOfDirectory(atPath: GoldenMessage.directory.path)
        #expect(paths.filter { $0.hasSuffix(".json") && !known.contains($0) } == [])
    }

    @Test(arguments: [
        #"{"merchantId":"m-77","locationId":"antwerp:1","type":"applause","message":""}"#
    ])
    func aValueOfALaterVersionSurvives(json: String) throws {
        let request = try RPCCoding.decode(RecordActivityRequest.self, from: Data(json.utf8))
        #expect(request.type == .unrecognized("applause"))
        #expect(try JSON(RPCCoding.encode(request)) == JSON(Data(json.utf8)))
    }
}

/// One message of one procedure, and the files that show it.
struct GoldenMessage: Sendable, CustomTestStringConvertible {
    /// Such as `orders.v1/SubmitOrder.request`.
    let name: String
    /// Decodes as the server does, and encodes again.
    private let reencode: @Sendable (Data) throws -> Data
    /// The same, decoded by Foundation.
    private let reencodeByFoundation: @Sendable (Data) throws -> Data

    static let all =
        of(OrderRouterV1.checkOrder) + of(OrderRouterV1.eraseGuest) + of(RetentionV1.eraseExpired)
        + of(OrderRouterV1.submitOrder) + of(OrderRouterV1.getOrder) + of(OrderRouterV1.listOrders)
        + of(OrderRouterV1.resolveOrder) + of(OrderRouterV1.retryOrder) + of(OrderRouterV1.retryOrders)
        + of(OrderRouterV1.cancelOrder) + of(OrderRouterV1.requeueLocation) + of(OrderRouterV1.pauseLocation)
        + of(OrderRouterV1.resumeLocation) + of(OrderRouterV1.getLocationStatus)
        + of(OrderRouterV1.listWaitingLocations)
        + of(SchedulerV1.listTasks) + of(SchedulerV1.runTask) + of(SchedulerV1.pauseTask)
        + of(SchedulerV1.resumeTask) + of(SchedulerV1.getRun) + of(SchedulerV1.listRuns)
        + of(TableAllocatorV1.allocate) + of(TableAllocatorV1.pin) + of(TableAllocatorV1.release)
        + of(TableAllocatorV1.concludePlacement) + of(TableAllocatorV1.forceRelease) + of(TableAllocatorV1.listLeases)
        + of(TableAllocatorV1.putSection) + of(TableAllocatorV1.getSection) + of(TableAllocatorV1.listSections)
        + of(TableAllocatorV1.deleteSection) + of(TableAllocatorV1.resolveTable) + of(TableAllocatorV1.renewTableCode)
        + of(TableAllocatorV1.sweepLeases)
        + of(PosGatewayV1.placeOrder) + of(PosGatewayV1.settleBill) + of(PosGatewayV1.postDeposit)
        + of(PosGatewayV1.getAttempt) + of(PosGatewayV1.listAttempts) + of(PosGatewayV1.checkPlacement)
        + of(PosGatewayV1.checkSettlement)
        + of(PosGatewayV1.readBill) + of(PosGatewayV1.listTables) + of(PosGatewayV1.askFreeTable)
        + of(PosGatewayV1.readCatalog) + of(PosGatewayV1.readStock) + of(PosGatewayV1.testConnection)
        + of(PosGatewayV1.listConnections)
        + of(PosGatewayV1.recordActivity)
        + of(PosGatewayV1.recordSync)
        + of(MenuSyncV1.startSync) + of(MenuSyncV1.getSync) + of(MenuSyncV1.listSyncs)
        + of(MenuSyncV1.planSync) + of(MenuSyncV1.approvePlan) + of(MenuSyncV1.discardPlan)
        + of(MenuSyncV1.getMenu) + of(MenuSyncV1.editItem) + of(MenuSyncV1.listVersions)
        + of(MenuSyncV1.rollbackMenu) + of(MenuSyncV1.listStock) + of(MenuSyncV1.adjustStock)
        + of(MenuSyncV1.syncStock) + of(MenuSyncV1.listStockLocations) + of(MenuSyncV1.checkItems)
        + of(NotificationsV1.listDeliveries) + of(NotificationsV1.resendDelivery)
        + [
            of(OrderChangedEvent.self), of(LocationChangedEvent.self), of(MenuReloadEvent.self),
            of(SetupProgressedEvent.self), of(StockChangedEvent.self),
        ]

    static var directory: URL { Bundle.module.bundleURL.appending(path: "Golden") }

    private static func of<Request, Response>(_ method: RPCMethod<Request, Response>) -> [GoldenMessage] {
        of(method.service, method.name, Request.self, Response.self)
    }

    private static func of<Request, Element>(_ stream: RPCStream<Request, Element>) -> [GoldenMessage] {
        of(stream.service, stream.name, Request.self, Element.self)
    }

    private static func of<Request: Codable & Sendable, Response: Codable & Sendable>(
        _ service: String,
        _ procedure: String,
        _: Request.Type,
        _: Response.Type
    ) -> [GoldenMessage] {
        let contract = service.split(separator: ".").dropFirst().prefix(2).joined(separator: ".")
        return [
            GoldenMessage(name: "\(contract)/\(procedure).request", Request.self),
            GoldenMessage(name: "\(contract)/\(procedure).response", Response.self),
        ]
    }

    /// A notification as subscribers get it.
    private static func of<Event: NotificationEvent>(_ event: Event.Type) -> GoldenMessage {
        GoldenMessage(name: "notifications.v1/\(event.type.rawValue).event", PostedNotification<Event>.self)
    }

    private init<Message: Codable & Sendable>(name: String, _ type: Message.Type) {
        self.name = name
        reencode = { try RPCCoding.encode(try RPCCoding.decode(type, from: $0)) }
        reencodeByFoundation = { try RPCCoding.encode(try foundationDecoder().decode(type, from: $0)) }
    }

    var testDescription: String { name }

    /// The file; the full one also where nothing can be left out.
    func read(minimal: Bool = false) throws -> Data {
        let short = Self.directory.appending(path: "\(name).minimal.json")
        let isShort = minimal && FileManager.default.fileExists(atPath: short.path)
        return try Data(contentsOf: isShort ? short : Self.directory.appending(path: "\(name).json"))
    }

    func roundTrip(_ body: Data) throws -> JSON {
        try JSON(reencode(body))
    }

    /// What the body says to Foundation.
    func roundTripByFoundation(_ body: Data) throws -> JSON {
        try JSON(reencodeByFoundation(body))
    }
}

/// Foundation's decoder, with the instants of our wire.
private func foundationDecoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
        let container = try decoder.singleValueContainer()
        guard let date = RFC3339.date(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no instant")
        }
        return date
    }
    return decoder
}
