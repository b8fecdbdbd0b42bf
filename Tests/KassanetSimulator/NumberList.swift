import ArgumentParser

/// Table numbers on a command line: numbers and ranges between commas, such as `1-40,50`.
struct NumberList: ExpressibleByArgument, Equatable {
    var numbers: [Int]

    init(numbers: [Int]) {
        self.numbers = numbers
    }

    init?(argument: String) {
        numbers = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: true) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2 else { return nil }
            guard first > 0, first <= last, last <= 999_999 else { return nil }
            numbers += first...last
        }
    }

    var defaultValueDescription: String {
        guard let first = numbers.first, let last = numbers.last else { return "none" }
        return "\(first)-\(last)"
    }
}
