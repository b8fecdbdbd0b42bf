import Foundation

@testable import KassanetSimulator

/// A request that keeps every rule, until a test changes something about it.
struct TestRequest: Sendable {
    var method: String
    var target: String
    var headers: [ReceivedHeader]
    var body: [UInt8]

    /// The moment all tests live in: `2025-01-02T03:04:05` on a clock in Brussels.
    static let now = Date(timeIntervalSince1970: 1_735_783_445)
    static let clockFace = "2025-01-02T03:04:05"

    /// A GET of an endpoint, with its query if it has one.
    static func get(_ endpoint: String, _ configuration: SimulatorConfiguration = .test) -> TestRequest {
        TestRequest("GET", endpoint, [], configuration)
    }

    /// A POST of a body, encrypted when the configuration says so.
    static func post(
        _ endpoint: String,
        _ json: String,
        _ configuration: SimulatorConfiguration = .test
    ) -> TestRequest {
        let plain = Array(json.utf8)
        let body = configuration.encryption ? Array(configuration.envelope.seal(plain).utf8) : plain
        return TestRequest("POST", endpoint, body, configuration)
    }

    /// A POST of a body that is sent as it is.
    static func post(
        _ endpoint: String,
        raw body: [UInt8],
        _ configuration: SimulatorConfiguration = .test
    ) -> TestRequest {
        TestRequest("POST", endpoint, body, configuration)
    }

    private init(_ method: String, _ endpoint: String, _ body: [UInt8], _ configuration: SimulatorConfiguration) {
        self.method = method
        self.body = body
        target = configuration.basePath + (configuration.encryption ? "/SEC1/" : "/") + endpoint
        headers = [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: "Date", value: Self.clockFace),
            .init(name: "Signature", value: configuration.envelope.signature(date: Self.clockFace, body: body)),
            .init(name: "request-id", value: UUID().uuidString),
        ]
    }

    /// Gives a header another value, or takes it away.
    mutating func set(_ name: String, _ value: String?) {
        headers.removeAll { $0.name == name }
        if let value { headers.append(.init(name: name, value: value)) }
    }

    /// Dates the request anew and signs what it now is.
    mutating func sign(at date: String, _ configuration: SimulatorConfiguration = .test) {
        set("Date", date)
        set("Signature", configuration.envelope.signature(date: date, body: body))
    }

    var raw: RawRequest { RawRequest(method: method, target: target, headers: headers, body: body) }

    /// The request as bytes, for a connection that ends after its answer unless it is kept alive.
    func bytes(keepAlive: Bool = false) -> [UInt8] {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: register"]
        if !keepAlive { lines.append("Connection: close") }
        lines += headers.map { "\($0.name): \($0.value)" }
        if !body.isEmpty { lines.append("Content-Length: \(body.count)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }
}

extension SimulatorConfiguration {
    /// The register of the vectors page, whose clock stands still.
    static var test: SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.now = { TestRequest.now }
        return configuration
    }

    /// What a register so configured makes of a request.
    func inspection(of request: TestRequest, seen: Set<String> = []) throws -> Inspection {
        let inspector = WireInspector(
            envelope: envelope,
            encryption: encryption,
            basePath: basePath,
            zone: try headerZone(),
            windowSeconds: dateWindowSeconds
        )
        return inspector.inspect(request.raw, at: now(), seen: seen)
    }
}

extension Inspection {
    var brokenRule: WireViolation.Rule? {
        guard case .failure(let broken) = result else { return nil }
        return broken.rule
    }
}

/// Bodies that the register accepts.
enum Bodies {
    static func coffees(_ quantity: Int = 2, table: Int = 12, text: String = "Kiosk #7") -> String {
        """
        {"TableNumber":\(table),"TableText":"\(text)","Items":[\
        {"ArticleId":101,"Text":"Coffee","Quantity":\(quantity),"UnitPrice":2.50}]}
        """
    }

    static func payment(_ amount: String, table: Int = 12, tip: String? = nil) -> String {
        let tip = tip.map { ",\"TipAmount\":\($0)" } ?? ""
        return """
            {"TableNumber":\(table),"BillInfoText":"Kiosk #7",\
            "Payments":[{"Number":9,"Name":"Webshop","Amount":\(amount)}]\(tip)}
            """
    }
}
