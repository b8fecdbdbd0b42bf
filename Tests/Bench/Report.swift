import Foundation

/// One figure beside its reference (reliability.md, Goal table).
struct Finding: Sendable {
    /// Whether more of the ratio is better, or less.
    enum Better: Sendable { case higher, lower }

    var goal: String
    var what: String
    var ours: String
    var reference: String
    var ratio: Double
    var bar: Double
    var target: Double
    var better: Better

    var meetsBar: Bool { better == .higher ? ratio >= bar : ratio <= bar }
    var meetsTarget: Bool { better == .higher ? ratio >= target : ratio <= target }

    var row: String {
        let verdict = meetsTarget ? "goal" : meetsBar ? "bar" : "**missed**"
        return
            "| \(goal) | \(what) | \(ours) | \(reference) | \(ratio.short) | \(bar.short) | \(target.short) | \(verdict) |"
    }

    static let header = """
        | goal | what | ours | reference | ratio | bar | target | reached |
        |---|---|---|---|---|---|---|---|
        """
}

/// Ours and the reference in turns, so that what the machine does meanwhile meets both.
struct Pairs {
    var ours: [Double] = []
    var reference: [Double] = []

    mutating func add(ours: Double, reference: Double) {
        self.ours.append(ours)
        self.reference.append(reference)
    }

    /// The median of the ratios of each pair.
    var ratio: Double { zip(ours, reference).map { $0 / max($1, .leastNormalMagnitude) }.median }
}

extension [Double] {
    var median: Double { percentile(50) }

    func percentile(_ percent: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * percent / 100))]
    }
}

extension Double {
    var short: String { self >= 100 ? String(format: "%.0f", self) : String(format: "%.2f", self) }
}
