/// An enum on the wire that may gain cases later: a value nobody here knows yet is kept as text and survives.
package enum Open<Known: RawRepresentable & Hashable & Sendable & CaseIterable>: Codable, Hashable, Sendable
where Known.RawValue == String {
    case known(Known)
    /// A value from a newer version of the contract.
    case unrecognized(String)

    package init(_ known: Known) { self = .known(known) }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = Known(rawValue: text).map(Self.known) ?? .unrecognized(text)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var text: String {
        switch self {
        case .known(let value): value.rawValue
        case .unrecognized(let text): text
        }
    }

    package var knownValue: Known? {
        if case .known(let value) = self { value } else { nil }
    }

    /// The values this version takes, for an error message.
    package static var accepted: String { Known.allCases.map(\.rawValue).joined(separator: ", ") }
}
