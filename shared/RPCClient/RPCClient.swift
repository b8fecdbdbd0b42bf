package import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
package import RPC
package import Secrets

/// Calls procedures of one service.
///
/// Only what the contract calls idempotent is ever sent again, and only after `unavailable`; everything else is sent
/// once, and the caller learns whether it certainly never arrived (`service_unreachable`) or may have
/// (`connection_lost`).
package struct RPCClient: Sendable {
    let baseURL: String
    /// The whole header, built once.
    private let authorization: Secret
    let http: HTTPClient
    private let maxAnswerBytes: Int

    /// A client for the service at `baseURL`, such as `http://kassanet-gateway:8080`, without a slash at its end.
    ///
    /// `token` is what this process is known by there; `http` is shared by all clients of a process, see
    /// ``HTTPClient/forInternalCalls()``.
    package init(baseURL: String, token: Secret, http: HTTPClient, maxAnswerBytes: Int = 8 * 1024 * 1024) {
        self.baseURL = baseURL
        authorization = Secret("Bearer \(token.reveal())")
        self.http = http
        self.maxAnswerBytes = maxAnswerBytes
    }

    /// Calls the procedure and returns its answer, by the context's deadline.
    package func call<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        _ message: Message,
        context: CallContext
    ) async throws(RPCError) -> Answer {
        let body: Data
        do {
            body = try RPCCoding.encode(message)
        } catch {
            throw RPCError(.internal, "The request could not be written as JSON.", cause: error)
        }
        var pauses = method.idempotency.allowsRetry ? Self.retryPauses[...] : []
        while true {
            do {
                return try await attempt(method, body, context)
            } catch let error where error.code == .unavailable {
                guard let pause = pauses.popFirst(), pause < context.deadline.remaining else { throw error }
                try await sleep(pause * Double.random(in: 0.5...1.5))
            }
        }
    }

    private static let retryPauses: [Duration] = [.milliseconds(50), .milliseconds(200)]

    private func sleep(_ pause: Duration) async throws(RPCError) {
        do { try await Task.sleep(for: pause) } catch { throw RPCError(mapping: error) }
    }

    private func attempt<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        _ body: Data,
        _ context: CallContext
    ) async throws(RPCError) -> Answer {
        guard !context.deadline.hasPassed else {
            throw RPCError(
                .deadlineExceeded,
                "There was no time left to call \(method.service).",
                reason: "deadline_exceeded",
                nextAction: .retry
            )
        }
        var request = request(method.path, "application/json", ByteBuffer(bytes: body), context)
        request.headers.add(name: "Connect-Timeout-Ms", value: context.deadline.timeoutHeader)
        let status: UInt
        let answer: ByteBuffer
        do {
            let response = try await http.execute(
                request,
                timeout: .nanoseconds(max(1, context.deadline.remaining.nanoseconds))
            )
            status = response.status.code
            // The client's own timeout ends with the headers.
            answer = try await withDeadline(context.deadline) { try await response.body.collect(upTo: maxAnswerBytes) }
        } catch let error as RPCError {
            throw error
        } catch {
            throw Self.failure(error, calling: method.service)
        }
        guard status == 200 else { throw Self.refusal(status, answer, calling: method.service) }
        do {
            return try RPCCoding.decodeAnswer(Answer.self, from: Data(answer.readableBytesView))
        } catch {
            throw RPCError(.internal, "\(method.service) gave an answer that does not fit its contract.", cause: error)
        }
    }

    /// A POST with everything that travels with each call but its deadline.
    func request(
        _ path: String,
        _ contentType: String,
        _ body: ByteBuffer,
        _ context: CallContext
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = .POST
        request.headers = [
            "Content-Type": contentType,
            "Connect-Protocol-Version": "1",
            "Authorization": authorization.reveal(),
            "x-request-id": context.requestID,
            "traceparent": context.trace.child().description,
        ]
        request.body = .bytes(body)
        return request
    }

    /// The error that an answer other than 200 is.
    static func refusal(_ status: UInt, _ answer: ByteBuffer, calling service: String) -> RPCError {
        if let body = try? JSONDecoder().decode(RPCErrorBody.self, from: Data(answer.readableBytesView)) {
            return body.error
        }
        return RPCError(
            RPCCode(proxyStatus: Int(status)),
            "Something between us and \(service) answered with HTTP status \(status).",
            reason: "connection_lost"
        )
    }

    /// What a failed call means: whether it certainly never arrived, or may have.
    static func failure(_ error: any Error, calling service: String) -> RPCError {
        if let error = error as? HTTPClientError, error == .deadlineExceeded || error == .readTimeout {
            return RPCError(
                .deadlineExceeded,
                "\(service) did not answer in time. What was asked may or may not have happened.",
                reason: "deadline_exceeded",
                nextAction: .retry,
                cause: error
            )
        }
        if error is NIOTooManyBytesError {
            return RPCError(
                .internal,
                "\(service) gave an answer that is longer than what is read here.",
                reason: "answer_too_large",
                nextAction: .callSupport,
                cause: error
            )
        }
        if error is CancellationError { return RPCError(mapping: error) }
        // Where the error proves that no connection came about, nothing was sent.
        let neverArrived =
            error is NIOConnectionError || (error as? HTTPClientError) == .connectTimeout
            || (error as? HTTPClientError) == .getConnectionFromPoolTimeout
            || (error as? IOError).map { $0.errnoCode == ECONNREFUSED } ?? false
        return RPCError(
            .unavailable,
            neverArrived
                ? "\(service) cannot be reached." : "The connection to \(service) was lost before its answer came.",
            reason: neverArrived ? "service_unreachable" : "connection_lost",
            nextAction: .retry,
            cause: error
        )
    }
}

extension Duration {
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

extension HTTPClient {
    /// A client for calls between our own services: HTTP/1.1, no redirects, no decompression, no cookies.
    package static func forInternalCalls() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(2)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // A refused connection is an answer. What may be tried again is decided by the contract, above.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
