/// Why a body has not the shape that the wire page gives it.
struct WrongShape: Error, Equatable {
    let detail: String
}

/// Reads one object by the letter: each field of the right type, none missing, none that nobody knows.
struct ShapeReader {
    private let members: [WireValue.Member]
    private let place: String

    /// Opens an object whose fields are all among `known`.
    init(_ value: WireValue, _ place: String, known: Set<String>) throws(WrongShape) {
        guard case .object(let members) = value else { throw WrongShape(detail: "\(place) is no object") }
        if let stranger = members.first(where: { !known.contains($0.name) }) {
            throw WrongShape(detail: "\(place).\(stranger.name) is a field nobody knows")
        }
        self.members = members
        self.place = place
    }

    private func value(_ name: String) -> WireValue? { members.first { $0.name == name }?.value }

    private func wrong(_ name: String, _ wanted: String) -> WrongShape {
        WrongShape(detail: "\(place).\(name) is not \(wanted)")
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(WrongShape) -> Int {
        guard let number = value(name)?.integer, range.contains(number) else {
            throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func text(_ name: String) throws(WrongShape) -> String {
        guard let text = value(name)?.text else { throw wrong(name, "a text") }
        return text
    }

    func optionalText(_ name: String) throws(WrongShape) -> String? {
        value(name) == nil ? nil : try text(name)
    }

    func cents(_ name: String) throws(WrongShape) -> Int {
        guard case .number(let text) = value(name), let cents = Money.cents(text) else {
            throw wrong(name, "an amount with at most two decimals")
        }
        return cents
    }

    func optionalCents(_ name: String) throws(WrongShape) -> Int? {
        value(name) == nil ? nil : try cents(name)
    }

    func array(_ name: String) throws(WrongShape) -> [WireValue] {
        guard case .array(let elements) = value(name) else { throw wrong(name, "an array") }
        return elements
    }

    func optionalArray(_ name: String) throws(WrongShape) -> [WireValue] {
        value(name) == nil ? [] : try array(name)
    }
}
