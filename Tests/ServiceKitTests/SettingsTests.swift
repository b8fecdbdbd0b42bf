import Foundation
import Logging
import RPC
import Secrets
import Testing

@testable import ServiceKit

/// Where settings come from, and what is said where they are wrong.
struct SettingsTests {
    private struct Settings: Sendable {
        var name: String
        var workers: Int
        var pause: Duration
        var isOn: Bool
        var peers: [String: String]
        var key: Secret
        var extra: Secret?

        init(_ settings: SettingsReader) {
            name = settings.text("guest.name", default: "nobody", "Who it is.")
            workers = settings.integer("worker.count", default: 4, in: 1...16, "How many work.")
            pause = settings.duration("pause", default: .milliseconds(1500), "How long it rests.")
            isOn = settings.flag("is.on", default: false, "Whether it runs.")
            peers = settings.addresses("peers", default: "a=http://a:1", "Who else there is.")
            key = settings.secret("api.key", "What opens the door.")
            extra = settings.optionalSecret("extra.key", "What opens the other door.")
        }
    }

    private func read(_ variables: [String: String]) async throws -> Settings {
        let reader = try await SettingsReader.fromEnvironment(variables)
        let settings = Settings(reader)
        try reader.finish()
        return settings
    }

    private func problems(_ variables: [String: String]) async throws -> [String] {
        do {
            _ = try await read(variables)
            return []
        } catch let error as SettingsError {
            return error.problems
        }
    }

    /// Runs the body with a file of this text.
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "upvendo-settings-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await body(file.path)
    }

    @Test func whatIsNotSetHasItsDefault() async throws {
        let settings = try await read(["API_KEY": "hunter2"])
        #expect(settings.name == "nobody")
        #expect(settings.workers == 4)
        #expect(settings.pause == .milliseconds(1500))
        #expect(!settings.isOn)
        #expect(settings.peers == ["a": "http://a:1"])
        #expect(settings.key == Secret("hunter2"))
        #expect(settings.extra == nil)
    }

    @Test func theEnvironmentSetsThem() async throws {
        let settings = try await read([
            "GUEST_NAME": "ann", "WORKER_COUNT": "16", "PAUSE": "5m", "IS_ON": "YES",
            "PEERS": "b=https://b, c=http://c:2/", "API_KEY": "hunter2", "EXTRA_KEY": "hunter3",
        ])
        #expect(settings.name == "ann")
        #expect(settings.workers == 16)
        #expect(settings.pause == .seconds(300))
        #expect(settings.isOn)
        #expect(settings.peers == ["b": "https://b", "c": "http://c:2"])
        #expect(settings.extra == Secret("hunter3"))
    }

    @Test func anEmptyVariableIsNotSet() async throws {
        let settings = try await read(["GUEST_NAME": "", "WORKER_COUNT": "", "EXTRA_KEY": "", "API_KEY": "hunter2"])
        #expect(settings.name == "nobody")
        #expect(settings.workers == 4)
        #expect(settings.extra == nil)
    }

    @Test func theFileStandsUnderTheEnvironment() async throws {
        try await withFile("GUEST_NAME=file\nWORKER_COUNT=2\nAPI_KEY=hunter2\n") { path in
            let settings = try await read(["SETTINGS_FILE": path, "WORKER_COUNT": "3"])
            #expect(settings.name == "file")
            #expect(settings.workers == 3)
            #expect(settings.key == Secret("hunter2"))
        }
    }

    @Test func anEmptyVariableDoesNotHideTheFile() async throws {
        try await withFile("GUEST_NAME=file\n") { path in
            let settings = try await read(["SETTINGS_FILE": path, "GUEST_NAME": "", "API_KEY": "k"])
            #expect(settings.name == "file")
        }
    }

    @Test func aSettingsFileThatIsNotThereIsNamed() async throws {
        #expect(try await problems(["SETTINGS_FILE": "/nowhere/at-all"]).first?.contains("/nowhere/at-all") == true)
    }

    @Test func aSecretMayStandInAFileOfItsOwn() async throws {
        try await withFile("hunter2\n") { path in
            let settings = try await read(["API_KEY_FILE": path, "EXTRA_KEY_FILE": path])
            #expect(settings.key == Secret("hunter2"))
            #expect(settings.extra == Secret("hunter2"))
            #expect(try await read(["API_KEY_FILE": path, "API_KEY": "direct"]).key == Secret("direct"))
            // What is not secret is read from no other file.
            #expect(try await read(["GUEST_NAME_FILE": path, "API_KEY": "k"]).name == "nobody")
        }
    }

    @Test func anEmptySecretFileIsAProblem() async throws {
        try await withFile(" \n") { path in
            let found = try await problems(["API_KEY_FILE": path])
            #expect(found == ["API_KEY_FILE names \(path), which is empty."])
        }
    }

    @Test func aSecretFileThatIsNotThereIsNamed() async throws {
        let found = try await problems(["API_KEY_FILE": "/nowhere/key"])
        #expect(found == ["API_KEY_FILE names /nowhere/key, which cannot be read."])
        #expect(try await problems(["API_KEY_FILE": ""]) == ["API_KEY is not set. What opens the door."])
    }

    @Test func allProblemsAreToldTogether() async throws {
        let problems = try await problems([
            "WORKER_COUNT": "17", "PAUSE": "soon", "IS_ON": "maybe", "PEERS": "a=ftp://x", "EXTRA_KEY": "hunter3",
        ])
        #expect(problems.count == 5)
        #expect(problems.first == "WORKER_COUNT is \"17\"; it takes a whole number from 1 to 16.")
        #expect(problems.last == "API_KEY is not set. What opens the door.")
        let text = SettingsError(problems: problems).description
        #expect(problems.allSatisfy(text.contains))
        #expect(!text.contains("hunter3"))
    }

    @Test func theHelpListsEverySettingAndNoSecret() {
        let help = SettingsReader.explanation { reader in
            _ = Settings(reader)
            _ = HTTPSettings(reader, port: 8080)
            _ = LogSettings(reader)
        }
        for line in [
            "GUEST_NAME  (default: nobody)", "WORKER_COUNT  (default: 4)", "PAUSE  (default: 1500ms)",
            "IS_ON  (default: false)", "PEERS  (default: a=http://a:1)", "API_KEY  (required, secret)",
            "EXTRA_KEY  (default: none, secret)", "HTTP_PORT  (default: 8080)", "CALLERS  (required, secret)",
            "LOG_LEVEL  (default: info)", "Who it is.", "What opens the door.", "SETTINGS_FILE",
        ] {
            #expect(help.contains(line))
        }
    }

    @Test func secretsOfTheEnvironmentAreNotInTheHelp() async throws {
        // The help is written from declarations alone: there is no value it could show.
        #expect(!SettingsReader.explanation { _ = Settings($0) }.contains("hunter"))
    }

    @Test(arguments: [
        ("500ms", 500), ("15s", 15_000), ("5m", 300_000), ("2h", 7_200_000), ("0s", 0), ("1000000s", 1_000_000_000),
    ])
    func aLengthOfTimeIsRead(text: String, milliseconds: Int64) {
        #expect(Duration(settingText: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "ms", "-5s", "+5s", "5 s", "1.5s", "5S", "5d", "1000001s", "99999999999999999999s"])
    func anyOtherTextIsNoLengthOfTime(text: String) {
        #expect(Duration(settingText: text) == nil)
    }

    @Test(arguments: [
        Duration.zero, .milliseconds(1), .milliseconds(1500), .seconds(5), .seconds(3600), .seconds(86_400),
        .seconds(90 * 86_400),
    ])
    func aDefaultIsWrittenAsItWouldBeRead(duration: Duration) {
        #expect(Duration(settingText: duration.settingText) == duration)
    }
}

