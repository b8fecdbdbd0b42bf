import Contracts

extension Bill {
    func has(mark: String) -> Bool {
        text.split(whereSeparator: \.isWhitespace).contains { $0 == mark }
    }

    /// The bill without what staff and other guests have written on it.
    var withoutText: Bill {
        var copy = self
        copy.text = ""
        return copy
    }
}
