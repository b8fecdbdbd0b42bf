import Foundation

/// A rule that a request broke, before it has a place in the list.
struct BrokenRule: Error, Equatable {
    let rule: WireViolation.Rule
    let detail: String
}

/// What was found out about a request; `result` is what it comes to.
struct Inspection: Sendable {
    var endpointName: String
    var requestID: String?
    var body: WireValue?
    var bodyText: String?
    var result: Result<WireCall, BrokenRule>
}

/// Holds every request against the wire page, byte for byte.
struct WireInspector: Sendable {
    let envelope: Envelope
    let encryption: Bool
    let basePath: String
    let zone: TimeZone
    let windowSeconds: Double

    /// Judges a request that arrived at `now`, knowing the request ids seen before.
    func inspect(_ request: RawRequest, at now: Date, seen: Set<String>) -> Inspection {
        let last = request.path.split(separator: "/").last.map(String.init) ?? ""
        var inspection = Inspection(endpointName: last, result: .success(.test))
        do throws(BrokenRule) {
            let endpoint = try endpoint(request)
            inspection.requestID = try requestID(request, seen: seen)
            try checkHeaders(request, at: now)
            let plain = try plainBody(request, endpoint)
            if let plain {
                inspection.bodyText = String(decoding: plain, as: UTF8.self)
                inspection.body = try json(plain)
            }
            inspection.result = .success(try call(endpoint, request.query, inspection.body ?? .null))
        } catch {
            inspection.result = .failure(error)
        }
        return inspection
    }

    private func endpoint(_ request: RawRequest) throws(BrokenRule) -> WireEndpoint {
        let prefix = basePath + (encryption ? "/SEC1/" : "/")
        guard request.path.hasPrefix(prefix),
            let endpoint = WireEndpoint(rawValue: String(request.path.dropFirst(prefix.count)))
        else { throw BrokenRule(rule: .path, detail: request.path) }
        guard request.method == endpoint.method else {
            throw BrokenRule(rule: .method, detail: "\(request.method) \(endpoint.rawValue)")
        }
        guard request.query == nil || endpoint.hasQuery else {
            throw BrokenRule(rule: .query, detail: "\(endpoint.rawValue) takes no query")
        }
        return endpoint
    }

    private func one(_ name: String, _ rule: WireViolation.Rule, _ request: RawRequest) throws(BrokenRule) -> String {
        let values = request.values(name)
        guard values.count == 1, let value = values.first else {
            throw BrokenRule(rule: rule, detail: "\(name) is there \(values.count) times")
        }
        return value
    }

    private func requestID(_ request: RawRequest, seen: Set<String>) throws(BrokenRule) -> String {
        let id = try one("request-id", .requestID, request)
        guard UUID(uuidString: id) != nil else { throw BrokenRule(rule: .requestID, detail: "\(id) is no UUID") }
        guard !seen.contains(id.lowercased()) else { throw BrokenRule(rule: .requestIDRepeated, detail: id) }
        return id
    }

    private func checkHeaders(_ request: RawRequest, at now: Date) throws(BrokenRule) {
        let type = try one("Content-Type", .contentType, request)
        guard type == "application/json" else { throw BrokenRule(rule: .contentType, detail: type) }

        let date = try one("Date", .dateForm, request)
        guard let distance = WireDate.distance(date, from: now, in: zone) else {
            throw BrokenRule(rule: .dateForm, detail: date)
        }
        guard distance <= windowSeconds else {
            let clock = WireDate.text(now, in: zone)
            throw BrokenRule(rule: .dateWindow, detail: "\(date), where the clock shows \(clock)")
        }

        let signature = try one("Signature", .signature, request)
        guard signature == envelope.signature(date: date, body: request.body) else {
            throw BrokenRule(rule: .signature, detail: "it does not sign the date and the body as sent")
        }
    }

    /// The body in plain bytes; nil for a GET.
    private func plainBody(_ request: RawRequest, _ endpoint: WireEndpoint) throws(BrokenRule) -> [UInt8]? {
        guard endpoint.method == "POST" else {
            guard request.body.isEmpty else { throw BrokenRule(rule: .bodyPresence, detail: "a GET with a body") }
            return nil
        }
        guard !request.body.isEmpty else { throw BrokenRule(rule: .bodyPresence, detail: "a POST without a body") }
        guard encryption else { return request.body }
        do throws(EnvelopeError) {
            return try envelope.open(request.body)
        } catch {
            throw BrokenRule(rule: error.rule, detail: error.detail)
        }
    }

    private func json(_ plain: [UInt8]) throws(BrokenRule) -> WireValue {
        if let byte = plain.first(where: { $0 >= 0x80 }) {
            throw BrokenRule(rule: .bodyNotASCII, detail: "byte \(byte)")
        }
        do throws(NotJSON) {
            return try WireParser.parse(plain)
        } catch {
            throw BrokenRule(rule: .json, detail: "\(error.reason), at byte \(error.offset)")
        }
    }

    private func call(_ endpoint: WireEndpoint, _ query: String?, _ body: WireValue) throws(BrokenRule) -> WireCall {
        do throws(WrongShape) {
            return try endpoint.call(query: query, body: body)
        } catch {
            throw BrokenRule(rule: endpoint.hasQuery ? .query : .shape, detail: error.detail)
        }
    }
}
