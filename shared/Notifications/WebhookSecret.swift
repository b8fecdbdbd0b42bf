import Crypto
package import Foundation
import Secrets

/// A key that notifications are signed with: `whsec_` and the base64 of 24 to 64 random bytes, as Standard Webhooks has it.
package struct WebhookSecret: Sendable, Hashable {
    private let key: Secret

    /// `nil` where the text is no such key.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = Secret(bytes.base64EncodedString())
    }

    private static let prefix = "whsec_"

    /// The signature of one message by this key: `v1,` and the base64 of an HMAC-SHA256 over `id.timestamp.body`.
    func signature(id: String, timestamp: Int, body: Data) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: Data(base64Encoded: key.reveal()) ?? Data()))
        code.update(data: Data("\(id).\(timestamp).".utf8))
        code.update(data: body)
        return "v1,\(Data(code.finalize()).base64EncodedString())"
    }
}

/// The headers that show a receiver that a notification is ours, by Standard Webhooks (standardwebhooks.com).
package enum WebhookSignature {
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    ///
    /// `id` is the same on every attempt; `date` is when this attempt is made. With several secrets there is a signature
    /// by each, so that a receiver may change its key at any moment of a rotation.
    package static func headers(
        id: String,
        at date: Date,
        body: Data,
        secrets: [WebhookSecret]
    ) -> [(name: String, value: String)] {
        let timestamp = Int(date.timeIntervalSince1970)
        let signatures = secrets.map { $0.signature(id: id, timestamp: timestamp, body: body) }
        return [
            ("webhook-id", id), ("webhook-timestamp", String(timestamp)),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
