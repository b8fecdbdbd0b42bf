import Foundation
import Logging
import Synchronization
import Testing

@testable import ServiceKit

/// What a service writes while it runs.
struct LogTests {
    private struct Leak: Error, CustomStringConvertible {
        var description: String { "bland" }
    }

    private static let nasty = [
        "plain", "", "quote \" and \\ and /", "line\nbreak\r\nand\ttab", "\u{0}\u{1}\u{8}\u{c}\u{1f}\u{7f}\u{85}",
        "\u{2028}\u{2029}\u{feff}", "é ✓ 👩‍👩‍👧 \u{301}", "\"}\n{\"level\":\"error\"", "{\"a\":1}", "\u{301}\u{202e}abc",
    ]

    /// The lines a body logs, each read as the JSON it must be.
    private func logged(level: Logger.Level = .trace, _ body: (Logger) -> Void) throws -> [[String: String]] {
        let lines = LogLines()
        body(Logger(label: "test") { _ in JSONLogHandler(service: "order-router", level: level, write: lines.write) })
        return try lines.all.map { line in
            #expect(line.hasSuffix("}\n"))
            #expect(line.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
            return try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        }
    }

    @Test(arguments: nasty) func everyLineIsJSONWhateverStandsInIt(text: String) throws {
        let lines = try logged { logger in
            var logger = logger
            logger[metadataKey: "own"] = "\(text)"
            logger.info("\(text)", metadata: ["fact": "\(text)", text: "key", "list": ["\(text)"]])
        }
        #expect(lines.count == 1)
        #expect(lines.first?["message"] == text)
        #expect(lines.first?["fact"] == text)
        #expect(lines.first?["own"] == text)
        #expect(lines.first?[text] == "key")
    }

    @Test func aLineSaysWhenHowBadAndWho() throws {
        let line = try #require(try logged { $0.warning("Call failed", metadata: ["code": "internal"]) }.first)
        #expect(line["level"] == "warning")
        #expect(line["service"] == "order-router")
        #expect(line["message"] == "Call failed")
        #expect(line["code"] == "internal")
        #expect(line["at"]?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test func aFactNeverHidesWhatEveryLineHas() throws {
        let line = try #require(
            try logged { $0.error("Real", metadata: ["message": "false", "level": "trace", "at": "noon"]) }.first
        )
        #expect(line["message"] == "Real")
        #expect(line["level"] == "error")
        #expect(line["message_"] == "false")
    }

    @Test func theErrorOfALineIsWrittenToo() throws {
        let line = try #require(try logged { $0.error("It failed", error: Leak()) }.first)
        #expect(line["error"]?.contains("bland") == true)
    }

    @Test func theLastOneToSayAFactIsRight() throws {
        let line = try #require(
            try logged { logger in
                var logger = logger
                logger[metadataKey: "step"] = "one"
                logger.info("x", metadata: ["step": "two"])
            }.first
        )
        #expect(line["step"] == "two")
    }

    @Test func whatIsBelowTheLevelIsNotWritten() throws {
        let lines = try logged(level: .notice) { logger in
            logger.info("no")
            logger.notice("yes")
        }
        #expect(lines.map { $0["message"] } == ["yes"])
    }
}

/// Collects lines instead of writing them.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func write(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}
