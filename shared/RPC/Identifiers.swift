import JSON

/// A name somebody else chose: 1 to 64 characters out of letters, digits and `-_.:`.
///
/// Each kind of identifier is a type of its own, so a location can never stand where a merchant belongs. Decoding one
/// that breaks the rule fails and names the field.
package protocol Identifier: Codable, Hashable, Sendable, CustomStringConvertible, RawRepresentable
where RawValue == String {
    init(unchecked rawValue: String)
}

extension Identifier {
    package init?(rawValue: String) {
        guard isWellFormedIdentifier(rawValue) else { return nil }
        self.init(unchecked: rawValue)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identifier = Self(rawValue: text) else {
            throw Unacceptable("1 to 64 characters out of letters, digits and -_.:").at(container.codingPath)
        }
        self = identifier
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    package var description: String { rawValue }
}

/// The rule of ``Identifier``, as a regular expression (ECMA 262).
package let identifierPattern = "^[A-Za-z0-9_.:-]{1,64}$"

private func isWellFormedIdentifier(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
}

/// The restaurant company.
///
/// It stands in every contract, every key and every `WHERE`.
package struct MerchantID: Identifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// One restaurant of a merchant, with one register (or several behind one endpoint, rule K6).
package struct LocationID: Identifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}
