import Foundation
import HTTPTypes
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
    /// Ends the taking of calls.
    package var drain: Drain { gate.drain }
    let served = ServedRoutes()

    package init(gate: CallGate) {
        self.gate = gate
        http = Router(context: ServiceRequestContext.self)
        http.add(middleware: ErrorAnswers(logger: gate.logger, served: served))
        http.add(middleware: SurplusRefusals())
    }

    /// What this router serves to callers, as its document describes it.
    package var operations: [APIOperation] { served.operations }

    /// Adds a route that this router serves to the document.
    func describe(_ operation: APIOperation) { served.note(operation) }

    /// Serves a procedure with its handler.
    ///
    /// Before the handler runs, the caller is known and may call this service for the message's merchant, the body is
    /// within its limits and decoded, and it is the caller's turn. The handler is cancelled at the deadline; that of a
    /// `readOnly` procedure also when its caller hangs up. Any other goes on then: the caller may have been cut off, and
    /// finds what came of its call when it asks again.
    package func serve<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        with handler: @escaping @Sendable (Message, CallContext) async throws -> Answer
    ) {
        let gate = gate
        served.note("POST", method.path)
        served.note(APIOperation(method))
        let metrics = ProcedureMetrics(method.path)
        http.post(RouterPath(method.path)) { request, requestContext in
            let observation = CallObservation(metrics, of: request)
            let connection = method.idempotency == .readOnly ? requestContext.connection : nil
            return await observation.answer(logger: gate.logger) { observed in
                let context = try gate.admit(request, as: observation.requestID, toService: method.service)
                observed.context = context
                try requireConnectJSON(request)
                let answer = try await withDeadline(context.deadline, interrupts: connection?.interrupt) {
                    let body = try await collect(request, upTo: method.maxRequestBytes)
                    return try await gate.calls.turn(of: context.caller.name) {
                        let message = try RPCCoding.decode(Message.self, from: body)
                        if let scoped = message as? any MerchantScoped {
                            try context.caller.requireAccess(to: scoped.merchantID)
                        }
                        return try await handler(message, context)
                    }
                }
                return try jsonResponse(.ok, answer, requestID: context.requestID)
            }
        }
    }
}

func requireConnectJSON(_ request: Request, as accepted: String = "application/json") throws(RPCError) {
    let contentType = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
    guard contentType?.trimmingCharacters(in: .whitespaces) == accepted else {
        throw .invalid([FieldProblem("Content-Type", "is not taken here", accepted: accepted)])
    }
    if let version = request.headers[.connectProtocolVersion], version != "1" {
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

func jsonResponse(_ status: HTTPResponse.Status, _ message: some Encodable, requestID: String) throws -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    headers[.requestID] = requestID
    return Response(
        status: status,
        headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: try RPCCoding.encode(message)))
    )
}

func errorResponse(_ error: RPCError, requestID: String) -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    headers[.requestID] = requestID
    if error.code == .unavailable || error.code == .resourceExhausted { headers[.retryAfter] = "1" }
    let body = (try? RPCCoding.encode(RPCErrorBody(error))) ?? Data(#"{"code":"internal"}"#.utf8)
    return Response(
        status: HTTPResponse.Status(code: error.code.httpStatus),
        headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
    )
}
