/// A request as it came in, before anyone judged it.
struct RawRequest: Sendable {
    var method: String
    /// Path and query, untouched.
    var target: String
    var headers: [ReceivedHeader]
    var body: [UInt8]

    var path: String {
        String(target.prefix { $0 != "?" })
    }

    /// What follows the question mark; nil when there is none.
    var query: String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        return String(target[target.index(after: mark)...])
    }

    /// The values of a header, whose name is compared without case.
    func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// One header line.
package struct ReceivedHeader: Codable, Sendable, Equatable {
    package var name: String
    package var value: String
}
