package import Configuration
import Foundation
package import Secrets
import SystemPackage

/// Reads a service's settings, once, and remembers each one it was asked for.
///
/// A service declares a setting where it reads it: key, default, and what it means. From the same declarations come the
/// text under `--help` and the list of everything that is wrong with a set of values, so neither can drift. Nothing is
/// thrown while reading: a wrong value is noted, a stand-in returned, and ``finish()`` throws all notes together.
package final class SettingsReader {
    private let source: Source
    private var declared: [Declaration] = []
    private var problems: [String] = []

    private enum Source {
        case values(ConfigReader)
        /// Collects declarations for `--help`; every setting has its default or its example.
        case none
    }

    /// One setting, as `--help` explains it.
    struct Declaration {
        var name: String
        var explanation: String
        var fallback: String?
        var isSecret: Bool
    }

    /// Reads values from a configuration.
    package init(_ config: ConfigReader) {
        source = .values(config)
    }

    private init() {
        source = .none
    }

    /// The environment, and under it the file that `SETTINGS_FILE` names (`NAME=value` lines), where it is set.
    ///
    /// A variable that is set to nothing counts as not set: compose files pass those on.
    package static func fromEnvironment(
        _ variables: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> SettingsReader {
        let environment = EnvironmentVariablesProvider(environmentVariables: variables.filter { !$0.value.isEmpty })
        var providers: [any ConfigProvider] = [environment]
        if let path = ConfigReader(provider: environment).string(forKey: "settings.file") {
            do {
                providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(path)))
            } catch {
                throw SettingsError(problems: ["SETTINGS_FILE names \(path), which cannot be read."])
            }
        }
        return SettingsReader(ConfigReader(providers: providers))
    }

    /// The text under `--help` for the settings that `read` declares.
    package static func explanation(of read: (SettingsReader) -> Void) -> String {
        let reader = SettingsReader()
        read(reader)
        let lines = reader.declared.map { setting in
            let note = setting.fallback.map { "default: \($0)" } ?? "required"
            return "  \(setting.name)  (\(note)\(setting.isSecret ? ", secret" : ""))\n      \(setting.explanation)"
        }
        return """
            Settings come from the environment, and from the file that SETTINGS_FILE names (NAME=value lines). A secret
            may stand in a file of its own instead: NAME_FILE=/run/secrets/name.

            \(lines.joined(separator: "\n"))
            """
    }

    /// Throws every problem found so far.
    package func finish() throws(SettingsError) {
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
    }

    // MARK: - Kinds of settings

    package func text(_ key: String, default fallback: String, _ explanation: String) -> String {
        parsed(key, default: fallback, explanation) { $0 }
    }

    package func integer(
        _ key: String,
        default fallback: Int,
        in range: ClosedRange<Int>,
        _ explanation: String
    ) -> Int {
        parsed(key, default: String(fallback), explanation) { text throws(Unacceptable) in
            guard let value = Int(text), range.contains(value) else {
                throw Unacceptable("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        } ?? fallback
    }

    package func flag(_ key: String, default fallback: Bool, _ explanation: String) -> Bool {
        parsed(key, default: String(fallback), explanation) { text throws(Unacceptable) in
            switch text.lowercased() {
            case "true", "yes", "1", "on": true
            case "false", "no", "0", "off": false
            default: throw Unacceptable("true or false")
            }
        } ?? fallback
    }

    /// A length of time, written as `500ms`, `15s` or `5m`.
    package func duration(_ key: String, default fallback: Duration, _ explanation: String) -> Duration {
        parsed(key, default: fallback.settingText, explanation) { text throws(Unacceptable) in
            guard let value = Duration(settingText: text) else { throw Unacceptable("a time such as 500ms, 15s or 5m") }
            return value
        } ?? fallback
    }

    /// A secret without a default.
    ///
    /// `NAME_FILE` may name a file that holds it.
    package func secret(_ key: String, _ explanation: String) -> Secret {
        Secret(
            value(of: Declaration(name: Self.name(key), explanation: explanation, fallback: nil, isSecret: true), key)
                ?? ""
        )
    }

    /// A secret that the service can do without.
    package func optionalSecret(_ key: String, _ explanation: String) -> Secret? {
        let declaration = Declaration(
            name: Self.name(key),
            explanation: explanation,
            fallback: "none",
            isSecret: true
        )
        return value(of: declaration, key).flatMap { $0 == "none" ? nil : Secret($0) }
    }

    /// A setting of any type; `parse` throws what would be accepted.
    package func parsed<Value>(
        _ key: String,
        default fallback: String,
        _ explanation: String,
        _ parse: (String) throws(Unacceptable) -> Value
    ) -> Value? {
        let declaration = Declaration(
            name: Self.name(key),
            explanation: explanation,
            fallback: fallback,
            isSecret: false
        )
        guard let text = value(of: declaration, key) else { return nil }
        do {
            return try parse(text)
        } catch {
            problems.append("\(declaration.name) is \"\(text)\"; it takes \(error.accepted).")
            return nil
        }
    }

    /// Notes a problem that no single value shows, such as two settings that contradict each other.
    package func refuse(_ problem: String) {
        problems.append(problem)
    }

    private func parsed(
        _ key: String,
        default fallback: String,
        _ explanation: String,
        _ parse: (String) -> String
    ) -> String {
        value(of: Declaration(name: Self.name(key), explanation: explanation, fallback: fallback, isSecret: false), key)
            ?? fallback
    }

    private func value(of declaration: Declaration, _ key: String) -> String? {
        declared.append(declaration)
        guard case .values(let config) = source else { return declaration.fallback }
        if let text = config.string(forKey: ConfigKey(key), isSecret: declaration.isSecret), !text.isEmpty {
            return text
        }
        if declaration.isSecret, let path = config.string(forKey: ConfigKey(key + ".file")) {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                problems.append("\(declaration.name)_FILE names \(path), which cannot be read.")
                return nil
            }
            let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if secret.isEmpty { problems.append("\(declaration.name)_FILE names \(path), which is empty.") }
            return secret
        }
        if declaration.fallback == nil { problems.append("\(declaration.name) is not set. \(declaration.explanation)") }
        return declaration.fallback
    }

    private static func name(_ key: String) -> String {
        key.replacingOccurrences(of: ".", with: "_").uppercased()
    }
}

/// What a setting would have taken, thrown by its parser.
package struct Unacceptable: Error {
    let accepted: String

    package init(_ accepted: String) {
        self.accepted = accepted
    }
}

/// Everything that is wrong with a service's settings.
package struct SettingsError: Error, CustomStringConvertible {
    package let problems: [String]

    package var description: String {
        "The settings cannot be used:\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
            + "\nRun with --help to see every setting."
    }
}

extension Duration {
    /// Reads `500ms`, `15s`, `5m` or `2h`.
    package init?(settingText: String) {
        let units: [(String, (Int64) -> Duration)] = [
            ("ms", { .milliseconds($0) }), ("s", { .seconds($0) }), ("m", { .seconds($0 * 60) }),
            ("h", { .seconds($0 * 3600) }),
        ]
        guard settingText.first?.isNumber == true else { return nil }
        for (suffix, make) in units where settingText.hasSuffix(suffix) {
            guard let count = Int64(settingText.dropLast(suffix.count)), (0...1_000_000).contains(count) else {
                continue
            }
            self = make(count)
            return
        }
        return nil
    }

    var settingText: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        // What is written here is read by ``init(settingText:)``, which takes no number above a million.
        if milliseconds >= 86_400_000, milliseconds % 3_600_000 == 0 { return "\(milliseconds / 3_600_000)h" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
