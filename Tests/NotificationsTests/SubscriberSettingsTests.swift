import Contracts
import Foundation
import RPC
import Secrets
import ServiceKit
import Testing

@testable import Notifications

/// The setting SUBSCRIBERS and those beside it.
struct SubscriberSettingsTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func entry(
        name: String = "kitchen",
        url: String = "https://kitchen.example/hooks",
        secrets: [String] = [secret],
        events: [String] = ["order.*"],
        merchants: [String] = ["m1"]
    ) throws -> String {
        let entry: [String: Any] = [
            "name": name, "url": url, "secrets": secrets, "events": events, "merchants": merchants,
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: entry), as: UTF8.self)
    }

    private func read(_ variables: [String: String]) async throws -> NotificationSettings {
        let reader = try await SettingsReader.fromEnvironment(variables)
        let settings = NotificationSettings(reader)
        try reader.finish()
        return settings
    }

    private func refusal(_ variables: [String: String]) async throws -> String {
        do {
            _ = try await read(variables)
            return ""
        } catch let error as SettingsError {
            return error.problems.joined(separator: "\n")
        }
    }

    @Test("Without the setting nobody is told, and the schedule is ten attempts within two days")
    func usual() async throws {
        let settings = try await read([:])
        #expect(settings.subscribers.isEmpty)
        #expect(settings.pauses == NotificationSettings.usualPauses)
        #expect(settings.pauses.count == 9)
        #expect(settings.concurrency == 4)
        #expect(settings.timeout == .seconds(10))
        #expect(settings.retention == .seconds(2_592_000))
    }

    @Test("A subscriber is read as it stands there")
    func whole() async throws {
        let text =
            "[\(try entry()), \(try entry(name: "platform", url: "http://p:1", events: ["*"], merchants: ["*"]))]"
        let subscribers = try await read(["SUBSCRIBERS": text]).subscribers
        #expect(subscribers.map(\.name.rawValue) == ["kitchen", "platform"])
        #expect(subscribers[0].url.reveal() == "https://kitchen.example/hooks")
        #expect(subscribers[0].merchants == .only([MerchantID(unchecked: "m1")]))
        #expect(subscribers[1].merchants == .all)
        #expect(subscribers[1].secrets == [WebhookSecret(Self.secret)].compactMap { $0 })
    }

    @Test("What cannot be used is refused in a sentence that names the subscriber and no secret")
    func refusals() async throws {
        let broken: [(String, says: String)] = [
            ("hello \(Self.secret)", "is not a JSON array"),
            (#"[{"name": "x", "secrets": ["\#(Self.secret)"]}]"#, "is not a JSON array"),
            ("[\(try entry(name: "no spaces please"))]", "entry 1 a name"),
            ("[\(try entry()), \(try entry())]", "kitchen twice"),
            ("[\(try entry(url: "ftp://kitchen.example"))]", "kitchen an address"),
            ("[\(try entry(url: "https://user:\(Self.secret)@kitchen.example"))]", "kitchen an address"),
            ("[\(try entry(url: "kitchen.example"))]", "kitchen an address"),
            ("[\(try entry(secrets: []))]", "0 secrets"),
            ("[\(try entry(secrets: [Self.secret, "short"]))]", "a secret that is not whsec_"),
            ("[\(try entry(events: []))]", "no events"),
            ("[\(try entry(events: ["order.chnaged"]))]", "some that do not exist"),
            ("[\(try entry(merchants: []))]", "no merchants"),
            ("[\(try entry(merchants: ["m 1"]))]", "no merchants, or one"),
        ]
        for (text, says) in broken {
            let refusal = try await refusal(["SUBSCRIBERS": text])
            #expect(refusal.hasPrefix("SUBSCRIBERS "), "\(says)")
            #expect(refusal.contains(says), "\(refusal)")
            #expect(!refusal.contains(Self.secret))
        }
    }

    @Test("A schedule, a retention or a time-out that cannot work is refused")
    func schedule() async throws {
        #expect(try await read(["NOTIFICATION_PAUSES": "1s,2m"]).pauses == [.seconds(1), .seconds(120)])
        #expect(try await refusal(["NOTIFICATION_PAUSES": "soon"]).contains("NOTIFICATION_PAUSES is \"soon\""))
        #expect(try await refusal(["NOTIFICATION_PAUSES": ""]) == "")
        #expect(try await refusal(["NOTIFICATION_RETENTION": "24h"]).contains("must be longer than all"))
        #expect(try await refusal(["NOTIFICATION_TIMEOUT": "40s"]).contains("100ms to 25s"))
        #expect(try await refusal(["NOTIFICATION_POLL_INTERVAL": "0ms"]).contains("at least 10ms"))
    }

    @Test("The help names the setting and shows nothing that is set")
    func help() {
        let help = SettingsReader.explanation { _ = NotificationSettings($0) }
        #expect(help.contains("SUBSCRIBERS  (default: none, secret)"))
        #expect(help.contains("NOTIFICATION_PAUSES  (default: 5s,30s,2m,10m,1h,3h,6h,12h,24h)"))
    }
}
