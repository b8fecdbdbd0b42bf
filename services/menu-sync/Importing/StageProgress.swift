import Contracts
import Foundation

/// How far the running stage is, written down a few times a second at most.
struct StageProgress {
    private let record: ImportRecord
    private let store: SyncStore
    private let watch: SyncWatch
    private let start = ContinuousClock.now
    private var written = ContinuousClock.now

    init(_ record: ImportRecord, _ store: SyncStore, _ watch: SyncWatch) {
        self.record = record
        self.store = store
        self.watch = watch
    }

    /// So many are through; throws ``ImportLost`` where the import is another's by now.
    mutating func reached(_ done: Int, of total: Int? = nil) async throws {
        guard written.duration(to: .now) >= store.timing.progress else { return }
        written = .now
        var noted = record
        noted.change(record.step.stage) { note(done, of: total, in: &$0) }
        try await store.note(noted)
        watch.noticed(record.id)
    }

    /// Puts the same into a stage as it is shown.
    func note(_ done: Int, of total: Int?, in stage: inout StageView) {
        let elapsed = start.duration(to: .now)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        stage.done = done
        stage.total = total ?? stage.total
        stage.ratePerSecond = seconds > 0 ? (Double(done) / seconds * 10).rounded() / 10 : nil
    }
}
