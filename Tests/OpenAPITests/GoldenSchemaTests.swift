import Contracts
import Foundation
import OpenAPI
import RPC
import TestBed
import Testing

/// The derived schemas against the golden messages of ContractsTests, which are what really stands on the wire.
struct GoldenSchemaTests {
    @Test(arguments: Described.all) func aGoldenMessageFitsItsSchema(message: Described) throws {
        for golden in try message.goldens() {
            #expect(try message.problems(golden) == [])
        }
    }

    @Test(arguments: Described.all) func aMessageThatLacksWhatIsRequiredDoesNotFit(message: Described) throws {
        guard let minimal = try message.goldens().last, case .object(let members) = minimal else { return }
        for member in members {
            var rest = minimal
            rest[member.name] = nil
            #expect(try message.problems(rest) != [], "without \(member.name)")
        }
    }

    @Test(arguments: Described.all) func aMemberOfAnotherTypeDoesNotFit(message: Described) throws {
        guard let full = try message.goldens().first, case .object(let members) = full else { return }
        for member in members {
            var other = full
            other[member.name] = member.value == .bool(true) || member.value == .bool(false) ? 7 : true
            #expect(try message.problems(other) != [], "with another \(member.name)")
        }
    }

    @Test(arguments: Described.all) func itsExampleIsOne(message: Described) throws {
        let book = SchemaBook()
        let reference = try message.schema(book)
        let check = SchemaCheck(book)
        guard case .string(let path)? = reference["$ref"],
            case .array(let examples)? = check.components[path.split(separator: "/").last.map(String.init) ?? ""]?[
                "examples"
            ]
        else { return }
        for example in examples { #expect(check.problems(example, reference) == []) }
    }
}

/// One message of one procedure.
struct Described: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let schema: @Sendable (SchemaBook) throws -> OrderedJSON

    static let all =
        of(OrderRouterV1.submitOrder) + of(OrderRouterV1.getOrder) + of(OrderRouterV1.listOrders)
        + of(TableAllocatorV1.allocate) + of(TableAllocatorV1.pin) + of(TableAllocatorV1.release)
        + of(TableAllocatorV1.concludePlacement) + of(TableAllocatorV1.listLeases) + of(TableAllocatorV1.putSection)
        + of(TableAllocatorV1.resolveTable) + of(TableAllocatorV1.renewTableCode) + of(TableAllocatorV1.sweepLeases)
        + of(PosGatewayV1.placeOrder) + of(PosGatewayV1.settleBill) + of(PosGatewayV1.postDeposit)
        + of(PosGatewayV1.getAttempt) + of(PosGatewayV1.checkPlacement) + of(PosGatewayV1.checkSettlement)
        + of(PosGatewayV1.readBill) + of(PosGatewayV1.listTables) + of(PosGatewayV1.askFreeTable)
        + of(PosGatewayV1.testConnection) + of(PosGatewayV1.listConnections) + of(PosGatewayV1.recordActivity)
        + of(MenuSyncV1.startSync) + of(MenuSyncV1.getSync) + of(MenuSyncV1.listSyncs)
        + of(MenuSyncV1.planSync) + of(MenuSyncV1.approvePlan) + of(MenuSyncV1.discardPlan)
        + of(MenuSyncV1.getMenu) + of(MenuSyncV1.editItem) + of(MenuSyncV1.listVersions)
        + of(MenuSyncV1.rollbackMenu) + of(MenuSyncV1.listStock) + of(MenuSyncV1.adjustStock)
        + of(MenuSyncV1.syncStock) + of(MenuSyncV1.listStockLocations) + of(MenuSyncV1.checkItems)

    private static func of<Request, Response>(_ method: RPCMethod<Request, Response>) -> [Described] {
        let contract = method.service.split(separator: ".").dropFirst().prefix(2).joined(separator: ".")
        return [
            Described(testDescription: "\(contract)/\(method.name).request") { try $0.schema(of: Request.self) },
            Described(testDescription: "\(contract)/\(method.name).response") { try $0.schema(of: Response.self) },
        ]
    }

    private init(testDescription: String, schema: @escaping @Sendable (SchemaBook) throws -> OrderedJSON) {
        self.testDescription = testDescription
        self.schema = schema
    }

    /// The full message, then, where there is one, the one without its optional members.
    func goldens() throws -> [OrderedJSON] {
        let folder = TestBed.projectDirectory.appending(path: "Tests/ContractsTests/Golden")
        return try ["\(testDescription).json", "\(testDescription).minimal.json"].map { folder.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
            .map { try JSONDecoder().decode(OrderedJSON.self, from: Data(contentsOf: $0)) }
    }

    func problems(_ value: OrderedJSON) throws -> [String] {
        let book = SchemaBook()
        let schema = try schema(book)
        return SchemaCheck(book).problems(value, schema)
    }
}
