import Foundation
import RegisterHTTP

/// A long answer of a register, read while it arrives and never held whole.
///
/// The register is made to wait while nobody asks for more. Its own time is bounded by the call's limit, however long the
/// reader takes.
struct KassanetStream {
    /// The longest that one answer may take, its reader's time included.
    static let longest: Duration = .seconds(300)
    /// The longest single entry: a product with all its modifiers.
    static let maxEntryBytes = 1024 * 1024
    static let maxBytes = 1 << 30

    let exchange: Exchange
    private let endpoint: KassanetEndpoint
    private let body: RegisterBody
    private var opening: WireOpening
    private var scanner: WireScanner
    private var first: [UInt8]?
    private var left: Duration
    private var lists: Set<String>
    private var flag: WireValue?
    private var message: WireValue?
    private var isOver = false
    private let slot: RegisterSlots.Slot

    fileprivate init(
        _ endpoint: KassanetEndpoint,
        lists: Set<String>,
        _ body: RegisterBody,
        first: [UInt8],
        _ envelope: WireEnvelope,
        _ exchange: Exchange,
        left: Duration,
        _ slot: RegisterSlots.Slot
    ) {
        self.slot = slot
        self.exchange = exchange
        self.endpoint = endpoint
        self.body = body
        self.first = first
        self.left = left
        self.lists = lists
        opening = WireOpening(envelope)
        scanner = WireScanner(lists: lists, maxEntryBytes: Self.maxEntryBytes)
    }

    /// What the next part of the answer holds, possibly nothing; nil at its end.
    ///
    /// A refusal may come last, after entries were given, and a list that is missing shows only there: whoever reads counts
    /// with the whole or not at all.
    mutating func next() async throws(KassanetError) -> [WireScanner.Piece]? {
        guard !isOver else { return nil }
        do throws(KassanetError.Cause) {
            return try await pieces()
        } catch {
            isOver = true
            throw KassanetError(cause: error, endpoint: endpoint, exchange: exchange)
        }
    }

    private mutating func pieces() async throws(KassanetError.Cause) -> [WireScanner.Piece]? {
        let part = try await part()
        var pieces: [WireScanner.Piece] = []
        do throws(WireReadFailure) {
            let text = if let part { try opening.open(part) } else { try opening.finish() }
            pieces = try scanner.scan(text)
            if part == nil { try scanner.finish() }
        } catch {
            throw .unreadable(error)
        }
        for piece in pieces {
            switch piece {
            case .member("IsSuccessStatusCode", let value): flag = value ?? .null
            case .member("ErrorMessage", let value): message = value
            case .list(let name): lists.remove(name)
            default: break
            }
        }
        if part == nil {
            isOver = true
            try judge()
        }
        return pieces.isEmpty && isOver ? nil : pieces
    }

    private mutating func part() async throws(KassanetError.Cause) -> [UInt8]? {
        if let first {
            self.first = nil
            return first
        }
        let asked = ContinuousClock.now
        defer { left -= .now - asked }
        do throws(RegisterHTTPError) {
            return try await body.next(within: max(left, .milliseconds(1)))
        } catch {
            throw .unreachable(error)
        }
    }

    /// What the answer as a whole comes to; the lists are what the endpoint has to give.
    private func judge() throws(KassanetError.Cause) {
        var members: [WireValue.Member] = []
        if let flag { members.append(.init("IsSuccessStatusCode", flag)) }
        if let message { members.append(.init("ErrorMessage", message)) }
        if case .failed(let cause, _) = KassanetVerdict(on: .object(members), status: exchange.status ?? 200) {
            throw cause
        }
        if let missing = lists.min() { throw .incomplete(field: missing) }
    }
}

extension KassanetClient {
    /// Asks for a long answer, and returns when its first part is there.
    ///
    /// Asked again as any read is, while nothing of the answer was given to anybody. `lists` are the members whose entries
    /// are given one by one; each of them has to be there.
    func stream(
        _ endpoint: KassanetEndpoint,
        lists: Set<String>,
        on connection: KassanetConnection,
        call: KassanetCall
    ) async throws(KassanetError) -> KassanetStream {
        let started = ContinuousClock.now
        var exchange = Exchange()
        let envelope: WireEnvelope
        do throws(KassanetError.Cause) {
            envelope = try Self.envelope(for: connection)
        } catch {
            throw KassanetError(cause: error, endpoint: endpoint, exchange: exchange)
        }
        let slot = try slot(endpoint, connection)
        var delays = Self.retryDelays[...]
        while true {
            exchange.requestId = UUID().uuidString.lowercased()
            exchange.attempts += 1
            exchange.status = nil
            let url = connection.url(of: endpoint, query: [])
            var request = request(endpoint, url, nil, requestId: exchange.requestId, on: connection, call: call)
            request.totalTimeout = max(KassanetStream.longest, totalTimeout(call))
            request.maxResponseBytes = KassanetStream.maxBytes
            let asked = ContinuousClock.now
            let begun = await begin(request, endpoint, envelope, within: totalTimeout(call), &exchange)
            exchange.duration = started.duration(to: .now)
            switch begun {
            case .streaming(let body, let first):
                return KassanetStream(
                    endpoint,
                    lists: lists,
                    body,
                    first: first,
                    envelope,
                    exchange,
                    left: totalTimeout(call) - (.now - asked),
                    slot
                )
            case .over(.answered):
                throw KassanetError(cause: .unreadable(.json), endpoint: endpoint, exchange: exchange)
            case .over(.failed(let cause, let retriable)):
                let error = KassanetError(cause: cause, endpoint: endpoint, exchange: exchange)
                // Another try must leave time for the answer itself.
                let hasTime = exchange.duration + totalTimeout(call) <= KassanetStream.longest
                guard retriable, hasTime, let delay = delays.popFirst() else { throw error }
                do {
                    try await sleep(delay)
                } catch {
                    throw KassanetError(cause: cause, endpoint: endpoint, exchange: exchange)
                }
            }
        }
    }

    private enum Begun {
        case streaming(RegisterBody, first: [UInt8])
        /// The answer is no success, or has no body: then it is short, and judged as any other.
        case over(KassanetVerdict)
    }

    private func begin(
        _ request: RegisterRequest,
        _ endpoint: KassanetEndpoint,
        _ envelope: WireEnvelope,
        within limit: Duration,
        _ exchange: inout Exchange
    ) async -> Begun {
        do throws(RegisterHTTPError) {
            let body = try http.stream(request)
            var part = try await body.next(within: limit)
            let status = body.status ?? 0
            exchange.status = status
            if (200..<300).contains(status), let first = part { return .streaming(body, first: first) }
            var short: [UInt8] = []
            while let bytes = part, short.count < 64 * 1024 {
                short += bytes
                part = try await body.next(within: limit)
            }
            let response = RegisterResponse(status: status, body: short, duration: .zero, remoteAddress: "")
            return .over(KassanetVerdict(on: response, of: endpoint, envelope: envelope, maxBytes: short.count))
        } catch {
            return .over(KassanetVerdict(on: error, of: endpoint))
        }
    }
}
