import Contracts

/// What is kept of a request and its answer: JSON text of bounded length without guest data.
enum AttemptText {
    /// The most bytes that are kept of either.
    static let maxBytes = 4096

    /// The text of a value, or its beginning in an object that says so: `{"truncated":"…"}`.
    ///
    /// Every text in it is cleaned of the guest's name, phone and mail.
    static func text(of value: WireValue, without guest: Guest?) -> String {
        let bytes = WireWriter.bytes(of: value.cleaned(of: guest?.words ?? []))
        guard bytes.count > maxBytes else { return String(decoding: bytes, as: UTF8.self) }
        // Escaping at most doubles a text that is ASCII already.
        let beginning = String(decoding: bytes.prefix(maxBytes / 2 - 32), as: UTF8.self)
        return String(decoding: WireWriter.bytes(of: .members(("truncated", .string(beginning)))), as: UTF8.self)
    }
}

extension Guest {
    /// What must not be kept, the longest first so that nothing of it is left over.
    var words: [String] {
        [phone, email, name].compactMap(\.self).filter { $0.count > 2 }.sorted { $0.count > $1.count }
    }
}

extension String {
    func cleaned(of words: [String]) -> String { words.reduce(self) { $0.replacing($1, with: "***") } }
}

extension WireValue {
    fileprivate func cleaned(of words: [String]) -> WireValue {
        guard !words.isEmpty else { return self }
        switch self {
        case .null, .bool, .number: return self
        case .string(let text): return .string(text.cleaned(of: words))
        case .array(let elements): return .array(elements.map { $0.cleaned(of: words) })
        case .object(let members):
            return .object(members.map { Member($0.key.cleaned(of: words), $0.value.cleaned(of: words)) })
        }
    }
}
