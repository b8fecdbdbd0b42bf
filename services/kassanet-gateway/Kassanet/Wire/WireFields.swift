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

    mutating func note(_ remark: String) {
        if remarks.count < Self.maxRemarks {
            remarks.append(remark)
        }
    }

    func integer(_ key: String, of value: WireValue) throws(WireFieldError) -> Int {
        guard let number = value[key]?.integer else { throw WireFieldError(field: key) }
        return number
    }

    func text(_ key: String, of value: WireValue) throws(WireFieldError) -> String {
        guard let text = value[key]?.text else { throw WireFieldError(field: key) }
        return text
    }

    /// Money in cents; `path` names the place in a remark about rounding.
    mutating func cents(_ key: String, of value: WireValue, at path: String) throws(WireFieldError) -> Int {
        guard let money = value[key]?.money else { throw WireFieldError(field: key) }
        if money.rounded {
            note("\(path).\(key) had more than two decimals and was rounded")
        }
        return money.cents
    }

    /// The entries of a list that can be read, in order; none when the list is absent.
    mutating func entries<Entry>(
        _ list: WireValue?,
        at path: String,
        _ read: (inout WireFields, WireValue, _ path: String) throws(WireFieldError) -> Entry
    ) -> [Entry] {
        guard let list else { return [] }
        guard let elements = list.elements else {
            note("\(path) is no list and was skipped")
            return []
        }
        var entries: [Entry] = []
        entries.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let place = "\(path)[\(index)]"
            do throws(WireFieldError) {
                entries.append(try read(&self, element, place))
            } catch {
                skipped += 1
                note("\(place) was skipped: \(error.field) is missing or malformed")
            }
        }
        return entries
    }
}
