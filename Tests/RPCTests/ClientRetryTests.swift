import AsyncHTTPClient
import Foundation
import RPC
import RPCClient
import RPCServer
import TestBed
import Testing

/// What the client does by itself when no good answer came.
@Suite(.timeLimit(.minutes(5))) struct ClientRetryTests {
    private static let procedures = [EchoV1.say, EchoV1.keep, EchoV1.look]

    /// Serves each kind of procedure with a failure, and counts what arrives.
    private func withFailure(
        _ failing: @escaping @Sendable (_ call: Int) -> RPCError?,
        _ body: @escaping @Sendable (RPCBed, Tally<Void>) async throws -> Void
    ) async throws {
        let calls = Tally<Void>()
        try await RPCBed.with { router in
            for procedure in Self.procedures {
                router.serve(procedure) { request, _ in
                    if let error = failing(calls.note()) { throw error }
                    return SayResponse(text: request.text)
                }
            }
        } _: { bed in
            try await body(bed, calls)
        }
    }

    @Test(arguments: [(EchoV1.say.name, 1), (EchoV1.keep.name, 3), (EchoV1.look.name, 3)])
    func onlyWhatTheContractCallsIdempotentIsSentAgain(name: String, arrivals: Int) async throws {
        try await withFailure({ _ in RPCError(.unavailable, "Not now.", reason: "draining") }) { bed, calls in
            let procedure = try #require(Self.procedures.first { $0.name == name })
            let error = await failure { _ = try await bed.client.call(procedure, SayRequest("hi"), context: .test) }
            #expect(error?.code == .unavailable)
            #expect(error?.reason == "draining")
            #expect(calls.count == arrivals)
        }
    }

    @Test(arguments: RPCCode.allCases.filter { $0 != .unavailable })
    func nothingButUnavailableIsTriedAgain(code: RPCCode) async throws {
        try await withFailure({ _ in RPCError(code, "No.") }) { bed, calls in
            let error = await failure { _ = try await bed.client.call(EchoV1.look, SayRequest("hi"), context: .test) }
            #expect(error?.code == code)
            #expect(calls.count == 1)
        }
    }

    @Test func aSecondTryMaySucceed() async throws {
        try await withFailure({ $0 < 3 ? RPCError(.unavailable, "Not now.") : nil }) { bed, calls in
            let answer = try await bed.client.call(EchoV1.keep, SayRequest("hi"), context: .test)
            #expect(answer.text == "hi")
            #expect(calls.count == 3)
        }
    }

    @Test func retriesEndWithTheDeadline() async throws {
        try await withFailure({ _ in RPCError(.unavailable, "Not now.", reason: "draining") }) { bed, calls in
            // Enough for the first try, never enough for the longer pause after the second.
            let context = CallContext.test.limited(to: .milliseconds(190))
            let error = await failure { _ = try await bed.client.call(EchoV1.keep, SayRequest("hi"), context: context) }
            #expect(error?.code == .unavailable || error?.code == .deadlineExceeded)
            #expect(calls.count <= 2)
        }
    }

    @Test func aRefusedConnectionIsToldAtOnce() async throws {
        try await RPCBed.with { _ in
        } _: { bed in
            let nobody = bed.client(port: try TestBed.freePort())
            var times: [Duration] = []
            for procedure in Self.procedures {
                let start = ContinuousClock.now
                let error = await failure { _ = try await nobody.call(procedure, SayRequest("hi"), context: .test) }
                times.append(.now - start)
                #expect(error?.code == .unavailable)
                #expect(error?.reason == "service_unreachable")
                #expect(error?.nextAction == .retry)
            }
            // AsyncHTTPClient alone would try for six seconds each time. A busy machine makes single calls slow, not all.
            #expect(times.contains { $0 < .seconds(5) }, "\(times)")
        }
    }

    @Test(arguments: [(EchoV1.say.name, 1), (EchoV1.keep.name, 3)])
    func aConnectionThatIsLostAfterTheRequestIsNotCalledUnreachable(name: String, arrivals: Int) async throws {
        try await withFailure({ _ in nil }) { bed, calls in
            let procedure = try #require(Self.procedures.first { $0.name == name })
            let proxy = try FaultProxy(to: .port(bed.port))
            proxy.behave(.loseAnswer(to: "merchantId"))
            let client = bed.client(port: proxy.port)
            let error = await failure { _ = try await client.call(procedure, SayRequest("hi"), context: .test) }
            proxy.stop()
            #expect(error?.code == .unavailable)
            #expect(error?.reason == "connection_lost")
            #expect(calls.count == arrivals)
        }
    }

    @Test func cancellingTheCallEndsIt() async throws {
        let (arrived, arrive) = AsyncStream.makeStream(of: Void.self)
        let (held, release) = AsyncStream.makeStream(of: Never.self)
        try await RPCBed.with { router in
            router.serve(EchoV1.keep) { _, _ in
                arrive.yield()
                for await _ in held {}
                return SayResponse(text: "")
            }
        } _: { bed in
            let call = Task { try await bed.client.call(EchoV1.keep, SayRequest("hi"), context: .test) }
            for await _ in arrived { break }
            call.cancel()
            let error = await failure { _ = try await call.value }
            #expect(error?.code == .canceled)
            // The server ends after its handlers, and a write goes on to its end.
            release.finish()
        }
    }
}
