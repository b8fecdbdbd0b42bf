package import Foundation
package import HTTPTypes
package import Hummingbird
import Logging
import Metrics
import NIOCore
package import OpenAPI
package import RPC

/// The routes of a service: procedures declared in Contracts, and plain HTTP routes beside them.
package struct RPCRouter {
    package let http: Router<ServiceRequestContext>
    let gate: CallGate
    let served = ServedRoutes()

    package init(gate: CallGate) {
        self.gate = gate
        http = Router(context: ServiceRequestContext.self)
        http.add(middleware: ErrorAnswers(logger: gate.logger, served: served))
    }

    /// What this router serves to callers, as its document describes it.
    package var operations: [APIOperation] { served.operations }

    /// Adds a route that ``route(_:_:service:maxRequestBytes:with:)`` serves to the document.
    func describe(_ operation: APIOperation) { served.note(operation) }

    /// Serves a procedure with its handler.
    ///
    /// Before the handler runs, the caller is known and may call this service for the message's merchant, the body is
    /// within its limits and decoded. The handler is cancelled at the deadline.
    package func serve<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        with handler: @escaping @Sendable (Message, CallContext) async throws -> Answer
    ) {
        let gate = gate
        served.note("POST", method.path)
        served.note(APIOperation(method))
        http.post(RouterPath(method.path)) { request, _ in
            let observation = CallObservation(method.path, of: request)
            return await observation.answer(logger: gate.logger) { observed in
                let context = try gate.admit(request, as: observation.requestID, toService: method.service)
                observed.context = context
                try requireConnectJSON(request)
                let answer = try await withDeadline(context.deadline) {
                    let message = try await decode(Message.self, from: request, upTo: method.maxRequestBytes)
                    if let scoped = message as? any MerchantScoped {
                        try context.caller.requireAccess(to: scoped.merchantID)
                    }
                    return try await handler(message, context)
                }
                return try jsonResponse(.ok, answer, requestID: context.requestID)
            }
        }
    }

    /// Serves a plain HTTP route, such as a backoffice one, behind the same door.
    ///
    /// `path`: with parameters in braces, as in `/orders/{orderId}`.
    /// `service`: the name that a caller's token must list.
    /// `maxRequestBytes`: the longest body that is read.
    package func route<Answer: Encodable & Sendable>(
        _ verb: HTTPRequest.Method,
        _ path: String,
        service: String,
        maxRequestBytes: Int = 64 * 1024,
        with handler: @escaping @Sendable (RouteCall, CallContext) async throws -> Answer
    ) {
        let gate = gate
        served.note(verb.rawValue, path)
        http.on(RouterPath(path), method: verb) { request, requestContext in
            let parameters = requestContext.parameters
            let observation = CallObservation("\(verb.rawValue) \(path)", of: request)
            return await observation.answer(logger: gate.logger) { observed in
                let context = try gate.admit(request, as: observation.requestID, toService: service)
                observed.context = context
                let answer = try await withDeadline(context.deadline) {
                    let body = try await collect(request, upTo: maxRequestBytes)
                    let call = RouteCall(
                        parameters: parameters,
                        headers: request.headers,
                        query: request.uri.queryParameters,
                        body: body
                    )
                    return try await handler(call, context)
                }
                return try jsonResponse(.ok, answer, requestID: context.requestID)
            }
        }
    }
}

/// One call of a plain route: what stands in its path, its headers and its body.
package struct RouteCall: Sendable {
    package let parameters: Parameters
    package let headers: HTTPFields
    package let query: Parameters
    package let body: Data

    /// The body as a message; an empty body counts as `{}`.
    package func decode<Message: Decodable>(_ type: Message.Type) throws(RPCError) -> Message {
        try RPCCoding.decode(type, from: body.isEmpty ? Data("{}".utf8) : body)
    }
}

func requireConnectJSON(_ request: Request, as accepted: String = "application/json") throws(RPCError) {
    let contentType = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
    guard contentType?.trimmingCharacters(in: .whitespaces) == accepted else {
        throw .invalid([FieldProblem("Content-Type", "is not taken here", accepted: accepted)])
    }
    if let version = request.headers[named: "Connect-Protocol-Version"], version != "1" {
        throw .invalid([FieldProblem("Connect-Protocol-Version", "is not supported", accepted: "1")])
    }
}

func collect(_ request: Request, upTo limit: Int) async throws -> Data {
    do {
        let buffer = try await request.body.collect(upTo: limit)
        return Data(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
        throw RPCError(
            .resourceExhausted,
            "The body is longer than the \(limit) bytes that are read here.",
            reason: "body_too_large",
            nextAction: .fixRequest
        )
    }
}

private func decode<Message: Decodable>(
    _ type: Message.Type,
    from request: Request,
    upTo limit: Int
) async throws -> Message {
    try RPCCoding.decode(type, from: try await collect(request, upTo: limit))
}

func jsonResponse(_ status: HTTPResponse.Status, _ message: some Encodable, requestID: String) throws -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    headers[named: "x-request-id"] = requestID
    return Response(
        status: status,
        headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: try RPCCoding.encode(message)))
    )
}

func errorResponse(_ error: RPCError, requestID: String) -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    headers[named: "x-request-id"] = requestID
    if error.code == .unavailable || error.code == .resourceExhausted { headers[.retryAfter] = "1" }
    let body = (try? RPCCoding.encode(RPCErrorBody(error))) ?? Data(#"{"code":"internal"}"#.utf8)
    return Response(
        status: HTTPResponse.Status(code: error.code.httpStatus),
        headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
    )
}
