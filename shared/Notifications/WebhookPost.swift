import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import RPC
import Secrets

/// Posts notifications, each once, and says what came back.
struct WebhookPost: Sendable {
    let http: HTTPClient
    let timeout: Duration

    /// What a subscriber did with a notification.
    struct Answer: Sendable {
        var verdict: Verdict
        /// Absent where there was no answer.
        var status: Int?
        /// Why it was not taken, for people.
        var error: String?
        /// How long the subscriber asks to be left alone.
        var retryAfter: Duration?
    }

    enum Verdict: Sendable, Equatable {
        case taken
        /// The subscriber wants no more of it: it is not tried again.
        case gone
        case notTaken
        /// The attempt was broken off by our own end; what came of it is not known.
        case brokenOff
    }

    /// Makes one attempt; never throws, and takes little longer than `timeout`.
    func post(_ delivery: DeliveryStore.Claimed, to subscriber: Subscriber) async -> Answer {
        do {
            return try await withDeadline(Deadline(after: timeout)) { try await exchange(delivery, subscriber) }
        } catch {
            if Task.isCancelled { return Answer(verdict: .brokenOff) }
            return Answer(verdict: .notTaken, error: words(for: error))
        }
    }

    private func exchange(_ delivery: DeliveryStore.Claimed, _ subscriber: Subscriber) async throws -> Answer {
        var request = HTTPClientRequest(url: subscriber.url.reveal())
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "Upvendo-Webhooks/1")
        let headers = WebhookSignature.headers(
            id: delivery.eventID.uuidString.lowercased(),
            at: Date(),
            body: delivery.body,
            secrets: subscriber.secrets
        )
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: delivery.body))
        let response = try await http.execute(request, deadline: .distantFuture)
        let status = Int(response.status.code)
        // The status is the answer. What follows is read so that the connection can be used again, and for people.
        let beginning = await beginning(of: response.body, without: subscriber.url)
        switch status {
        case 200..<300: return Answer(verdict: .taken, status: status)
        case 410:
            return Answer(verdict: .gone, status: status, error: "The subscriber wants no more of it. \(beginning)")
        case 300..<400:
            return Answer(verdict: .notTaken, status: status, error: "It answered with a redirect; none is followed.")
        default:
            return Answer(
                verdict: .notTaken,
                status: status,
                error: "It answered with the status \(status). \(beginning)",
                retryAfter: response.headers.first(name: "retry-after").flatMap { Int64($0) }.flatMap {
                    $0 > 0 ? .seconds(min($0, 3600)) : nil
                }
            )
        }
    }

    /// The first words of an answer; of what is longer than a few kB, or drips, no more is read.
    ///
    /// Many servers repeat the address in an answer such as 404, and the address may be what a sender is known by.
    private func beginning(of body: HTTPClientResponse.Body, without url: Secret) async -> String {
        let read = try? await withDeadline(Deadline(after: min(timeout, .seconds(1)))) {
            var bytes: [UInt8] = []
            for try await piece in body {
                bytes += piece.readableBytesView.prefix(Self.mostRead - bytes.count)
                if bytes.count >= Self.mostRead { break }
            }
            return bytes
        }
        // Masked before it is cut: half a word would not be found.
        let text = Self.addressWords(url).reduce(String(decoding: read ?? [], as: UTF8.self)) {
            $0.replacing($1, with: "***")
        }
        let printable = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        return String(String.UnicodeScalarView(printable.prefix(Self.mostKept)))
    }

    private static let mostRead = 4096
    private static let mostKept = 200

    /// What an answer must not repeat: the words of the address behind its host, as they stand there and decoded, the
    /// longest first.
    private static func addressWords(_ url: Secret) -> [String] {
        guard let parts = URLComponents(string: url.reveal()) else { return [] }
        let encoded = parts.percentEncodedPath + "?" + (parts.percentEncodedQuery ?? "")
        let words = encoded.split { "/?&=".contains($0) }.map(String.init)
        return (words + words.compactMap(\.removingPercentEncoding)).filter { $0.count > 3 }.sorted {
            $0.count > $1.count
        }
    }

    /// A failure in our words: an error's own may quote an address.
    private func words(for error: any Error) -> String {
        switch error {
        case let error as RPCError where error.code == .deadlineExceeded:
            "There was no answer within \(timeout.milliseconds) ms."
        case is NIOConnectionError: "No connection came about."
        case let error as HTTPClientError where error == .connectTimeout || error == .getConnectionFromPoolTimeout:
            "No connection came about in time."
        case let error as HTTPClientError where error == .tlsHandshakeTimeout: Self.noHandshake
        case let error where String(reflecting: type(of: error)).hasPrefix("NIOSSL."): Self.noHandshake
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "The connection was closed before there was an answer."
        default: "The exchange failed (\(type(of: error)))."
        }
    }
}

extension WebhookPost {
    private static let noHandshake =
        "No encrypted connection came about. Look at the subscriber's certificate: its name, its issuer, its dates."
}

extension HTTPClient {
    /// A client for subscribers: HTTP/1.1, no redirects, no decompression, no cookies, nothing sent twice.
    static func forWebhooks() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.idleTimeout = .seconds(15)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // A refused connection is an answer; the schedule says when it is tried again.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
