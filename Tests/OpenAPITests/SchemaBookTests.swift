import Foundation
import OpenAPI
import RPC
import Testing

/// What is read off a type, kind by kind.
struct SchemaBookTests {
    @Test("Every kind of member is described as it is decoded") func kinds() throws {
        let book = SchemaBook()
        #expect(try book.schema(of: Everything.self) == ["$ref": "#/components/schemas/Everything"])
        let schema = try #require(book.components.first { $0.name == "Everything" }?.value)
        let properties = try #require(schema["properties"])

        #expect(
            schema["required"]
                == ["merchantId", "text", "number", "flag", "at", "id", "open", "closed", "list", "map", "nested"]
        )
        #expect(properties["text"] == ["type": "string"])
        #expect(
            properties["number"]
                == ["type": "integer", "format": "int64", "minimum": .integer(.min), "maximum": .integer(.max)]
        )
        #expect(properties["flag"] == ["type": "boolean"])
        #expect(properties["at"] == ["type": "string", "format": "date-time"])
        #expect(properties["id"] == ["type": "string", "format": "uuid"])
        #expect(properties["list"] == ["type": "array", "items": ["$ref": "#/components/schemas/Everything.Nested"]])
        #expect(properties["map"] == ["type": "object", "additionalProperties": ["type": "string"]])
        #expect(properties["maybe"] == ["type": ["string", "null"]])
        #expect(
            properties["maybeNested"]
                == ["anyOf": [["$ref": "#/components/schemas/Everything.Nested"], ["type": "null"]]]
        )
    }

    @Test("An open enum lists what is known and takes any text; a closed one takes its values alone") func enums()
        throws
    {
        let book = SchemaBook()
        _ = try book.schema(of: Everything.self)
        let open = try #require(book.components.first { $0.name == "Everything.Kind" }?.value)
        #expect(open["type"] == "string")
        #expect(open["enum"] == nil)
        #expect(open["x-extensible-enum"] == ["dry", "wet"])
        let closed = try #require(book.components.first { $0.name == "Everything.Closed" }?.value)
        #expect(closed == ["type": "string", "enum": ["one", "two"]])
    }

    @Test("A message that holds itself refers to itself") func recursion() throws {
        let book = SchemaBook()
        _ = try book.schema(of: Tree.self)
        let tree = try #require(book.components.first?.value)
        #expect(tree["properties"]?["children"] == ["type": "array", "items": ["$ref": "#/components/schemas/Tree"]])
        #expect(book.components.count == 1)
    }

    @Test("Hints add limits, a required member and a meaning") func hints() throws {
        let book = SchemaBook()
        _ = try book.schema(of: Hinted.self)
        let schema = try #require(book.components.first?.value)
        #expect(schema["required"] == ["name"])
        #expect(
            schema["properties"]?["name"]
                == [
                    "type": "string", "minLength": 1, "maxLength": 20,
                    "description": "What it is called. 1 to 20 bytes of UTF-8.",
                ]
        )
        #expect(
            schema["properties"]?["size"]
                == ["type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": 9]
        )
        #expect(schema["properties"]?["colour"] == ["type": ["string", "null"], "enum": ["red", "blue", .null]])
    }

    @Test("A hint for a member that is not there is refused") func strayHint() {
        #expect(throws: SchemaError.self) { try SchemaBook().schema(of: Stray.self) }
    }

    @Test(
        "An identifier's published pattern takes what its decoder takes",
        arguments: [
            "a", "demo-merchant", "a.b:c_d-9", String(repeating: "x", count: 64), "", "a b", "é", "a/b", "a\n",
            String(repeating: "x", count: 65),
        ]
    )
    func pattern(text: String) throws {
        let matches = text.wholeMatch(of: try Regex(identifierPattern)) != nil
        #expect(matches == (MerchantID(rawValue: text) != nil))
    }
}

private struct Everything: Codable, Sendable {
    var merchantId: MerchantID
    var text: String
    var number: Int
    var flag: Bool
    var at: Date
    var id: UUID
    var open: Open<Kind>
    var closed: Closed
    var list: [Nested]
    var map: [String: String]
    var nested: Nested
    var maybe: String?
    var maybeNested: Nested?

    enum Kind: String, CaseIterable, Sendable {
        case dry
        case wet
    }

    enum Closed: String, CaseIterable, Codable, Sendable {
        case one
        case two
    }

    struct Nested: Codable, Sendable {
        var value: Int
    }
}

private struct Tree: Codable, Sendable {
    var children: [Tree]
}

private struct Hinted: Codable, Sendable, SchemaHinted {
    var name: String?
    var size: Int?
    var colour: String?

    static var schemaHints: [String: SchemaHint] {
        [
            "name": .text(bytes: 1...20, "What it is called.").required,
            "size": .number(1...9),
            "colour": .choice(["red", "blue"]),
        ]
    }
}

private struct Stray: Codable, Sendable, SchemaHinted {
    var name: String

    static var schemaHints: [String: SchemaHint] { ["nmae": .about("A slip of the pen.")] }
}
