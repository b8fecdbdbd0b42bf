import HTTPTypes
import Hummingbird
import Logging
import RPC

/// Sees one call from its first header to its answer: maps what it throws, counts it, times it, logs it.
struct CallObservation {
    let metrics: ProcedureMetrics
    /// Goes into every answer and every log line, a refusal's too.
    let requestID: String

    init(_ metrics: ProcedureMetrics, of request: Request) {
        self.metrics = metrics
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
        metrics.record(failure?.code, took: duration)
        guard failure != nil || logger.logLevel <= .debug else { return }
        let code = failure?.code.rawValue ?? "ok"
        var metadata: Logger.Metadata = [
            "request_id": "\(requestID)", "procedure": "\(metrics.procedure)", "code": "\(code)",
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

/// Tells a caller whose connection is one too many so, whatever it asked for but the service's health.
struct SurplusRefusals: RouterMiddleware {
    private static let health: Set<String> = ["/healthz", "/readyz", "/metrics"]

    func handle(
        _ request: Request,
        context: ServiceRequestContext,
        next: (Request, ServiceRequestContext) async throws -> Response
    ) async throws -> Response {
        guard context.connection?.isSurplus == true, !Self.health.contains(request.uri.path) else {
            return try await next(request, context)
        }
        return errorResponse(
            RPCError(
                .unavailable,
                "The service has as many connections as it takes. Try again in a moment, or keep fewer open.",
                reason: "too_many_connections",
                nextAction: .retry
            ),
            requestID: CallGate.requestID(of: request)
        )
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
