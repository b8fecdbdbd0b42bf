import AsyncHTTPClient
import Contracts
import Foundation
import KassanetSimulator
import NIOCore
import NIOHTTP1
import RPC
import RPCClient
import RPCServer
import Secrets
import ServerBed

@testable import KassanetGateway

/// The gateway as it is served, and a backoffice that calls it over HTTP.
struct Backoffice: Sendable {
    let baseURL: String

    /// Callers by what they are for; each has a token of its name.
    enum Token: String, CaseIterable {
        /// Acts for `merchant-1`.
        case first = "token-of-merchant-1"
        /// Acts for `merchant-2`.
        case second = "token-of-merchant-2"
        /// Acts for both.
        case both = "token-of-both-merchants"
        /// Acts for everyone.
        case all = "token-of-all-merchants"
        /// May call the RPC service only.
        case router = "token-of-order-router"
        /// Nobody's.
        case unknown = "token-of-nobody-at-all"

        fileprivate var caller: Caller? {
            let merchants: Allowance<MerchantID> =
                switch self {
                case .first: .only([Place.first.merchant])
                case .second: .only([Place.elsewhere.merchant])
                case .both: .only([Place.first.merchant, Place.elsewhere.merchant])
                case .all, .router, .unknown: .all
                }
            let services = self == .router ? PosGatewayV1.service : BackofficeRoutes.service
            let allowed: Allowance<String> = self == .all ? .all : .only([services])
            return self == .unknown ? nil : Caller(name: rawValue, services: allowed, merchants: merchants)
        }
    }

    struct Answer {
        let status: Int
        let text: String

        /// The answer's JSON, read by path: `answer["connection", "status"]`.
        subscript(path: String...) -> String? {
            var value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
            for key in path { value = (value as? [String: Any])?[key] }
            return value.map { "\($0)" }
        }

        var error: RPCErrorBody? { try? JSONDecoder().decode(RPCErrorBody.self, from: Data(text.utf8)) }
    }

    /// Serves the bed's gateway on a port of its own while the body runs; `now` is the clock of its views.
    static func with(
        _ bed: GatewayBed,
        now: @escaping @Sendable () -> Date = { Date() },
        _ body: (Backoffice) async throws -> Void
    ) async throws {
        let callers = try CallerDirectory(
            Token.allCases.compactMap { token in
                token.caller.map { .init(caller: $0, tokens: [Secret(token.rawValue)]) }
            }
        )
        let gate = CallGate(callers: callers, maxTimeout: .seconds(60), logger: bed.logs.logger)
        let router = RPCRouter(gate: gate)
        bed.service.serve(on: router)
        BackofficeRoutes(connections: bed.connections, activity: bed.activity, tester: bed.tester, now: now)
            .serve(on: router)
        try await router.whileServed(logger: bed.logs.logger) { _, port in
            try await body(Backoffice(baseURL: "http://127.0.0.1:\(port)"))
        }
    }

    func call(
        _ method: String,
        _ path: String,
        as token: Token = .first,
        merchant: String? = nil,
        _ body: String = ""
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(baseURL)\(path)")
        request.method = .init(rawValue: method)
        request.headers = ["Authorization": "Bearer \(token.rawValue)", "Content-Type": "application/json"]
        if let merchant { request.headers.add(name: "x-merchant-id", value: merchant) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = try await response.body.collect(upTo: 1_000_000)
        return Answer(status: Int(response.status.code), text: String(buffer: text))
    }

    func integration(_ provider: String = "vanhoutte", _ location: String = "location-1") -> String {
        "/api/backoffice/kassanet/\(provider)/\(location)"
    }
}

extension GatewayBed {
    /// The body of a connect call that fits the bed's register.
    func connectBody(_ more: String = "") -> String {
        """
        {"base_url": "\(register.baseURL)/", "signature_key": "\(secrets.signatureKey.reveal())",
         "encryption_token": "\(secrets.encryptionToken.reveal())", "enable_encryption": true\(more)}
        """
    }
}
