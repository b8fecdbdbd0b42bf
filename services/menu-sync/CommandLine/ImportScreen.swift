import Contracts
import Foundation
import RPC
import Synchronization

/// Shows an import: a bar that moves on a terminal, and a line for each change of stage elsewhere.
final class ImportScreen: Sendable {
    private let isTerminal: Bool
    private let shown = Mutex("")

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// A line that stays.
    func line(_ text: String) {
        finish()
        print(text)
        fflush(nil)
    }

    /// How far the import is.
    func show(_ sync: SyncView) {
        guard let stage = Self.current(sync.stages) else { return }
        if isTerminal {
            print("\r\u{1B}[2K\(Self.bar(stage))", terminator: "")
            shown.withLock { $0 = "bar" }
        } else {
            let text = Self.plain(stage)
            guard shown.withLock({ $0.exchange(text) }) else { return }
            print(text)
        }
        fflush(nil)
    }

    /// Ends the bar, so that lines can follow.
    func finish() {
        guard isTerminal, shown.withLock({ $0.exchange("") }) else { return }
        print("")
    }

    /// The stage that runs, or the last one that did.
    static func current(_ stages: [StageView]) -> StageView? {
        stages.first { $0.state == .known(.running) } ?? stages.first { $0.nextAttemptAt != nil }
            ?? stages.last { $0.attempt > 0 }
    }

    /// Such as `products       [##########··········]  2100/4200  830/s`.
    static func bar(_ stage: StageView) -> String {
        let width = 20
        let filled =
            stage.state == .known(.done)
            ? width : stage.total.map { $0 > 0 ? min(width, stage.done * width / $0) : 0 } ?? 0
        let name = stage.stage.text.replacing("_", with: " ")
        var text = name + String(repeating: " ", count: max(1, 15 - name.count))
        text += "[\(String(repeating: "#", count: filled))\(String(repeating: "·", count: width - filled))]"
        text += "  \(stage.done)\(stage.total.map { "/\($0)" } ?? "")"
        if let rate = stage.ratePerSecond, rate >= 1 { text += "  \(Int(rate))/s" }
        if stage.attempt > 1 { text += "  attempt \(stage.attempt)" }
        if let problem = stage.problem, stage.state != .known(.done) { text += "  \(problem)" }
        return text
    }

    /// The same without what moves.
    static func plain(_ stage: StageView) -> String {
        var text = "\(stage.stage.text): \(stage.state.text)"
        if stage.attempt > 1 { text += ", attempt \(stage.attempt)" }
        if stage.state == .known(.done) { text += ", \(stage.done)" }
        if let problem = stage.problem, stage.state != .known(.done) { text += ": \(problem)" }
        return text
    }
}

extension String {
    /// Puts another text in its place; false where it is the same.
    fileprivate mutating func exchange(_ other: String) -> Bool {
        guard self != other else { return false }
        self = other
        return true
    }
}
