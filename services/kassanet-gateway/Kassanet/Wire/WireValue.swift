/// JSON as it stands on the Kassanet wire.
///
/// Hand-made, because two things about it matter and Foundation's coders give neither: a number stays the text it was,
/// so that money never passes through a binary float, and an object keeps its order. ``WireReader`` reads it within
/// bounds, ``WireWriter`` writes it in ASCII.
enum WireValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number in the spelling of the wire.
    case number(String)
    case string(String)
    case array([WireValue])
    case object([Member])

    struct Member: Sendable, Hashable {
        let key: String
        let value: WireValue

        init(_ key: String, _ value: WireValue) {
            self.key = key
            self.value = value
        }
    }

    static func integer(_ number: Int) -> WireValue {
        .number(String(number))
    }

    /// Money as decimal euros, always with two decimals.
    static func cents(_ cents: Int) -> WireValue {
        .number(WireMoney.text(cents: cents))
    }

    /// An object of the members that are there, in this order.
    static func members(_ members: (String, WireValue?)...) -> WireValue {
        .object(members.compactMap { key, value in value.map { Member(key, $0) } })
    }
}

// MARK: - Tolerant reading (kassanet-wire.md, Reading answers)

extension WireValue {
    /// A member of an object, or nil when it is absent or null.
    ///
    /// A key with stray spaces around it counts when no exact one is there; of a repeated key the last one stands.
    subscript(key: String) -> WireValue? {
        guard case .object(let members) = self else { return nil }
        // By their places: a member that is only looked at is not copied.
        let found =
            members.indices.last { members[$0].key == key }
            ?? members.indices.last {
                members[$0].key.utf8.count > key.utf8.count && members[$0].key.trimmingSpaces() == key
            }
        guard let found else { return nil }
        if case .null = members[found].value { return nil }
        return members[found].value
    }

    var elements: [WireValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Text, or a number's spelling.
    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    /// A bool, or the text "true" or "false" in any case.
    var flag: Bool? {
        switch self {
        case .bool(let value): value
        case .string(let text):
            switch text.trimmingSpaces().lowercased() {
            case "true": true
            case "false": false
            default: nil
            }
        default: nil
        }
    }

    /// A whole number, as a number or as text; `2.0` is one, `2.5` is not.
    var integer: Int? {
        guard let text else { return nil }
        if let usual = WireDecimal.hundredths(usual: text) {
            return usual % 100 == 0 ? usual / 100 : nil
        }
        guard let decimal = WireDecimal(text.trimmingSpaces()) else { return nil }
        return decimal.scaled(by: 0).flatMap { $0.rounded ? nil : $0.value }
    }

    /// Money in cents, as a number or as text.
    var money: WireMoney? {
        text.flatMap { WireMoney($0) ?? WireMoney($0.trimmingSpaces()) }
    }
}

extension String {
    func trimmingSpaces() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
