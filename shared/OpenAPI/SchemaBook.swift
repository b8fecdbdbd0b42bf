import Foundation
import RPC

/// The JSON Schemas (2020-12) of message types, found by watching how each type decodes itself.
///
/// There is no second description of a message that could drift from the first: a type's own `init(from:)` is run
/// against a decoder that writes down which members it asks for, of what type, and which it could do without. A struct
/// or an enum becomes a component; whoever uses it refers to that.
package final class SchemaBook {
    /// By name, in the order in which they were met.
    package private(set) var components: [OrderedJSON.Member] = []
    private var names: [ObjectIdentifier: String] = [:]

    package init() {}

    /// The schema of a type, or a reference to its component.
    package func schema<Wire: Decodable>(of type: Wire.Type) throws -> OrderedJSON {
        if let plain = Self.plain(type) { return plain }
        switch type {
        case let type as any OptionalWire.Type: return Self.nullable(try schema(of: type.wrapped))
        case let type as any ListWire.Type: return ["type": "array", "items": try schema(of: type.element)]
        case let type as any MapWire.Type:
            return ["type": "object", "additionalProperties": try schema(of: type.element)]
        case let type as any Identifier.Type:
            return try component(type) { Self.identifier }
        case let type as any ExtensibleEnumeration.Type:
            return try component(type.knownType) { Self.extensible(type.knownValues) }
        case let type as any (CaseIterable & RawRepresentable).Type:
            return try component(type) { ["type": "string", "enum": .array(Self.rawValues(of: type))] }
        default:
            return try component(type) { try self.structure(of: type) }
        }
    }

    /// A schema that also takes `null`.
    static func nullable(_ schema: OrderedJSON) -> OrderedJSON {
        guard case .string(let type)? = schema["type"], schema["enum"] == nil else {
            return ["anyOf": [schema, ["type": "null"]]]
        }
        var schema = schema
        schema["type"] = [.string(type), "null"]
        return schema
    }

    // MARK: - Components

    private func component(_ type: Any.Type, _ schema: () throws -> OrderedJSON) throws -> OrderedJSON {
        let id = ObjectIdentifier(type)
        if let name = names[id] { return Self.reference(name) }
        let name = Self.name(of: type)
        guard !names.values.contains(name) else {
            throw SchemaError("Two message types are named \(name). Rename one: a schema's name must be its own.")
        }
        // Known before it is looked into: a type may refer to itself.
        names[id] = name
        let index = components.endIndex
        components.append(.init(name, .null))
        components[index].value = try schema()
        return Self.reference(name)
    }

    private static func reference(_ name: String) -> OrderedJSON { ["$ref": "#/components/schemas/\(name)"] }

    /// The type's name without its module, as in `BillGrowth.Presence`.
    private static func name(of type: Any.Type) -> String {
        String(reflecting: type).split(separator: ".").dropFirst().filter { !$0.hasPrefix("(") }
            .joined(separator: ".")
    }

    private func structure<Wire: Decodable>(of type: Wire.Type) throws -> OrderedJSON {
        let record = SchemaRecord()
        _ = try type.init(from: SchemaRecorder(book: self, record: record))
        if let single = record.single { return single }
        var hints = (type as? any SchemaHinted.Type)?.schemaHints ?? [:]
        var properties: [OrderedJSON.Member] = []
        var required: [OrderedJSON] = []
        for property in record.properties {
            let hint = hints.removeValue(forKey: property.name)
            let isOptional = property.isOptional && hint?.isRequired != true
            if !isOptional { required.append(.string(property.name)) }
            let schema = isOptional ? Self.nullable(property.schema) : property.schema
            properties.append(.init(property.name, hint.map { schema.adding($0) } ?? schema))
        }
        if let stray = hints.keys.min() {
            throw SchemaError("\(type) has a hint for \(stray), which it does not have.")
        }
        var schema: OrderedJSON = ["type": "object"]
        if !required.isEmpty { schema["required"] = .array(required) }
        schema["properties"] = .object(properties)
        if let example = (type as? any SchemaHinted.Type)?.schemaExample {
            let body = try RPCCoding.encode(example)
            schema["examples"] = [try JSONDecoder().decode(OrderedJSON.self, from: body)]
        }
        return schema
    }

    // MARK: - Kinds of values

    private static func plain(_ type: Any.Type) -> OrderedJSON? {
        switch type {
        case is String.Type: ["type": "string"]
        case is Bool.Type: ["type": "boolean"]
        case is Int.Type, is Int64.Type: whole(Int.min, Int.max, format: "int64")
        case is Int32.Type: whole(Int(Int32.min), Int(Int32.max), format: "int32")
        case is Double.Type, is Float.Type: ["type": "number"]
        case is Date.Type: ["type": "string", "format": "date-time"]
        case is UUID.Type: ["type": "string", "format": "uuid"]
        case is OrderedJSON.Type: [:]
        default: nil
        }
    }

    private static func whole(_ least: Int, _ most: Int, format: String) -> OrderedJSON {
        [
            "type": "integer", "format": .string(format), "minimum": .integer(least), "maximum": .integer(most),
        ]
    }

    private static var identifier: OrderedJSON {
        ["type": "string", "pattern": .string(identifierPattern), "minLength": 1, "maxLength": 64]
    }

    private static func extensible(_ values: [String]) -> OrderedJSON {
        [
            "type": "string",
            "description": "Known values: \(values.joined(separator: ", ")). More may come: survive them.",
            "x-extensible-enum": .array(values.map { .string($0) }),
        ]
    }

    private static func rawValues<Value: CaseIterable & RawRepresentable>(of type: Value.Type) -> [OrderedJSON] {
        type.allCases.map { .string("\($0.rawValue)") }
    }

    // MARK: - Stand-ins

    /// A value for a decoder to hand out; what it is does not matter, only that there is one.
    func standIn<Wire: Decodable>(_ type: Wire.Type) throws -> Wire {
        let value: Any =
            switch type {
            case is Date.Type: Date(timeIntervalSince1970: 0)
            case is UUID.Type: UUID()
            case let type as any ListWire.Type: type.empty
            case let type as any MapWire.Type: type.empty
            case let type as any Identifier.Type: type.init(unchecked: "x")
            case let type as any (CaseIterable & RawRepresentable & Decodable).Type: Self.first(of: type) as Any
            default: try type.init(from: SchemaRecorder(book: self, record: SchemaRecord()))
            }
        guard let value = value as? Wire else { throw SchemaError("There is no stand-in for \(type).") }
        return value
    }

    private static func first<Value: CaseIterable>(of type: Value.Type) -> Value? { type.allCases.first }
}

