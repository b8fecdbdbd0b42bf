import Foundation
package import HTTPTypes
import Hummingbird
import NIOCore
package import RPC

extension RPCRouter {
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
        respond(to: verb, path, service: service, maxRequestBytes: maxRequestBytes) { call, context, _ in
            try jsonResponse(.ok, try await handler(call, context), requestID: context.requestID)
        }
    }

    /// Serves a plain HTTP route that answers a file by GET, behind the same door.
    ///
    /// Who has the file already, by `If-None-Match`, is told so. What the handler throws is answered as everywhere; a file
    /// that fails while it is being sent breaks the connection off, so that nobody takes half of it for the whole.
    package func file(
        _ mediaType: String,
        _ path: String,
        service: String,
        with handler: @escaping @Sendable (RouteCall, CallContext) async throws -> RouteFile
    ) {
        respond(to: .get, path, service: service) { call, context, eventLoop in
            try await handler(call, context).response(mediaType, to: call, context, on: eventLoop)
        }
    }

    private func respond(
        to verb: HTTPRequest.Method,
        _ path: String,
        service: String,
        maxRequestBytes: Int = 64 * 1024,
        with handler: @escaping @Sendable (RouteCall, CallContext, any EventLoop) async throws -> Response
    ) {
        let gate = gate
        let metrics = ProcedureMetrics("\(verb.rawValue) \(path)")
        served.note(verb.rawValue, path)
        http.on(RouterPath(path), method: verb) { request, requestContext in
            let parameters = requestContext.parameters
            let eventLoop = requestContext.eventLoop
            let observation = CallObservation(metrics, of: request)
            return await observation.answer(logger: gate.logger) { observed in
                let context = try gate.admit(request, as: observation.requestID, toService: service)
                observed.context = context
                return try await withDeadline(context.deadline) {
                    let body = try await collect(request, upTo: maxRequestBytes)
                    let call = RouteCall(
                        parameters: parameters,
                        headers: request.headers,
                        query: request.uri.queryParameters,
                        body: body
                    )
                    return try await gate.calls.turn(of: context.caller.name) {
                        try await handler(call, context, eventLoop)
                    }
                }
            }
        }
    }
}
