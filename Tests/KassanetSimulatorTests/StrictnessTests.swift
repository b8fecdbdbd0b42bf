import Foundation
import Testing

@testable import KassanetSimulator

/// A request that keeps every rule but one.
struct Liberty: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: WireViolation.Rule
    let request: TestRequest

    init(_ description: String, _ rule: WireViolation.Rule, _ start: TestRequest, _ change: (inout TestRequest) -> Void)
    {
        var request = start
        change(&request)
        self.testDescription = description
        self.rule = rule
        self.request = request
    }

    private static let get = TestRequest.get("test")
    private static let post = TestRequest.post("CreateOrder", Bodies.coffees())

    private static func sealed(_ plain: [UInt8]) -> [UInt8] {
        Array(SimulatorConfiguration.test.envelope.seal(plain).utf8)
    }

    static let all = [
        Liberty("no SEC1 though encryption is on", .path, get) { $0.target = "/test" },
        Liberty("a slash at the end", .path, get) { $0.target += "/" },
        Liberty("two slashes", .path, get) { $0.target = "//SEC1/test" },
        Liberty("another case", .path, get) { $0.target = "/SEC1/Test" },
        Liberty("an endpoint nobody knows", .path, get) { $0.target = "/SEC1/GetEverything" },
        Liberty("a GET that is a POST", .method, get) { $0.method = "POST" },
        Liberty("a POST that is a GET", .method, post) { $0.method = "GET" },
        Liberty("a query nobody asked for", .query, get) { $0.target += "?x=1" },
        Liberty("GetBill without a table", .query, .get("GetBill")) { _ in },
        Liberty("GetBill with another query", .query, .get("GetBill?TableNumber=1")) { _ in },
        Liberty("GetBill with a padded number", .query, .get("GetBill?tableNumber=01")) { _ in },
        Liberty("no content type", .contentType, post) { $0.set("Content-Type", nil) },
        Liberty("a charset", .contentType, post) { $0.set("Content-Type", "application/json; charset=utf-8") },
        Liberty("no content type on a GET", .contentType, get) { $0.set("Content-Type", nil) },
        Liberty("no request id", .requestID, get) { $0.set("request-id", nil) },
        Liberty("a request id that is no UUID", .requestID, get) { $0.set("request-id", "1234") },
        Liberty("two request ids", .requestID, get) {
            $0.headers.append(.init(name: "Request-Id", value: UUID().uuidString))
        },
        Liberty("no date", .dateForm, get) { $0.set("Date", nil) },
        Liberty("a date with a zone", .dateForm, get) { $0.sign(at: "2025-01-02T03:04:05Z") },
        Liberty("the clock of another zone", .dateWindow, get) { $0.sign(at: "2025-01-02T02:04:05") },
        Liberty("a second outside the window", .dateWindow, get) { $0.sign(at: "2025-01-02T03:09:06") },
        Liberty("no signature", .signature, get) { $0.set("Signature", nil) },
        Liberty("another date than was signed", .signature, get) { $0.set("Date", "2025-01-02T03:04:06") },
        Liberty("a signature in hex", .signature, get) {
            $0.set("Signature", "0139900ffc0508c821adba97f7d4e521d4d135edfa5fc4e78ccc6e8c1f100edd")
        },
        Liberty("a body on a GET", .bodyPresence, get) {
            $0.body = sealed(Array("{}".utf8))
            $0.sign(at: TestRequest.clockFace)
        },
        Liberty("no body on a POST", .bodyPresence, .post("CreateOrder", raw: [])) { _ in },
        Liberty("plain JSON though encryption is on", .bodyEncoding, .post("CreateOrder", raw: Array("{}".utf8))) { _ in
        },
        Liberty("a line break after the base64", .bodyEncoding, .post("CreateOrder", raw: sealed([0x7B, 0x7D]) + [10]))
        {
            _ in
        },
        Liberty("half a block", .bodyEncoding, .post("CreateOrder", raw: Array("QUJDREVGR0hJSg==".utf8))) { _ in },
        Liberty(
            "a block of padding too many",
            .padding,
            .post("CreateOrder", raw: sealed(Array("{}".utf8) + [UInt8](repeating: 0, count: 14)))
        ) { _ in },
        Liberty("UTF-8 beyond ASCII", .bodyNotASCII, .post("CreateOrder", Bodies.coffees(text: "Crème"))) { _ in },
        Liberty("no JSON", .json, .post("CreateOrder", "hello")) { _ in },
        Liberty("a zero byte inside", .json, .post("CreateOrder", "{}\0{}")) { _ in },
        Liberty("an array", .shape, .post("CreateOrder", "[]")) { _ in },
    ]
}

