import Foundation
import Logging
import Synchronization

/// Every line that was logged, with its metadata, at whatever level.
final class CapturedLogs: Sendable {
    private let taken = Mutex<[String]>([])

    var lines: [String] { taken.withLock { $0 } }

    /// A logger that writes here and nowhere else.
    var logger: Logger {
        Logger(label: "test") { _ in Handler(logs: self) }
    }

    private struct Handler: LogHandler {
        let logs: CapturedLogs
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let error = event.error.map { String(reflecting: $0) } ?? ""
            logs.taken.withLock { $0.append("\(event.level) \(event.message) \(all) \(error)") }
        }
    }
}
