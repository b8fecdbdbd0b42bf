import Foundation

/// Any JSON as a value, all of which is read.
indirect enum AnyValue: Hashable, Codable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case array([AnyValue])
    case object([String: AnyValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let members = try? decoder.container(keyedBy: Name.self) {
            var object: [String: AnyValue] = [:]
            for name in members.allKeys { object[name.stringValue] = try members.decode(AnyValue.self, forKey: name) }
            self = .object(object)
        } else {
            var elements = try decoder.unkeyedContainer()
            var array: [AnyValue] = []
            while !elements.isAtEnd { array.append(try elements.decode(AnyValue.self)) }
            self = .array(array)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension AnyValue {
    /// A value with a bit of everything in it.
    static func random(using generator: inout SeededGenerator, depth: Int = 4) -> AnyValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .integer(.random(in: -1000...1000, using: &generator))
        case 3: .integer(.random(in: .min ... .max, using: &generator))
        case 4: .number(Double.random(in: -1e6...1e6, using: &generator).rounded(.down) + 0.25)
        case 5, 6: .text(randomText(using: &generator))
        case 7:
            .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                    random(using: &generator, depth: depth - 1)
                }
            )
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                        (randomText(using: &generator), random(using: &generator, depth: depth - 1))
                    },
                    uniquingKeysWith: { first, _ in first }
                )
            )
        }
    }

    private static func randomText(using generator: inout SeededGenerator) -> String {
        let alphabet = Array("abcdefgh\"\\/\n\t\u{1}\u{7F} éß€漢😀{}[]:,0")
        return String(
            (0..<Int.random(in: 0..<24, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "a"
            }
        )
    }
}
