package import HTTPTypes
package import OpenAPI
package import RPC

/// One operation of a service together with the method that does it.
///
/// A service lists its endpoints once, as values: what is served and what its document says are the same list, and the
/// document can be written without anything running.
package struct Endpoint<Handler: Sendable>: Sendable {
    package let operation: APIOperation
    fileprivate let serve: @Sendable (Handler, RPCRouter) -> Void

    /// A procedure, and the method of the handler that answers it.
    package static func procedure<Message, Answer>(
        _ method: RPCMethod<Message, Answer>,
        _ answer: @escaping @Sendable (Handler) -> @Sendable (Message, CallContext) async throws -> Answer
    ) -> Endpoint {
        Endpoint(operation: APIOperation(method)) { handler, router in
            router.serve(method, with: answer(handler))
        }
    }

    /// What writes the elements of a stream.
    package typealias StreamHandler<Message, Element: Codable & Sendable> =
        @Sendable (Message, CallContext, RPCStreamWriter<Element>) async throws -> Void

    /// A procedure that answers with a stream, and the method of the handler that writes it.
    package static func stream<Message, Element>(
        _ stream: RPCStream<Message, Element>,
        _ write: @escaping @Sendable (Handler) -> StreamHandler<Message, Element>
    ) -> Endpoint {
        Endpoint(operation: APIOperation(stream)) { handler, router in
            router.serve(stream, with: write(handler))
        }
    }

    /// A plain HTTP route, and the method of the handler that answers it.
    ///
    /// `path`: with parameters in braces, each described in `parameters`.
    /// `id`: unique within the service's document.
    /// `request`: the type the handler decodes the body as; `nil` where it reads none.
    package static func route<Answer: Codable & Sendable>(
        _ verb: HTTPRequest.Method,
        _ path: String,
        service: String,
        id: String,
        summary: String,
        parameters: [APIParameter] = [],
        request: WireType? = nil,
        _ answer: @escaping @Sendable (Handler) -> @Sendable (RouteCall, CallContext) async throws -> Answer
    ) -> Endpoint {
        let operation = APIOperation(
            verb.rawValue,
            path,
            service: service,
            id: id,
            summary: summary,
            parameters: parameters,
            request: request,
            response: WireType(Answer.self)
        )
        return Endpoint(operation: operation) { handler, router in
            router.route(verb, path, service: service, with: answer(handler))
            router.describe(operation)
        }
    }

    /// A plain HTTP route that answers a file by GET, and the method of the handler that makes it.
    ///
    /// `mediaType`: what the handler's ``RouteFile`` is, such as `application/pdf`. The rest as in
    /// ``route(_:_:service:id:summary:parameters:request:_:)``.
    package static func file(
        _ mediaType: String,
        _ path: String,
        service: String,
        id: String,
        summary: String,
        parameters: [APIParameter] = [],
        _ answer: @escaping @Sendable (Handler) -> @Sendable (RouteCall, CallContext) async throws -> RouteFile
    ) -> Endpoint {
        let operation = APIOperation(
            file: mediaType,
            path,
            service: service,
            id: id,
            summary: summary,
            parameters: parameters
        )
        return Endpoint(operation: operation) { handler, router in
            router.file(mediaType, path, service: service, with: answer(handler))
            router.describe(operation)
        }
    }
}

extension RPCRouter {
    /// Serves all endpoints, each by its method of the handler.
    package func serve<Handler>(_ endpoints: [Endpoint<Handler>], by handler: Handler) {
        for endpoint in endpoints { endpoint.serve(handler, self) }
    }
}
