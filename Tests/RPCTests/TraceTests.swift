import Foundation
import Logging
import RPC
import RPCClient
import RPCServer
import Testing

/// The ids that tie the log lines of one call together, from hop to hop.
@Suite(.timeLimit(.minutes(5))) struct TraceTests {
    private static let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private struct Seen: Sendable {
        var requestID: String
        var trace: TraceParent
    }

    private func withSeen(_ body: @escaping @Sendable (RPCBed, Tally<Seen>) async throws -> Void) async throws {
        let seen = Tally<Seen>()
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { _, context in
                seen.note(Seen(requestID: context.requestID, trace: context.trace))
                return SayResponse(text: "")
            }
        } _: { bed in
            try await body(bed, seen)
        }
    }

    @Test func idsFromOutsideAreKept() async throws {
        try await withSeen { bed, seen in
            let answer = try await bed.post(headers: ["x-request-id": "order-7/a", "traceparent": Self.sent])
            #expect(answer.header("x-request-id") == "order-7/a")
            let seen = try #require(seen.all.first)
            #expect(seen.requestID == "order-7/a")
            #expect(seen.trace.traceID == "0af7651916cd43dd8448eb211c80319c")
            #expect(seen.trace.spanID != "b7ad6b7169203331")
            #expect(seen.trace.isSampled)
        }
    }

    @Test func aCallWithoutIdsGetsThem() async throws {
        try await withSeen { bed, seen in
            let answer = try await bed.post()
            #expect(answer.header("x-request-id") == seen.all.first?.requestID)
            #expect(seen.all.first.flatMap { UUID(uuidString: $0.requestID) } != nil)
            #expect(seen.all.first.flatMap { TraceParent($0.trace.description) } == seen.all.first?.trace)
        }
    }

    @Test(arguments: ["", "two words", "quo\"te", "back\\slash", "é", String(repeating: "x", count: 129)])
    func aRequestIDThatIsUnsafeToLogIsReplaced(id: String) async throws {
        try await withSeen { bed, seen in
            let answer = try await bed.post(headers: ["x-request-id": id])
            #expect(seen.all.first.flatMap { UUID(uuidString: $0.requestID) } != nil)
            #expect(answer.header("x-request-id") == seen.all.first?.requestID)
        }
    }

    @Test func aRefusedCallIsFoundByItsRequestIDToo() async throws {
        try await withSeen { bed, _ in
            let stranger = try await bed.post(headers: ["x-request-id": "order-7", "authorization": nil])
            #expect(stranger.status == 401)
            #expect(stranger.header("x-request-id") == "order-7")
            let wrong = try await bed.post(body: "{".utf8, headers: ["x-request-id": "order-8"])
            #expect(wrong.status == 400)
            #expect(wrong.header("x-request-id") == "order-8")
        }
    }

    @Test func eachHopHasASpanOfItsOwnInTheSameTrace() async throws {
        try await withSeen { inner, seen in
            let seenOutside = Tally<TraceParent>()
            try await RPCBed.with { router in
                router.serve(EchoV1.keep) { request, context in
                    seenOutside.note(context.trace)
                    return try await inner.client.call(EchoV1.say, request, context: context)
                }
            } _: { outer in
                let context = CallContext.test
                _ = try await outer.client.call(EchoV1.keep, SayRequest(""), context: context)
                let hops = [context.trace] + seenOutside.all + seen.all.map(\.trace)
                #expect(hops.count == 3)
                #expect(Set(hops.map(\.traceID)) == [context.trace.traceID])
                #expect(Set(hops.map(\.spanID)).count == 3)
                #expect(seen.all.first?.requestID == context.requestID)
            }
        }
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319\u{63}\u{301}-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
    ])
    func aMalformedTraceParentStartsATraceOfItsOwn(header: String) async throws {
        #expect(TraceParent(header) == nil)
        try await withSeen { bed, seen in
            _ = try await bed.post(headers: ["traceparent": header])
            #expect(seen.all.first.map { $0.trace.traceID != "0af7651916cd43dd8448eb211c80319c" } == true)
        }
    }

    @Test func everyLogLineCarriesTheIDs() {
        let logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        let context = CallContext.background(timeout: .seconds(1), logger: logger)
        #expect(context.logger[metadataKey: "request_id"] == "\(context.requestID)")
        #expect(context.logger[metadataKey: "trace_id"] == "\(context.trace.traceID)")
    }

    @Test func aTraceParentIsWrittenAsItWasRead() {
        #expect(TraceParent(Self.sent)?.description == Self.sent)
        #expect(TraceParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")?.isSampled == false)
        // A later version may say more behind what this one knows.
        #expect(TraceParent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more") != nil)
    }
}
