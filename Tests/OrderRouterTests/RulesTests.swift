import Foundation
import Testing

/// `docs/rules.md` names suites and tests that there are, and each suite says the rule it is named for.
@Suite struct RulesTests {
    private struct Row {
        var rule: String
        var shownBy: String
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func rows() throws -> [Row] {
        let page = try String(contentsOf: Self.root.appending(path: "docs/rules.md"), encoding: .utf8)
        return page.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let rule = cells.first, rule.wholeMatch(of: #/[KP]\d+/#) != nil, let last = cells.last else {
                return nil
            }
            return Row(rule: rule, shownBy: last)
        }
    }

    /// The text of all test sources, by the suites that stand in them.
    private func suites() throws -> [String: String] {
        let base = Self.root.appending(path: "Tests")
        var suites: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: base.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
            for match in text.matches(of: #/(?:struct|extension) (\w+Tests)\b/#) {
                suites[String(match.1), default: ""] += text
            }
        }
        return suites
    }

    @Test("Every suite and test that docs/rules.md names is there, and says its rule")
    func named() throws {
        let suites = try suites()
        let all = suites.values.joined()
        let titles = all.matches(of: #/@(?:Test|Suite)\(\s*"([^"]+)"/#).map { match in
            match.1.replacing(#/^Rules? [KPI0-9, ]+: /#, with: "").replacing(
                #/ \((?:rules? )?[KPFIG0-9, ]+\)$/#,
                with: ""
            )
        }
        var count = 0
        for row in try rows() {
            for match in row.shownBy.matches(of: #/`(\w+Tests)(?:\.(\w+))?`/#) {
                count += 1
                let text = suites[String(match.1)] ?? ""
                #expect(text.contains(row.rule), "\(row.rule): \(match.1) does not say it, or is not there")
                if let test = match.2 { #expect(text.contains("func \(test)("), "\(row.rule): no \(match.1).\(test)") }
            }
            for match in row.shownBy.matches(of: #/"([^"]+)"/#) {
                count += 1
                let isThere =
                    match.1.hasSuffix("…")
                    ? titles.contains { $0.hasPrefix(match.1.dropLast().trimmingCharacters(in: .whitespaces)) }
                    : titles.contains { $0 == match.1 }
                #expect(isThere, "\(row.rule): no test is called \(match.1)")
            }
        }
        #expect(count > 100)
    }
}