@Suite struct StrictnessTests {
    @Test func aRequestThatKeepsEveryRuleIsAccepted() throws {
        let configuration = SimulatorConfiguration.test
        let requests = [
            TestRequest.get("test"), .get("GetBill?tableNumber=12"), .get("GetCountdownPluState"),
            .get("GetCountdownPluState?threshold=5"), .post("CreateOrder", Bodies.coffees()),
            .post("PayBill", Bodies.payment("5.00", tip: "1.00")), .post("PostDeposit", Bodies.payment("5.00")),
        ]
        for request in requests {
            #expect(try configuration.inspection(of: request).brokenRule == nil)
        }
    }

    @Test(arguments: Liberty.all)
    func oneLibertyIsRefusedByItsRule(liberty: Liberty) throws {
        #expect(try SimulatorConfiguration.test.inspection(of: liberty.request).brokenRule == liberty.rule)
    }

    @Test func everyByteOfTheBodyIsSigned() throws {
        let request = TestRequest.post("CreateOrder", Bodies.coffees())
        for index in request.body.indices {
            var changed = request
            changed.body[index] ^= 1
            #expect(try SimulatorConfiguration.test.inspection(of: changed).brokenRule == .signature)
        }
    }

    @Test func everyByteOfTheSignatureCounts() throws {
        let request = TestRequest.get("test")
        let signature = Array(try #require(request.raw.values("Signature").first).utf8)
        for index in signature.indices {
            var bytes = signature
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            var changed = request
            changed.set("Signature", String(decoding: bytes, as: UTF8.self))
            #expect(try SimulatorConfiguration.test.inspection(of: changed).brokenRule == .signature)
        }
    }

    @Test func aRequestIDServesOnce() throws {
        let request = TestRequest.get("test")
        let id = try #require(request.raw.values("request-id").first)
        let inspection = try SimulatorConfiguration.test.inspection(of: request, seen: [id.lowercased()])
        #expect(inspection.brokenRule == .requestIDRepeated)
    }

    @Test func otherWiresAreAcceptedByTheirOwnRules() throws {
        var configuration = SimulatorConfiguration.test
        configuration.encryption = false
        configuration.signatureEncoding = .hex
        configuration.basePath = "/kassanet"
        let order = TestRequest.post("CreateOrder", Bodies.coffees(), configuration)
        #expect(order.target == "/kassanet/CreateOrder")
        #expect(try configuration.inspection(of: order).brokenRule == nil)

        configuration.encryption = true
        configuration.padding = .pkcs7
        configuration.dateZone = .utc
        var payment = TestRequest.post("PayBill", Bodies.payment("1.00"), configuration)
        #expect(try configuration.inspection(of: payment).brokenRule == .dateWindow)
        payment.sign(at: "2025-01-02T02:04:05", configuration)
        #expect(try configuration.inspection(of: payment).brokenRule == nil)
        payment.target = "/SEC1/PayBill"
        #expect(try configuration.inspection(of: payment).brokenRule == .path)
    }

    @Test func aLibertyIsAnsweredWithItsStatusAndRemembered() async throws {
        try await withRegister { register in
            let first = TestRequest.get("test")
            #expect(try await register.send(first).status == 200)
            #expect(try await register.send(first).status == 400)
            var unsigned = TestRequest.get("test")
            unsigned.set("Signature", "nothing")
            let refused = try await register.send(unsigned)
            #expect(refused.status == 401)
            #expect(refused.plain?["IsSuccessStatusCode"] == .bool(false))
            var lost = TestRequest.get("test")
            lost.target = "/test"
            #expect(try await register.send(lost).status == 404)
            _ = try await RawClient.send(Array("this is no HTTP\r\n\r\n".utf8), to: register.baseURL)
            #expect(await register.violations.map(\.rule) == [.requestIDRepeated, .signature, .path, .http])
            #expect(await register.requests.map(\.violation) == [nil, .requestIDRepeated, .signature, .path])
            #expect(await register.ledger.isEmpty)
        }
    }
}
