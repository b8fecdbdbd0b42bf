import Contracts
import RPC

/// Collects everything that is wrong with a request, by field.
struct RequestCheck {
    private(set) var problems: [FieldProblem] = []

    /// A text's length in bytes of UTF-8, and that it says something people can read.
    mutating func text(_ field: String, _ text: String?, _ bytes: ClosedRange<Int>) {
        guard let text else { return }
        if !bytes.contains(text.utf8.count) {
            add(field, "has \(text.utf8.count) bytes", accepted: "\(bytes.lowerBound) to \(bytes.upperBound) bytes")
        } else if text.unicodeScalars.contains(where: { $0.value == 0 }) {
            add(field, "holds the character U+0000", accepted: "a text without it")
        } else if bytes.lowerBound > 0, text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
            add(field, "is blank", accepted: "a text")
        }
    }

    mutating func number(_ field: String, _ value: Int?, _ range: ClosedRange<Int>) {
        guard let value, !range.contains(value) else { return }
        add(field, "is \(value)", accepted: "\(range.lowerBound) to \(range.upperBound)")
    }

    mutating func count(_ field: String, _ count: Int?, _ range: ClosedRange<Int>) {
        guard let count, !range.contains(count) else { return }
        add(field, "has \(count) elements", accepted: "\(range.lowerBound) to \(range.upperBound)")
    }

    /// The values that are known; others are problems.
    mutating func known<Value>(_ field: String, _ values: [Open<Value>]?) -> [Value] {
        (values ?? []).compactMap { known(field, $0) }
    }

    mutating func known<Value>(_ field: String, _ value: Open<Value>) -> Value? {
        if let known = value.knownValue { return known }
        add(field, "is \(value.text.prefix(40))", accepted: Open<Value>.accepted)
        return nil
    }

    mutating func add(_ field: String, _ problem: String, accepted: String? = nil) {
        problems.append(FieldProblem(field, problem, accepted: accepted))
    }

    func end() throws(RPCError) {
        guard problems.isEmpty else { throw .invalid(problems) }
    }
}
