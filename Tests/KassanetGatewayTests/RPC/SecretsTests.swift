import Contracts
import Foundation
import KassanetSimulator
import Postgres
import RPC
import Testing

@testable import KassanetGateway

/// What was planted must not come up again anywhere but at the register.
@Suite("Secrets and guest data stay where they belong", .timeLimit(.minutes(5)), .serialized)
struct SecretsTests {
    private static let key = "planted-signature-key"
    private static let token = "planted-token-77"
    private static let phone = "+32 470 98 76 54"
    private static let mail = "planted.guest@example.com"

    @Test("No log line, error, answer, activity entry or attempt tells a credential or a guest's phone (K3, K8)")
    func nothingIsTold() async throws {
        try await GatewayBed.with(total: .seconds(5)) {
            $0.signatureKey = Self.key
            $0.encryptionToken = Self.token
        } _: { bed in
            var said: [String] = []
            try await Backoffice.with(bed) { backoffice in
                let path = backoffice.integration()
                said.append(try await backoffice.call("POST", path, as: .first, bed.connectBody()).text)
                said.append(try await backoffice.call("POST", path, as: .first, wrongBody()).text)
                for step in steps {
                    if let fault = step { await bed.register.add(fault) }
                    for (name, body) in try writes() {
                        let procedure = "/\(PosGatewayV1.service)/\(name)"
                        said.append(try await backoffice.call("POST", procedure, as: .all, body).text)
                    }
                    await bed.register.clearFaults()
                    said.append(try await backoffice.call("GET", "\(path)/test", as: .first).text)
                    said.append(try await backoffice.call("GET", path, as: .first).text)
                }
                try await bed.register.setPower(on: false)
                for (name, body) in try writes() {
                    let procedure = "/\(PosGatewayV1.service)/\(name)"
                    said.append(try await backoffice.call("POST", procedure, as: .all, body).text)
                }
                said.append(try await backoffice.call("GET", "\(path)/test", as: .first).text)
                try await bed.register.setPower(on: true)
                said.append(try await backoffice.call("DELETE", path, as: .first).text)
            }
            // The register did get them, so there was something to tell.
            #expect(await bed.register.ledger.contains { $0.tableText.contains(Self.phone) })
            await bed.service.attempts.finishAll()
            for table in ["connections", "attempts", "activity"] {
                let rows = try await bed.postgres.query("SELECT t::text AS row FROM \(identifier: table) t")
                said += try rows.map { try $0["row", as: String.self] }
            }
            said += bed.logs.lines
            #expect(said.count > 60)
            for secret in [Self.key, Self.token, Self.phone, Self.mail] {
                #expect(said.filter { $0.contains(secret) } == [])
            }
        }
    }

    /// One round without a fault, then one for each way in which something goes wrong.
    private var steps: [RegisterFault?] {
        [nil]
            + [.refuse, .effectThenReset, .garbage, .wrongKey, .status, .redirect].map {
                RegisterFault($0, on: "CreateOrder")
            } + [RegisterFault(.status, on: "*", times: 0, status: 401), RegisterFault(.garbage, on: "*", times: 0)]
    }

    /// Credentials that are refused, each for a reason of its own.
    private func wrongBody() -> String {
        let long = Self.token + String(repeating: "y", count: 41)
        return
            #"{"base_url": "http://\#(Self.key)@x", "signature_key": "\#(Self.key)", "encryption_token": "\#(long)"}"#
    }

    /// An order with all of a guest's data, one that cannot be mapped, a look-up and a body that does not decode.
    private func writes() throws -> [(String, String)] {
        let guest = Guest(name: "Zoë", phone: Self.phone, email: Self.mail)
        let order = Place.first.place(.sample(guest: guest))
        var wrong = Place.first.place(
            .sample(guest: guest, items: [OrderItem(plu: "?", name: "Tea", unitPriceCents: 1)])
        )
        wrong.attemptId = UUID()
        func text(_ message: some Encodable) throws -> String {
            String(decoding: try RPCCoding.encode(message), as: UTF8.self)
        }
        return [
            ("PlaceOrder", try text(order)), ("PlaceOrder", try text(wrong)),
            ("GetAttempt", try text(Place.first.attempt(order.attemptId))),
            ("CheckPlacement", try text(Place.first.check(order.attemptId, .sample(guest: guest)))),
            ("SettleBill", try text(Place.first.pay(1))), ("PlaceOrder", try text(order) + "x"),
            (
                "PlaceOrder",
                try text(order).replacing(#""phone":"\#(Self.phone)""#, with: #""phone":["\#(Self.phone)"]"#)
            ),
        ]
    }
}
