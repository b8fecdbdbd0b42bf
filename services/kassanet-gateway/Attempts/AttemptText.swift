import Contracts

/// What is kept of a request and its answer: JSON text of bounded length without guest data.
enum AttemptText {
    /// The most bytes that are kept of either.
    static let maxBytes = 4096

    /// The text of a value, or its beginning in an object that says so: `{"truncated":"…"}`.
    static func text(of value: WireValue, without words: PrivateWords = .none) -> String {
        let bytes = WireWriter.bytes(of: value.cleaned(of: words))
        guard bytes.count > maxBytes else { return String(decoding: bytes, as: UTF8.self) }
        // Escaping at most doubles a text that is ASCII already.
        let beginning = String(decoding: bytes.prefix(maxBytes / 2 - 32), as: UTF8.self)
        return String(decoding: WireWriter.bytes(of: .members(("truncated", .string(beginning)))), as: UTF8.self)
    }

    /// The text of an answer; what stands on a table there is guests', whoever they are.
    static func answer(_ value: WireValue, without words: PrivateWords) -> String {
        text(of: value.withoutTableText, without: words)
    }
}

/// What of a guest must not be kept.
struct PrivateWords: Sendable, Equatable {
    /// Masked wherever they stand, the longest first so that nothing of it is left over.
    let phrases: [String]
    /// Single names in lower case, masked where they stand as words of their own.
    let names: Set<String>

    static let none = PrivateWords(phrases: [], names: [])

    init(phrases: [String], names: Set<String>) {
        self.phrases = phrases.filter { $0.count > 2 }.sorted { $0.count > $1.count }
        self.names = names.filter { $0.count > 2 }
    }
}

extension PosOrder {
    /// The guest's phone, mail and name, also in parts, and every note: guests write freely.
    var privateWords: PrivateWords {
        let known = [guest?.phone, guest?.email, guest?.name].compactMap(\.self)
        let names = (guest?.name ?? "").lowercased().split { !$0.isLetter }.map(String.init)
        return PrivateWords(phrases: known + notes, names: Set(names))
    }

    /// All that the guest wrote, on the order and on its items.
    var notes: [String] {
        func notes(_ items: [OrderItem]) -> [String] {
            items.flatMap { [$0.note].compactMap(\.self) + notes($0.modifiers ?? []) }
        }
        return ([note].compactMap(\.self) + notes(items)).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }
}

extension String {
    func cleaned(of words: PrivateWords) -> String {
        let text = masking(words.phrases)
        guard !words.names.isEmpty else { return text }
        var cleaned = ""
        var rest = text[...]
        while !rest.isEmpty {
            let word = rest.prefix { $0.isLetter }
            cleaned += words.names.contains(word.lowercased()) ? "***" : String(word)
            rest = rest[word.endIndex...]
            let between = rest.prefix { !$0.isLetter }
            cleaned += between
            rest = rest[between.endIndex...]
        }
        return cleaned
    }

    func masking(_ phrases: [String]) -> String { phrases.reduce(self) { $0.replacing($1, with: "***") } }
}

extension WireValue {
    fileprivate func cleaned(of words: PrivateWords) -> WireValue {
        guard words != .none else { return self }
        switch self {
        case .null, .bool, .number: return self
        case .string(let text): return .string(text.cleaned(of: words))
        case .array(let elements): return .array(elements.map { $0.cleaned(of: words) })
        case .object(let members):
            return .object(members.map { Member($0.key.cleaned(of: words), $0.value.cleaned(of: words)) })
        }
    }

    fileprivate var withoutTableText: WireValue {
        switch self {
        case .null, .bool, .number, .string: return self
        case .array(let elements): return .array(elements.map(\.withoutTableText))
        case .object(let members):
            return .object(
                members.map {
                    let isText = $0.key.filter { !$0.isWhitespace }.lowercased() == "tabletext"
                    return Member($0.key, isText ? .string("***") : $0.value.withoutTableText)
                }
            )
        }
    }
}
