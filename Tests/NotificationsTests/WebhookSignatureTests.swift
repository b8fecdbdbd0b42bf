import Foundation
import Testing

@testable import Notifications

/// The signature, against the vectors of Standard Webhooks.
struct WebhookSignatureTests {
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let date = Date(timeIntervalSince1970: 1_614_265_330)
    private static let body = Data(#"{"test": 2432232314}"#.utf8)
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func headers(_ secrets: [String]) throws -> [String: String] {
        let keys = try secrets.map { try #require(WebhookSecret($0)) }
        let list = WebhookSignature.headers(id: Self.id, at: Self.date, body: Self.body, secrets: keys)
        return Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.value) })
    }

    @Test("The vector of the specification is signed as the specification has it")
    func vector() throws {
        #expect(
            try headers([Self.secret]) == [
                "webhook-id": Self.id, "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ]
        )
    }

    @Test("While one secret replaces another, each of them signs")
    func rotation() throws {
        let other = "whsec_\(Data(repeating: 7, count: 32).base64EncodedString())"
        let both = try headers([Self.secret, other])["webhook-signature"]?.split(separator: " ").map(String.init)
        #expect(both?.count == 2)
        #expect(both?.first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(try both?.last == headers([other])["webhook-signature"])
        #expect(both?.first != both?.last)
    }

    @Test("Another id, another second or another body has another signature")
    func everythingIsCovered() throws {
        let key = try #require(WebhookSecret(Self.secret))
        let signatures = [
            key.signature(id: Self.id, timestamp: 1, body: Self.body),
            key.signature(id: Self.id, timestamp: 2, body: Self.body),
            key.signature(id: "other", timestamp: 1, body: Self.body),
            key.signature(id: Self.id, timestamp: 1, body: Self.body + Data(" ".utf8)),
        ]
        #expect(Set(signatures).count == 4)
    }

    @Test(
        "What is no key of 24 to 64 bytes is not taken",
        arguments: [
            "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64", "whsec_c2hvcnQ=",
            "whsec_" + Data(repeating: 1, count: 65).base64EncodedString(),
        ]
    )
    func unusable(text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test("A key shows itself nowhere")
    func neverShown() throws {
        let key = try #require(WebhookSecret(Self.secret))
        let shown =
            "\(key) \(String(reflecting: key)) \(String(describing: Mirror(reflecting: key).children.map(\.value)))"
        #expect(!shown.contains("MfKQ9r8GKYqr"))
    }
}
