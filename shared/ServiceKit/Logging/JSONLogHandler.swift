package import Logging
import Foundation

/// Writes each log line as one JSON object to standard output.
///
/// swift-log's own handler writes text for people; a platform team greps fields. The message is a constant, facts stand
/// in fields beside it.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?
    private let service: String
    private let write: @Sendable (String) -> Void

    package init(service: String, level: Logger.Level) {
        self.init(service: service, level: level, write: StandardOutput.write)
    }

    init(service: String, level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
        self.service = service
        self.write = write
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { own, _ in own } }
        if let metadata = event.metadata { fields.merge(metadata) { _, own in own } }
        var line = "{"
        Self.append("at", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)), to: &line)
        Self.append("level", event.level.rawValue, to: &line)
        Self.append("service", service, to: &line)
        Self.append("message", event.message.description, to: &line)
        if let error = event.error { Self.append("error", String(reflecting: error), to: &line) }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            // A fact never hides what every line has: of two fields with one name, readers see the last.
            Self.append(Self.ownKeys.contains(key) ? "\(key)_" : key, value.description, to: &line)
        }
        line += "}\n"
        write(line)
    }

    private static let ownKeys: Set = ["at", "level", "service", "message", "error"]

    private static func append(_ key: String, _ value: String, to line: inout String) {
        if line.utf8.count > 1 { line += "," }
        line += "\""
        escape(key, into: &line)
        line += "\":\""
        escape(value, into: &line)
        line += "\""
    }

    private static func escape(_ text: String, into line: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
}

/// One line, one write: lines of different threads never mix.
enum StandardOutput {
    static func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let written = Foundation.write(1, base, rest.count)
                // A full disk or a closed pipe must not take the service down with it.
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
        }
    }
}