/// Why a type's schema could not be found; a mistake in the program, which a test of the documents shows.
package struct SchemaError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension OrderedJSON {
    /// This schema with what a hint says about it.
    fileprivate func adding(_ hint: SchemaHint) -> OrderedJSON {
        var schema = self
        var description = hint.description
        if let range = hint.range {
            schema["minimum"] = .integer(range.lowerBound)
            schema["maximum"] = .integer(range.upperBound)
        }
        if let bytes = hint.bytes {
            // A character has one byte or more: what is longer in characters is certainly too long in bytes.
            schema["minLength"] = .integer(min(1, bytes.lowerBound))
            schema["maxLength"] = .integer(bytes.upperBound)
            let limit = "\(bytes.lowerBound) to \(bytes.upperBound) bytes of UTF-8."
            description = [description, limit].compactMap(\.self).joined(separator: " ")
        }
        if let count = hint.count {
            schema["minItems"] = .integer(count.lowerBound)
            schema["maxItems"] = .integer(count.upperBound)
        }
        if let pattern = hint.pattern { schema["pattern"] = .string(pattern) }
        if let choices = hint.choices {
            let isNullable = schema["type"] != "string"
            schema["enum"] = .array(choices.map { .string($0) } + (isNullable ? [.null] : []))
        }
        if let description { schema["description"] = .string(description) }
        if let example = hint.example { schema["examples"] = [.string(example)] }
        return schema
    }
}

// MARK: - Types that hold others

private protocol OptionalWire {
    static var wrapped: any Decodable.Type { get }
}

private protocol ListWire {
    static var element: any Decodable.Type { get }
    static var empty: Any { get }
}

private protocol MapWire {
    static var element: any Decodable.Type { get }
    static var empty: Any { get }
}

extension Optional: OptionalWire where Wrapped: Decodable {
    fileprivate static var wrapped: any Decodable.Type { Wrapped.self }
}

extension Array: ListWire where Element: Decodable {
    fileprivate static var element: any Decodable.Type { Element.self }
    fileprivate static var empty: Any { Self() }
}

extension Dictionary: MapWire where Key == String, Value: Decodable {
    fileprivate static var element: any Decodable.Type { Value.self }
    fileprivate static var empty: Any { Self() }
}
