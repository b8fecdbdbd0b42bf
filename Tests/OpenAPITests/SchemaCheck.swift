import Foundation
import OpenAPI

/// Holds JSON values to schemas: as much of JSON Schema as our documents use, and a complaint about anything else.
struct SchemaCheck {
    let components: [String: OrderedJSON]

    init(_ book: SchemaBook) {
        components = Dictionary(book.components.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// What is wrong with the value, each with the place where it stands.
    func problems(_ value: OrderedJSON, _ schema: OrderedJSON, at path: String = "$") -> [String] {
        guard case .object(let keywords) = schema else { return ["\(path): the schema is no object"] }
        return keywords.flatMap { keyword in
            problems(value, keyword.name, keyword.value, in: schema).map { problem in
                problem.hasPrefix("$") ? problem.replacing("$", with: path, maxReplacements: 1) : "\(path): \(problem)"
            }
        }
    }

    private func problems(
        _ value: OrderedJSON,
        _ keyword: String,
        _ rule: OrderedJSON,
        in schema: OrderedJSON
    ) -> [String] {
        switch (keyword, rule, value) {
        case ("$ref", .string(let reference), _):
            let name = reference.replacing("#/components/schemas/", with: "")
            guard let component = components[name] else { return ["there is no schema \(name)"] }
            return problems(value, component)
        case ("anyOf", .array(let choices), _):
            return choices.contains { problems(value, $0).isEmpty } ? [] : ["fits none of the choices"]
        case ("type", .string(let type), _):
            return Self.isOf(type, value) ? [] : ["is no \(type)"]
        case ("type", .array(let types), _):
            return types.contains { type in
                guard case .string(let type) = type else { return false }
                return Self.isOf(type, value)
            } ? [] : ["has another type"]
        case ("enum", .array(let values), _):
            return values.contains(value) ? [] : ["is not in the list"]
        case ("required", .array(let names), .object(let members)):
            return names.filter { name in !members.contains { .string($0.name) == name } }.map { "\($0) is missing" }
        case ("properties", .object(let properties), .object):
            return properties.flatMap { property in
                value[property.name].map { problems($0, property.value, at: "$.\(property.name)") } ?? []
            }
        case ("additionalProperties", let element, .object(let members)):
            return members.flatMap { problems($0.value, element, at: "$.\($0.name)") }
        case ("items", let element, .array(let values)):
            return values.enumerated().flatMap { problems($1, element, at: "$[\($0)]") }
        case ("minimum", .integer(let least), .integer(let number)): return number < least ? ["is too small"] : []
        case ("maximum", .integer(let most), .integer(let number)): return number > most ? ["is too great"] : []
        case ("minLength", .integer(let least), .string(let text)):
            return text.unicodeScalars.count < least ? ["is too short"] : []
        case ("maxLength", .integer(let most), .string(let text)):
            return text.unicodeScalars.count > most ? ["is too long"] : []
        case ("minItems", .integer(let least), .array(let values)): return values.count < least ? ["too few"] : []
        case ("maxItems", .integer(let most), .array(let values)): return values.count > most ? ["too many"] : []
        case ("pattern", .string(let pattern), .string(let text)):
            return text.range(of: pattern, options: .regularExpression) == nil ? ["does not match"] : []
        case ("format", .string("date-time"), .string(let text)):
            return text.hasSuffix("Z") && text.contains("T") ? [] : ["is no instant"]
        case ("format", .string("uuid"), .string(let text)): return UUID(uuidString: text) == nil ? ["is no UUID"] : []
        case ("format", .string("int64"), _), ("description", _, _), ("examples", _, _), ("x-extensible-enum", _, _):
            return []
        case ("required", _, _), ("properties", _, _), ("additionalProperties", _, _), ("items", _, _),
            ("minimum", _, _), ("maximum", _, _), ("minLength", _, _), ("maxLength", _, _), ("minItems", _, _),
            ("maxItems", _, _), ("pattern", _, _), ("format", .string("date-time"), _), ("format", .string("uuid"), _):
            // They say nothing of a value of another type.
            return []
        default: return ["\(keyword) is a keyword this check does not know"]
        }
    }

    /// A whole number is a number too.
    private static func isOf(_ type: String, _ value: OrderedJSON) -> Bool {
        let found = Self.type(of: value)
        return found == type || (type == "number" && found == "integer")
    }

    private static func type(of value: OrderedJSON) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
