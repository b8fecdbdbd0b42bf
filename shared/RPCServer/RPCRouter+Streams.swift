import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OpenAPI
package import RPC

extension RPCRouter {
    /// Serves a streaming procedure with its handler, which sends elements through the writer until it returns.
    ///
    /// What holds for a unary handler holds here too. In addition the handler is cancelled when the reader hangs up,
    /// takes nothing for the contract's idle limit, or when the handler itself sends nothing for that long. What it
    /// throws becomes the end of the stream, after the elements it sent.
    package func serve<Message, Element>(
        _ stream: RPCStream<Message, Element>,
        with handler: @escaping @Sendable (Message, CallContext, RPCStreamWriter<Element>) async throws -> Void
    ) {
        let gate = gate
        served.note("POST", stream.path)
        served.note(APIOperation(stream))
        http.post(RouterPath(stream.path)) { request, requestContext in
            let observation = CallObservation(stream.path, of: request)
            do throws(RPCError) {
                try requireConnectJSON(request, as: ConnectStreaming.contentType)
            } catch {
                return await observation.answer(logger: gate.logger) { _ in throw error }
            }
            var headers: HTTPFields = [.contentType: ConnectStreaming.contentType]
            headers[named: "x-request-id"] = observation.requestID
            let connection = requestContext.connection
            let eventLoop = requestContext.eventLoop
            let body = ResponseBody { writer in
                let output = StreamOutput(writer, on: eventLoop)
                try await observation.stream(into: output, logger: gate.logger) { observed in
                    let context = try gate.admit(
                        request,
                        as: observation.requestID,
                        toService: stream.service,
                        most: stream.maxDuration
                    )
                    observed.context = context
                    let message: Message = try await withDeadline(Deadline(after: stream.idleLimit)) {
                        try RPCCoding.decode(
                            Message.self,
                            from: try ConnectStreaming.onlyMessage(
                                in: try await collect(
                                    request,
                                    upTo: stream.maxRequestBytes + ConnectStreaming.prefixLength
                                )
                            )
                        )
                    }
                    if let scoped = message as? any MerchantScoped {
                        try context.caller.requireAccess(to: scoped.merchantID)
                    }
                    let elements = RPCStreamWriter<Element>(output: output, maxElementBytes: stream.maxElementBytes)
                    try await whileRead(output, by: connection, stream.idleLimit, until: context.deadline) {
                        try await handler(message, context, elements)
                    }
                }
            }
            return Response(status: .ok, headers: headers, body: body)
        }
    }
}

/// Runs the handler as long as somebody reads what it sends and it sends something.
private func whileRead(
    _ output: StreamOutput,
    by connection: ServedConnection?,
    _ idleLimit: Duration,
    until deadline: Deadline,
    _ handler: @escaping @Sendable () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await handler() }
        group.addTask { try await output.watch(idleLimit, until: deadline) }
        if let connection {
            group.addTask {
                await connection.untilGone()
                throw StreamCut.hungUp
            }
        }
        defer { group.cancelAll() }
        try await group.next()
    }
}

extension CallObservation {
    /// Runs a stream to its end, tells the client how it ended, and counts and logs it like any call.
    ///
    /// Throws only where nothing more can be written; the connection is then closed.
    func stream(into output: StreamOutput, logger: Logger, _ body: (Observed) async throws -> Void) async throws {
        let observed = Observed()
        let start = ContinuousClock.now
        var failure: RPCError?
        var cut: StreamCut?
        do {
            try await body(observed)
        } catch {
            cut = error as? StreamCut
            failure = cut?.rpcError ?? RPCError(mapping: error)
        }
        defer { record(failure, took: .now - start, logger: logger, observed: observed, elements: output.messages) }
        if let cut { throw cut }
        var metadata = ["x-request-id": [requestID]]
        if failure?.code == .unavailable || failure?.code == .resourceExhausted { metadata["retry-after"] = ["1"] }
        let end = ConnectStreaming.EndOfStream(error: failure.map(RPCErrorBody.init), metadata: metadata)
        var buffer = ByteBuffer()
        buffer.writeEnvelope(ConnectStreaming.Flags.endOfStream, try RPCCoding.encode(end))
        let last = buffer
        do {
            try await withDeadline(Deadline(after: .seconds(5))) { try await output.finish(last) }
        } catch {
            failure = failure ?? StreamCut.hungUp.rpcError
            throw error
        }
    }
}
