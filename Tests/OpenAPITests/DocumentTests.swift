import Contracts
import Foundation
import OpenAPI
import RPC
import Testing

/// The form of a whole document.
struct DocumentTests {
    private static func document(_ operations: [APIOperation]) -> OpenAPIDocument {
        OpenAPIDocument(service: "sample", purpose: "Shows a document.", version: "1", operations: operations)
    }

    @Test("Everything a document refers to stands in it") func references() throws {
        let document = try Self.document([
            APIOperation(OrderRouterV1.submitOrder), APIOperation(PosGatewayV1.checkPlacement),
            APIOperation(TableAllocatorV1.allocate),
        ])
        .json()
        let references = document.references
        #expect(references.count > 30)
        for reference in references {
            var found: OrderedJSON? = document
            for part in reference.split(separator: "/").dropFirst() { found = found?[String(part)] }
            #expect(found != nil, "\(reference)")
        }
    }

    @Test("A procedure has its answer, every status an error may have, and the token it needs") func operation() throws
    {
        let document = try Self.document([APIOperation(OrderRouterV1.getOrder)]).json()
        let operation = try #require(document["paths"]?["/upvendo.orders.v1.OrderRouter/GetOrder"]?["post"])
        #expect(operation["operationId"] == "OrderRouter_GetOrder")
        guard case .object(let responses)? = operation["responses"] else {
            Issue.record("There are no responses.")
            return
        }
        let errors = Set(RPCCode.allCases.map { String($0.httpStatus) })
        #expect(Set(responses.map(\.name)) == errors.union(["200", "405"]))
        #expect(document["security"] == [["bearer": []]])
        #expect(document["components"]?["securitySchemes"]?["bearer"]?["scheme"] == "bearer")
    }

    @Test("A service without procedures has a document with no paths and no components") func empty() throws {
        let document = try Self.document([]).json()
        #expect(document["openapi"] == "3.1.1")
        #expect(document["paths"] == [:])
        #expect(document["components"] == nil)
        #expect(document["security"] == nil)
    }

    @Test("A stream is described as Connect's, and says that it is one") func stream() throws {
        let stream = APIOperation(PosGatewayV1.readCatalog)
        let document = try Self.document([stream]).json()
        let operation = try #require(document["paths"]?["/upvendo.pos.v1.PosGateway/ReadCatalog"]?["post"])
        #expect(operation["requestBody"]?["content"]?["application/connect+json"] != nil)
        #expect(operation["responses"]?["200"]?["content"]?["application/connect+json"] != nil)
        guard case .string(let description)? = operation["description"] else {
            Issue.record("There is no description.")
            return
        }
        #expect(description.contains("Server streaming"))
    }

    @Test("One path cannot be declared twice for one method") func twice() {
        let operation = APIOperation(OrderRouterV1.getOrder)
        #expect(throws: SchemaError.self) { try Self.document([operation, operation]).text() }
    }

    @Test("What is written is JSON, with its members in order") func text() throws {
        let value: OrderedJSON = ["b": ["x": 1], "a": ["quote \" and \\", "line\nbreak", .null], "c": [:]]
        #expect(
            value.text == """
                {
                  "b": { "x": 1 },
                  "a": ["quote \\" and \\\\", "line\\nbreak", null],
                  "c": {}
                }

                """
        )
        let read = try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any]
        #expect(read?.keys.sorted() == ["a", "b", "c"])
    }
}

extension OrderedJSON {
    /// Every `$ref` anywhere in the value.
    fileprivate var references: [String] {
        switch self {
        case .array(let values): values.flatMap(\.references)
        case .object(let members):
            members.flatMap { member -> [String] in
                if member.name == "$ref", case .string(let reference) = member.value { return [reference] }
                return member.value.references
            }
        default: []
        }
    }
}
