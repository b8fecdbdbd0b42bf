import Foundation

/// A JSON text as a value, so that two are compared by what they say.
indirect enum JSON: Hashable, Codable, Sendable {
    case null
    case bool(Bool)
    case number(Int)
    case text(String)
    case array([JSON])
    case object([String: JSON])

    init(_ data: Data) throws {
        self = try JSONDecoder().decode(JSON.self, from: data)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    func data() throws -> Data { try JSONEncoder().encode(self) }

    /// This object, with each of its own members left out once.
    func withoutEachMember() -> [(name: String, rest: JSON)] {
        guard case .object(let members) = self else { return [] }
        return members.keys.sorted().map { name in (name, .object(members.filter { $0.key != name })) }
    }

    /// The same with a member in every object that nobody knows, but for those whose keys are names.
    func withUnknownMembers(keysAreNames: Bool = false) -> JSON {
        switch self {
        case .array(let elements):
            return .array(elements.map { $0.withUnknownMembers() })
        case .object(let members):
            var members = Dictionary(
                uniqueKeysWithValues: members.map {
                    ($0.key, $0.value.withUnknownMembers(keysAreNames: Self.namesAreKeys.contains($0.key)))
                }
            )
            if !keysAreNames { members["addedLater"] = .object(["x": .array([.null, .number(1)])]) }
            return .object(members)
        default:
            return self
        }
    }

    /// Members whose own members are named by data.
    private static let namesAreKeys: Set<String> = ["externalData", "externalIds"]

    var hasNull: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.contains(where: \.hasNull)
        case .object(let members): members.values.contains(where: \.hasNull)
        default: false
        }
    }
}
