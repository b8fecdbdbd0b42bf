/// A member that is missing or of the wrong kind; it names the field and not its content.
struct WireFieldError: Error, Sendable, Equatable {
    let field: String
}

/// Reads fields and lists of an answer and notes what had to be skipped or rounded.
///
/// A malformed entry of a list is left out and noted; it never fails the rest (kassanet-wire.md, Reading answers).
struct WireFields {
    /// At most ``maxRemarks``, so that a broken catalogue does not flood the log.
    private(set) var remarks: [String] = []
    static let maxRemarks = 200
    /// How many entries of lists could not be read and were left out.
    private(set) var skipped = 0

    /// Which member, or which entry of a list, is being read, from the outermost in.
    ///
    /// It is put into words only when something is to be said about it.
    private var place: [Step] = []

    private struct Step {
        let name: String
        var index: Int?
    }

    private mutating func note(_ member: String? = nil, _ remark: String) {
        guard remarks.count < Self.maxRemarks else { return }
        let steps = place.map { step in step.index.map { "\(step.name)[\($0)]" } ?? step.name }
        remarks.append("\((steps + [member].compactMap(\.self)).joined(separator: ".")) \(remark)")
    }

    func integer(_ key: String, of value: WireValue) throws(WireFieldError) -> Int {
        guard let number = value[key]?.integer else { throw WireFieldError(field: key) }
        return number
    }

    func text(_ key: String, of value: WireValue) throws(WireFieldError) -> String {
        guard let text = value[key]?.text else { throw WireFieldError(field: key) }
        return text
    }

    /// Money in cents.
    mutating func cents(_ key: String, of value: WireValue) throws(WireFieldError) -> Int {
        guard let money = value[key]?.money else { throw WireFieldError(field: key) }
        if money.rounded { note(key, "had more than two decimals and was rounded") }
        return money.cents
    }

    /// Reads what stands in a member.
    mutating func within<Value>(
        _ name: String,
        _ read: (inout WireFields) throws(WireFieldError) -> Value
    ) throws(WireFieldError) -> Value {
        place.append(Step(name: name))
        defer { place.removeLast() }
        return try read(&self)
    }

    /// The entries of a list that can be read, in order; none when the list is absent.
    mutating func entries<Entry>(
        _ list: WireValue?,
        at name: String,
        _ read: (inout WireFields, WireValue) throws(WireFieldError) -> Entry
    ) -> [Entry] {
        guard let list else { return [] }
        guard let elements = list.elements else {
            note(name, "is no list and was skipped")
            return []
        }
        guard !elements.isEmpty else { return [] }
        place.append(Step(name: name))
        defer { place.removeLast() }
        var entries: [Entry] = []
        entries.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            place[place.count - 1].index = index
            do throws(WireFieldError) {
                entries.append(try read(&self, element))
            } catch {
                skipped += 1
                note(nil, "was skipped: \(error.field) is missing or malformed")
            }
        }
        return entries
    }
}