/// The settings that every service has.
struct CommonSettingsTests {
    private func http(_ variables: [String: String]) async throws -> HTTPSettings {
        let reader = try await SettingsReader.fromEnvironment(variables)
        let settings = HTTPSettings(reader, port: 8080)
        try reader.finish()
        return settings
    }

    @Test func callersAreReadAsASecret() async throws {
        let json = #"[{"name":"ops","tokens":["hush-1234567890-a"],"services":["*"],"merchants":["*"]}]"#
        let settings = try await http(["CALLERS": json, "HTTP_PORT": "0"])
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 0)
        #expect(settings.callers.caller(withToken: "hush-1234567890-a")?.name == "ops")
        #expect(!String(reflecting: settings).contains("hush"))
    }

    @Test(arguments: [
        #"[{"name":"ops","tokens":["hush"],"services":["*"],"merchants":["*"]}]"#, #"{"token":"hush-1234567890-a"}"#,
    ])
    func wrongCallersAreRefusedWithoutRepeatingAToken(json: String) async throws {
        let error = await #expect(throws: SettingsError.self) { try await http(["CALLERS": json]) }
        #expect(error?.problems.count == 1)
        #expect(error?.description.contains("CALLERS") == true)
        #expect(error?.description.contains("hush") == false)
    }

    @Test(arguments: ["-1", "65536", "http", "80.0"]) func aPortIsANumberThatThereIs(port: String) async throws {
        let error = await #expect(throws: SettingsError.self) { try await http(["CALLERS": "[]", "HTTP_PORT": port]) }
        #expect(error?.problems == ["HTTP_PORT is \"\(port)\"; it takes a whole number from 0 to 65535."])
    }

    @Test func theLogLevelIsOneOfSeven() async throws {
        let reader = try await SettingsReader.fromEnvironment(["LOG_LEVEL": "loud"])
        #expect(LogSettings(reader).level == .info)
        #expect(throws: SettingsError.self) { try reader.finish() }
        #expect(LogSettings(try await .fromEnvironment(["LOG_LEVEL": "debug"])).level == .debug)
    }
}
