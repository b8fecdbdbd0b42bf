import HTTPTypes
import Hummingbird
import Logging
import Metrics
import RPC

/// Sees one call from its first header to its answer: maps what it throws, counts it, times it, logs it.
struct CallObservation {
    /// The path as it is declared, never as it was sent: it becomes a metric label.
    let procedure: String
    /// Goes into every answer and every log line, a refusal's too.
    let requestID: String

    init(_ procedure: String, of request: Request) {
        self.procedure = procedure
        requestID = CallGate.requestID(of: request)
    }

    /// What becomes known of the call while it is let in.
    final class Observed {
        var context: CallContext?
    }

    func answer(logger: Logger, _ body: (Observed) async throws -> Response) async -> Response {
        let observed = Observed()
        let start = ContinuousClock.now
        var failure: RPCError?
        var response: Response
        do {
            response = try await body(observed)
        } catch {
            let mapped = RPCError(mapping: error)
            failure = mapped
            response = errorResponse(mapped, requestID: requestID)
        }
        record(failure, took: .now - start, logger: logger, observed: observed)
        return response
    }

    /// Counts, times and logs a call that is over; `elements` is how many a stream sent.
    func record(
        _ failure: RPCError?,
        took duration: Duration,
        logger: Logger,
        observed: Observed,
        elements: Int? = nil
    ) {
        let logger = observed.context?.logger ?? logger
        let code = failure?.code.rawValue ?? "ok"
        Counter(label: "rpc_calls_total", dimensions: [("procedure", procedure), ("code", code)]).increment()
        Metrics.Timer(label: "rpc_call_seconds", dimensions: [("procedure", procedure)])
            .recordNanoseconds(
                duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
            )
        var metadata: Logger.Metadata = [
            "request_id": "\(requestID)", "procedure": "\(procedure)", "code": "\(code)",
            "duration_ms": "\(duration.milliseconds)",
        ]
        if let caller = observed.context?.caller { metadata["caller"] = "\(caller.name)" }
        if let elements { metadata["elements"] = "\(elements)" }
        guard let failure else {
            logger.debug("Call answered", metadata: metadata)
            return
        }
        metadata["reason"] = failure.reason.map { "\($0)" }
        if let cause = failure.cause { metadata["cause"] = "\(String(reflecting: cause))" }
        switch failure.code {
        case .internal, .unknown, .dataLoss: logger.error("Call failed", metadata: metadata)
        case .unavailable, .resourceExhausted, .deadlineExceeded: logger.warning("Call failed", metadata: metadata)
        default: logger.info("Call refused", metadata: metadata)
        }
    }
}

/// Gives what no route answered (an unknown path, a broken request) the same error body as everything else.
struct ErrorAnswers: RouterMiddleware {
    let logger: Logger
    let served: ServedRoutes

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            let verbs = served.verbs(of: request.uri.path)
            guard verbs.isEmpty else { return wrongVerb(request, accepted: verbs) }
            return errorResponse(
                RPCError(
                    .unimplemented,
                    "There is no \(request.method.rawValue) procedure at this path. Check the service, the version and the name.",
                    reason: "unknown_procedure",
                    nextAction: .fixRequest
                ),
                requestID: CallGate.requestID(of: request)
            )
        } catch {
            let requestID = CallGate.requestID(of: request)
            logger.error(
                "Request failed outside any route",
                metadata: ["request_id": "\(requestID)", "cause": "\(String(reflecting: error))"]
            )
            return errorResponse(RPCError(mapping: error), requestID: requestID)
        }
    }

    private func wrongVerb(_ request: Request, accepted verbs: [String]) -> Response {
        let list = verbs.joined(separator: ", ")
        var response = errorResponse(
            RPCError(
                .unimplemented,
                "This path is not called by \(request.method.rawValue). Call it by \(list).",
                reason: "wrong_http_method",
                nextAction: .fixRequest
            ),
            requestID: CallGate.requestID(of: request)
        )
        response.status = HTTPResponse.Status(code: RPCCode.wrongVerbStatus)
        response.headers[.allow] = list
        return response
    }
}
