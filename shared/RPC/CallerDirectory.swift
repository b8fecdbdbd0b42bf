import Crypto
import Foundation
package import Secrets

/// The callers a service knows, found by their token.
///
/// Only the SHA-256 of each token is kept, and tokens are found by that hash, so neither a memory dump nor the time a
/// look-up takes tells anything about them. Two tokens of one caller are valid at once, which is how one is rotated.
package struct CallerDirectory: Sendable {
    private let callers: [Data: Caller]

    package init(_ entries: [Entry]) throws(CallerDirectoryError) {
        var callers: [Data: Caller] = [:]
        for entry in entries {
            guard (1...2).contains(entry.tokens.count) else {
                throw .wrongNumberOfTokens(caller: entry.caller.name, count: entry.tokens.count)
            }
            for token in entry.tokens {
                guard token.reveal().utf8.count >= 16 else { throw .shortToken(caller: entry.caller.name) }
                guard callers.updateValue(entry.caller, forKey: Self.hash(token.reveal())) == nil else {
                    throw .sharedToken(caller: entry.caller.name)
                }
            }
        }
        self.callers = callers
    }

    /// Reads the `CALLERS` setting: a JSON array of `{"name", "tokens", "services", "merchants"}`, where `"*"` in a list
    /// means all of them.
    package init(json: Secret) throws(CallerDirectoryError) {
        let listed: [Listed]
        do {
            listed = try JSONDecoder().decode([Listed].self, from: Data(json.reveal().utf8))
        } catch {
            // The decoder's own error may quote the text, and the text holds tokens.
            throw .malformed
        }
        try self.init(listed.map(\.entry))
    }

    /// The caller whose token this is.
    package func caller(withToken token: String) -> Caller? {
        callers[Self.hash(token)]
    }

    package struct Entry: Sendable {
        package var caller: Caller
        package var tokens: [Secret]

        package init(caller: Caller, tokens: [Secret]) {
            self.caller = caller
            self.tokens = tokens
        }
    }

    private struct Listed: Decodable {
        var name: String
        var tokens: [String]
        var services: [String]
        var merchants: [MerchantOrAll]

        var entry: Entry {
            let everyService = services.contains("*")
            let everyMerchant = merchants.contains { $0.merchant == nil }
            return Entry(
                caller: Caller(
                    name: name,
                    services: everyService ? .all : .only(Set(services)),
                    merchants: everyMerchant ? .all : .only(Set(merchants.compactMap(\.merchant)))
                ),
                tokens: tokens.map(Secret.init)
            )
        }
    }

    private struct MerchantOrAll: Decodable {
        var merchant: MerchantID?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            merchant = try container.decode(String.self) == "*" ? nil : container.decode(MerchantID.self)
        }
    }

    private static func hash(_ token: String) -> Data {
        Data(SHA256.hash(data: Data(token.utf8)))
    }
}

/// Why a list of callers was not taken.
///
/// None of these carries a token.
package enum CallerDirectoryError: Error, CustomStringConvertible {
    case malformed
    case wrongNumberOfTokens(caller: String, count: Int)
    case shortToken(caller: String)
    case sharedToken(caller: String)

    package var description: String {
        switch self {
        case .malformed:
            #"is not a JSON array of {"name": …, "tokens": […], "services": […], "merchants": […]}"#
        case .wrongNumberOfTokens(let caller, let count):
            "gives the caller \(caller) \(count) tokens; one is usual, two while one replaces the other"
        case .shortToken(let caller):
            "gives the caller \(caller) a token of fewer than 16 characters; use a long random one"
        case .sharedToken(let caller):
            "gives the caller \(caller) a token that another entry has too; each token belongs to one caller"
        }
    }
}

extension CallerDirectory {
    /// A directory in which no token is known.
    package static let nobody = CallerDirectory(callers: [:])

    private init(callers: [Data: Caller]) {
        self.callers = callers
    }
}
