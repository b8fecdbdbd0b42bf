package import Contracts
import Foundation
package import RPC
package import Secrets

/// Somebody who is told of events, as the setting `SUBSCRIBERS` says.
package struct Subscriber: Sendable, Hashable {
    /// Stands in logs, metrics and deliveries.
    package let name: SubscriberName
    /// Where notifications are posted.
    ///
    /// Kept as a secret: some receivers know their senders by it.
    package let url: Secret
    /// One, or several while one replaces the other: each signs.
    package let secrets: [WebhookSecret]
    /// Kinds of events: one, a subject with all of its kinds (`order.*`), or all (`*`).
    package let events: [String]
    /// Whose events.
    package let merchants: Allowance<MerchantID>

    package init(
        name: SubscriberName,
        url: Secret,
        secrets: [WebhookSecret],
        events: [String],
        merchants: Allowance<MerchantID>
    ) {
        self.name = name
        self.url = url
        self.secrets = secrets
        self.events = events
        self.merchants = merchants
    }

    /// The merchants as the outbox has them; `*` is everybody.
    var merchantTexts: [String] {
        switch merchants {
        case .all: ["*"]
        case .only(let merchants): merchants.map(\.rawValue).sorted()
        }
    }

    /// Reads a JSON array of `{"name", "url", "secrets", "events", "merchants"}`.
    package static func list(json: Secret) throws(SubscriberError) -> [Subscriber] {
        let listed: [Listed]
        do {
            listed = try JSONDecoder().decode([Listed].self, from: Data(json.reveal().utf8))
        } catch {
            // The decoder's own error may quote the text, and the text holds secrets.
            throw .malformed
        }
        guard listed.count <= most else { throw .tooMany }
        var subscribers: [Subscriber] = []
        for (index, entry) in listed.enumerated() {
            let subscriber = try entry.subscriber(at: index)
            guard !subscribers.contains(where: { $0.name == subscriber.name }) else {
                throw .sharedName(subscriber.name.rawValue)
            }
            subscribers.append(subscriber)
        }
        return subscribers
    }

    /// Each has a loop, and its own connections, in every process.
    static let most = 50

    private struct Listed: Decodable {
        var name: String
        var url: String
        var secrets: [String]
        var events: [String]
        var merchants: [String]

        func subscriber(at index: Int) throws(SubscriberError) -> Subscriber {
            guard let known = SubscriberName(rawValue: name) else { throw .unusableName(index: index) }
            guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased()),
                let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil, parts.fragment == nil
            else { throw .unusableURL(subscriber: name) }
            guard (1...4).contains(secrets.count) else {
                throw .wrongNumberOfSecrets(subscriber: name, count: secrets.count)
            }
            let keys = secrets.compactMap(WebhookSecret.init)
            guard keys.count == secrets.count else { throw .unusableSecret(subscriber: name) }
            guard !events.isEmpty, events.allSatisfy(Self.isKnown) else { throw .unusableEvents(subscriber: name) }
            let ids = merchants.compactMap { $0 == "*" ? nil : MerchantID(rawValue: $0) }
            let isEverybody = merchants.contains("*")
            guard !merchants.isEmpty, ids.count + merchants.count(where: { $0 == "*" }) == merchants.count else {
                throw .unusableMerchants(subscriber: name)
            }
            return Subscriber(
                name: known,
                url: Secret(url),
                secrets: keys,
                events: Array(Set(events)).sorted(),
                merchants: isEverybody ? .all : .only(Set(ids))
            )
        }

        /// Whether a pattern means some kind of event: one that means none is a slip of the pen.
        private static func isKnown(_ pattern: String) -> Bool {
            pattern == "*"
                || NotificationType.allCases.contains { $0.rawValue == pattern || "\($0.subject).*" == pattern }
        }
    }
}

extension NotificationType {
    /// What stands before the dot.
    fileprivate var subject: Substring { rawValue.prefix { $0 != "." } }
}

/// Why a list of subscribers was not taken.
///
/// None of these carries an address or a secret.
package enum SubscriberError: Error, Equatable, CustomStringConvertible {
    case malformed
    case tooMany
    case unusableName(index: Int)
    case sharedName(String)
    case unusableURL(subscriber: String)
    case wrongNumberOfSecrets(subscriber: String, count: Int)
    case unusableSecret(subscriber: String)
    case unusableEvents(subscriber: String)
    case unusableMerchants(subscriber: String)

    package var description: String {
        switch self {
        case .malformed:
            #"is not a JSON array of {"name": …, "url": …, "secrets": […], "events": […], "merchants": […]}"#
        case .tooMany:
            "names more than \(Subscriber.most) subscribers"
        case .unusableName(let index):
            "gives entry \(index + 1) a name that is not 1 to 64 characters out of letters, digits and -_.:"
        case .sharedName(let name):
            "names the subscriber \(name) twice; deliveries are kept by name, so each has its own"
        case .unusableURL(let name):
            "gives the subscriber \(name) an address that is not http:// or https:// with a host, without user and fragment"
        case .wrongNumberOfSecrets(let name, let count):
            "gives the subscriber \(name) \(count) secrets; one is usual, two while one replaces the other, 4 the most"
        case .unusableSecret(let name):
            "gives the subscriber \(name) a secret that is not whsec_ and the base64 of 24 to 64 bytes"
        case .unusableEvents(let name):
            "gives the subscriber \(name) no events, or some that do not exist; there are *, \(Self.patterns)"
        case .unusableMerchants(let name):
            "gives the subscriber \(name) no merchants, or one that is no merchant's id; * means all of them"
        }
    }

    private static var patterns: String {
        NotificationType.allCases.map { "\($0.subject).* and \($0.rawValue)" }.joined(separator: ", ")
    }
}
