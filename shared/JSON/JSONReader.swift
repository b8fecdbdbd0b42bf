package import Foundation

/// Reads values out of JSON, as Foundation's `JSONDecoder` does, in a fraction of its time.
///
/// The text is read once, from end to end: what is no JSON, or too much of it, is refused before anything is built, also
/// in fields nobody asks for. Unknown members are ignored; of members with the same name the first counts. A number
/// goes into an integer when it is whole and fits, however it is written, and never by way of a binary fraction.
package struct JSONReader: Sendable {
    private let limits: JSONLimits
    private let instants: JSONInstants

    package init(limits: JSONLimits, instants: JSONInstants) {
        self.limits = limits
        self.instants = instants
    }

    /// The one value that the text consists of.
    ///
    /// Throws `JSONRefusal` where the text is none, `DecodingError` with the field where the value is another.
    package func read<Value: Decodable>(_ type: Value.Type, from text: some ContiguousBytes) throws -> Value {
        let document = try text.withUnsafeBytes { bytes throws in
            try JSONDocument(bytes, limits: limits, instants: instants)
        }
        return try withExtendedLifetime(document) { try document.decode(type, at: JSONDocument.root) }
    }
}
