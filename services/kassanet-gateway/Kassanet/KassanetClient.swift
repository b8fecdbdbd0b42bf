import Foundation
import RegisterHTTP

/// Speaks Kassanet: signs, encrypts, sends, retries where that is safe, and says what an answer means.
///
/// Stateless; operations are in `Operations/`, one file each.
struct KassanetClient: Sendable {
    /// Time for one attempt (kassanet-wire.md, Transport).
    struct Limits: Sendable {
        var connect: Duration = .seconds(10)
        var total: Duration = .seconds(15)
    }

    /// The waits before the second, third and fourth attempt (kassanet-wire.md, Transport).
    static let retryDelays: [Duration] = [.milliseconds(200), .milliseconds(400), .milliseconds(800)]

    let http: RegisterHTTPClient
    let limits: Limits
    private let slots: RegisterSlots
    private let now: @Sendable () -> Date
    let sleep: @Sendable (Duration) async throws -> Void

    init(
        http: RegisterHTTPClient,
        limits: Limits = Limits(),
        slots: RegisterSlots = RegisterSlots(),
        now: @escaping @Sendable () -> Date = { Date() },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.http = http
        self.limits = limits
        self.slots = slots
        self.now = now
        self.sleep = sleep
    }

    /// Performs one call and returns the register's answer, which carries no refusal any more.
    ///
    /// A read is repeated after every kind of missing answer, a write only while nothing of it has left; the error is
    /// that of the last attempt.
    func exchange(
        _ endpoint: KassanetEndpoint,
        query: [(String, String)] = [],
        body: WireValue? = nil,
        on connection: KassanetConnection,
        call: KassanetCall
    ) async throws(KassanetError) -> KassanetAnswer<WireValue> {
        let clock = ContinuousClock()
        let started = clock.now
        var exchange = Exchange()
        let envelope: WireEnvelope
        do throws(KassanetError.Cause) {
            envelope = try Self.envelope(for: connection)
        } catch {
            throw KassanetError(cause: error, endpoint: endpoint, exchange: exchange)
        }
        let slot = try slot(endpoint, connection)
        defer { withExtendedLifetime(slot) {} }
        let sealed = body.map { envelope.seal($0) }
        var delays = Self.retryDelays[...]
        var lastCause: KassanetError.Cause?
        while true {
            let outcome: KassanetVerdict
            if lacksTime(call) {
                outcome = .failed(lastCause ?? .expired, retriable: false)
            } else {
                let requestId = UUID().uuidString.lowercased()
                exchange.requestId = requestId
                exchange.attempts += 1
                await call.beforeAttempt?(
                    KassanetAttempt(endpoint: endpoint, requestId: requestId, number: exchange.attempts)
                )
                let url = connection.url(of: endpoint, query: query)
                let request = request(endpoint, url, sealed, requestId: requestId, on: connection, call: call)
                outcome = await send(request, to: endpoint, envelope, call, &exchange)
            }
            exchange.duration = started.duration(to: clock.now)
            switch outcome {
            case .answered(let value):
                return KassanetAnswer(value: value, exchange: exchange, remarks: [])
            case .failed(let latest, let retriable):
                // Being cancelled says nothing of the register; what the attempt before found does.
                let cause = latest.isCancellation ? lastCause ?? latest : latest
                let error = KassanetError(cause: cause, endpoint: endpoint, exchange: exchange)
                guard retriable, let delay = delays.popFirst() else { throw error }
                do {
                    try await sleep(delay)
                } catch {
                    throw KassanetError(cause: cause, endpoint: endpoint, exchange: exchange)
                }
                lastCause = cause
            }
        }
    }

    /// A place among the calls under way, until it is let go.
    func slot(
        _ endpoint: KassanetEndpoint,
        _ connection: KassanetConnection
    ) throws(KassanetError) -> RegisterSlots.Slot {
        do throws(RegisterSlots.Busy) {
            return try slots.take(connection.baseURL, isWrite: endpoint.isWrite)
        } catch {
            throw KassanetError(cause: .busy(error), endpoint: endpoint, exchange: Exchange())
        }
    }

    func totalTimeout(_ call: KassanetCall) -> Duration {
        call.totalTimeout ?? limits.total
    }

    private func lacksTime(_ call: KassanetCall) -> Bool {
        guard let notAfter = call.notAfter else { return false }
        return now().addingTimeInterval(totalTimeout(call) / .seconds(1)) > notAfter
    }

    static func envelope(for connection: KassanetConnection) throws(KassanetError.Cause) -> WireEnvelope {
        guard connection.wire.encryption else { return WireEnvelope(cipher: nil) }
        guard let cipher = WireCipher(token: connection.encryptionToken, padding: connection.wire.padding) else {
            throw .misconfigured(status: nil, message: "the encryption token has to be 4 to 56 bytes long.")
        }
        return WireEnvelope(cipher: cipher)
    }

    func request(
        _ endpoint: KassanetEndpoint,
        _ url: String,
        _ body: [UInt8]?,
        requestId: String,
        on connection: KassanetConnection,
        call: KassanetCall
    ) -> RegisterRequest {
        let date = WireDate.text(of: now(), settings: connection.wire)
        let signature = WireSignature.text(
            date: date,
            body: body ?? [],
            key: connection.signatureKey,
            encoding: connection.wire.signatureEncoding
        )
        let own = [
            ("Date", date), ("Signature", signature), ("Content-Type", "application/json"), ("request-id", requestId),
        ]
        let passedOn = call.headers.filter { name, _ in
            !own.contains { $0.0.lowercased() == name.lowercased() }
        }
        return RegisterRequest(
            method: endpoint.method,
            url: url,
            headers: own + passedOn,
            body: body,
            connectTimeout: min(limits.connect, totalTimeout(call)),
            totalTimeout: totalTimeout(call),
            maxResponseBytes: call.maxResponseBytes,
            verifyTLS: connection.verifyTLS,
            // On a kept connection that turns out to be dead, curl sends a request again by itself, and with it the
            // request id that no two requests may share (rule K8).
            freshConnection: true
        )
    }

    private func send(
        _ request: RegisterRequest,
        to endpoint: KassanetEndpoint,
        _ envelope: WireEnvelope,
        _ call: KassanetCall,
        _ exchange: inout Exchange
    ) async -> KassanetVerdict {
        exchange.status = nil
        exchange.answer = nil
        // The record of the attempt may have taken its time.
        guard !lacksTime(call) else { return .failed(.expired, retriable: false) }
        do throws(RegisterHTTPError) {
            let response = try await http.send(request)
            exchange.status = response.status
            var answer: WireValue?
            let verdict = KassanetVerdict(
                on: response,
                of: endpoint,
                envelope: envelope,
                maxBytes: call.maxResponseBytes,
                answer: &answer
            )
            if endpoint.isWrite { exchange.answer = answer }
            return verdict
        } catch {
            return KassanetVerdict(on: error, of: endpoint)
        }
    }
}
