import CBlowfish
import Crypto
import Foundation
import TestBed

/// The same calls as an order makes, by the barest client there can be: no service, no database, no checks.
///
/// One TCP connection per call, as the gateway makes them (rule K8).
struct BareRegister {
    let port: Int
    private let token = Array("demo-token-12".utf8)
    private let key = SymmetricKey(data: Array("demo-signature-key".utf8))

    /// Asks for a number, reads its bill, places an order, reads the bill, pays it.
    func order() throws {
        let free = try get("GetFreeTableNumber")
        guard let number = free["TableNumber"] as? Int else { throw TestBedError("No free number: \(free)") }
        _ = try get("GetBill?tableNumber=\(number)")
        try post(
            "CreateOrder",
            """
            {"TableNumber":\(number),"TableText":"Kiosk #1042 12 bench","Items":[{"ArticleId":101,"Text":"Coffee",\
            "Quantity":2,"UnitPrice":2.50}]}
            """
        )
        _ = try get("GetBill?tableNumber=\(number)")
        try post(
            "PayBill",
            #"{"TableNumber":\#(number),"BillInfoText":"Order #1042","Payments":[{"Number":9,"Name":"Webshop","Amount":5.00}]}"#
        )
    }

    private func get(_ endpoint: String) throws -> [String: Any] { try exchange("GET", endpoint, body: []) }

    private func post(_ endpoint: String, _ json: String) throws {
        let answer = try exchange("POST", endpoint, body: Array(sealed(Array(json.utf8)).base64EncodedString().utf8))
        guard answer["IsSuccess"] as? Bool != false, answer["IsSuccessStatusCode"] as? Bool != false else {
            throw TestBedError("\(endpoint) was refused: \(answer)")
        }
    }

    private func exchange(_ method: String, _ endpoint: String, body: [UInt8]) throws -> [String: Any] {
        let socket = try StreamSocket.connected(toPort: port)
        defer { socket.close() }
        let date = Self.date()
        let code = HMAC<SHA256>.authenticationCode(for: Array(date.utf8) + body, using: key)
        let head = """
            \(method) /SEC1/\(endpoint) HTTP/1.1\r
            Host: 127.0.0.1:\(port)\r
            Date: \(date)\r
            Signature: \(Data(code).base64EncodedString())\r
            Content-Type: application/json\r
            request-id: \(UUID().uuidString.lowercased())\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        guard socket.write(Array(head.utf8) + body) else { throw TestBedError("The register hung up.") }
        var answer: [UInt8] = []
        while let more = socket.read() { answer += more }
        guard let start = answer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound,
            let json = try JSONSerialization.jsonObject(with: Data(try opened(answer[start...]))) as? [String: Any]
        else { throw TestBedError("\(endpoint): \(String(decoding: answer.prefix(300), as: UTF8.self))") }
        return json
    }

    private func sealed(_ plain: [UInt8]) -> Data {
        let padded = plain + [UInt8](repeating: 0, count: (8 - plain.count % 8) % 8)
        var output = [UInt8](repeating: 0, count: padded.count)
        _ = blowfish_cbc_encrypt(token, token.count, padded, padded.count, &output)
        return Data(output)
    }

    private func opened(_ body: ArraySlice<UInt8>) throws -> [UInt8] {
        guard let secret = Data(base64Encoded: Data(body)) else {
            throw TestBedError("An answer is not base64: \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        var output = [UInt8](repeating: 0, count: secret.count)
        _ = blowfish_cbc_decrypt(token, token.count, Array(secret), secret.count, &output)
        return Array(output.prefix { $0 != 0 })
    }

    private static func date() -> String {
        let format = Date.ISO8601FormatStyle(timeZone: TimeZone(identifier: "Europe/Brussels") ?? .gmt)
            .year().month().day().time(includingFractionalSeconds: false)
        return Date().formatted(format)
    }
}
