import AsyncHTTPClient
import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import RPC
import RPCClient
import RPCServer
import Secrets
import ServerBed

@testable import TableAllocator
@testable import TableAllocatorStorage

/// The service with its backoffice routes over HTTP, and callers with less than everything.
struct CodeServer: Sendable {
    static let address = "https://order.upvendo.example/t/{code}"

    /// Callers by what they are for; each has a token of its name.
    enum Token: String, CaseIterable {
        /// Acts for `m1`.
        case first = "token-of-merchant-m1"
        /// Acts for `m2`.
        case second = "token-of-merchant-m2"
        /// Acts for everyone.
        case all = "token-of-all-merchants"
        /// May call procedures only.
        case router = "token-of-order-router"

        fileprivate var caller: Caller {
            let merchants: Allowance<MerchantID> =
                switch self {
                case .first: .only([Place.first.merchant])
                case .second: .only([Place.namesake.merchant])
                case .all, .router: .all
                }
            let services: Allowance<String> = self == .router ? .only([TableAllocatorV1.service]) : .all
            return Caller(name: rawValue, services: services, merchants: merchants)
        }
    }

    struct Answer {
        let status: Int
        /// By name, in small letters.
        let headers: [String: String]
        let body: Data

        var error: RPCErrorBody? { try? JSONDecoder().decode(RPCErrorBody.self, from: body) }
    }

    let baseURL: String

    /// Serves the bed's service on a port of its own while the body runs.
    static func with(
        _ bed: AllocatorBed,
        address: String? = address,
        _ body: (CodeServer) async throws -> Void
    ) async throws {
        let callers = try CallerDirectory(
            Token.allCases.map { .init(caller: $0.caller, tokens: [Secret($0.rawValue)]) }
        )
        let router = RPCRouter(gate: CallGate(callers: callers, maxTimeout: .seconds(60), logger: AllocatorBed.logger))
        TableAllocatorService(
            leases: bed.store,
            sections: bed.sections,
            codes: bed.codes,
            sweeps: bed.sweeps,
            registers: [:],
            policy: AllocatorBed.policy
        ).serve(on: router)
        TableRoutes(codes: bed.codes, address: try address.map { try QRAddress($0) }).serve(on: router)
        try await router.whileServed(logger: AllocatorBed.logger) { _, port in
            try await body(CodeServer(baseURL: "http://127.0.0.1:\(port)"))
        }
    }

    /// A file of the backoffice routes, below the location's.
    func get(
        _ path: String,
        as token: Token = .first,
        merchant: String? = nil,
        known tag: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(baseURL)/api/backoffice/tables/\(path)")
        request.headers = ["Authorization": "Bearer \(token.rawValue)"]
        if let merchant { request.headers.add(name: "x-merchant-id", value: merchant) }
        if let tag { request.headers.add(name: "If-None-Match", value: tag) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 50_000_000)
        return Answer(
            status: Int(response.status.code),
            headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { $1 },
            body: Data(body.readableBytesView)
        )
    }

    /// Calls a procedure; throws its ``RPCError``.
    func call<Request, Response>(
        _ method: RPCMethod<Request, Response>,
        _ request: Request,
        as token: Token = .first
    ) async throws -> Response {
        try await RPCClient(baseURL: baseURL, token: Secret(token.rawValue), http: .shared)
            .call(method, request, context: .test)
    }

    /// What a procedure refuses the request with; `nil` where it does not.
    func refusal<Request, Response>(
        _ method: RPCMethod<Request, Response>,
        _ request: Request,
        as token: Token = .first
    ) async -> RPCError? {
        do {
            _ = try await call(method, request, as: token)
            return nil
        } catch {
            return error as? RPCError
        }
    }
}
