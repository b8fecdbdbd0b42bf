import Foundation
import Hummingbird
import NIOCore
import RPC
import RPCClient
import RPCServer
import Secrets
import TestBed
import Testing

/// What one caller may take from a service, and what happens to the rest.
@Suite(.timeLimit(.minutes(5))) struct ServerLimitTests {
    private static let token = "Authorization: Bearer \(RPCBed.token)\r\nContent-Type: application/json\r\n"
    private static let body = #"{"merchantId":"m1","text":"hi"}"#

    private static func post(_ path: String = EchoV1.say.path, headers: String = token, length: Int? = nil) -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\n\(headers)Content-Length: \(length ?? body.utf8.count)\r\n\r\n"
    }

    private static func echo(_ router: RPCRouter) {
        router.serve(EchoV1.say) { request, _ in SayResponse(text: request.text) }
        router.http.get("/healthz") { _, _ in "ok" }
    }

    // MARK: Time

    // F34: slowloris.
    @Test("Headers that come a byte at a time are cut off at the header limit, on a used connection too")
    func drippedHeadersAreCutOff() async throws {
        let limits = ServerLimits(headerTimeout: .milliseconds(300))
        try await RPCBed.with(server: limits, Self.echo) { bed in
            for isUsed in [false, true] {
                let connection = try RawConnection(port: bed.port)
                defer { connection.close() }
                if isUsed {
                    connection.send(Self.post() + Self.body)
                    #expect(await connection.read(until: #""hi""#).hasPrefix("HTTP/1.1 200"))
                }
                let drip = Task {
                    for byte in Self.post().utf8 {
                        guard connection.send([byte]) else { return }
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                #expect(await connection.readToEnd() == "")
                // Waited for: what it sent after the close would go to whoever has the descriptor by then.
                drip.cancel()
                _ = await drip.result
            }
        }
    }

    @Test("A body that comes a byte at a time is cut off at the body limit")
    func aDrippedBodyIsCutOff() async throws {
        let limits = ServerLimits(headerTimeout: .milliseconds(200), bodyTimeout: .milliseconds(500))
        try await RPCBed.with(server: limits, Self.echo) { bed in
            let connection = try RawConnection(port: bed.port)
            defer { connection.close() }
            connection.send(Self.post(length: 10_000))
            let drip = Task {
                while connection.send(" ") { try await Task.sleep(for: .milliseconds(50)) }
            }
            #expect(await connection.readToEnd() != nil)
            drip.cancel()
            _ = await drip.result
        }
    }

    @Test("A connection without a request is closed after the idle limit")
    func anIdleConnectionIsClosed() async throws {
        try await RPCBed.with(server: ServerLimits(idleTimeout: .milliseconds(200)), Self.echo) { bed in
            let connection = try RawConnection(port: bed.port)
            defer { connection.close() }
            #expect(await connection.readToEnd() == "")
        }
    }

    @Test("A call that is refused before its body came is answered, and the connection closed")
    func anEarlyAnswerEndsTheConnection() async throws {
        try await RPCBed.with(Self.echo) { bed in
            let connection = try RawConnection(port: bed.port)
            defer { connection.close() }
            connection.send(Self.post(headers: "", length: 1_000_000))
            let answer = await connection.readToEnd()
            #expect(answer?.hasPrefix("HTTP/1.1 401") == true)
            #expect(answer?.lowercased().contains("connection: close") == true)
            #expect(answer?.contains("unknown_token") == true)
        }
    }

    // MARK: Number

    @Test("A connection too many is told so with 503, may ask for health, and is closed; others are served")
    func aConnectionTooManyIsToldSo() async throws {
        try await RPCBed.with(server: ServerLimits(maxConnections: 2), Self.echo) { bed in
            let served = try [RawConnection(port: bed.port), RawConnection(port: bed.port)]
            for connection in served {
                connection.send(Self.post() + Self.body)
                #expect(await connection.read(until: #""hi""#).hasPrefix("HTTP/1.1 200"))
            }
            let third = try RawConnection(port: bed.port)
            third.send(Self.post() + Self.body)
            let refusal = await third.readToEnd() ?? ""
            #expect(refusal.hasPrefix("HTTP/1.1 503"))
            #expect(refusal.contains("too_many_connections"))
            #expect(refusal.lowercased().contains("retry-after: 1"))
            third.close()
            let probe = try RawConnection(port: bed.port)
            probe.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await probe.readToEnd()?.hasPrefix("HTTP/1.1 200") == true)
            probe.close()
            for connection in served { connection.close() }
            let isServed = await eventually {
                await failure { _ = try await bed.client.call(EchoV1.say, SayRequest(""), context: .test) } == nil
            }
            #expect(isServed)
        }
    }

    @Test("Connections far beyond the limit are closed at once, and none of it stays")
    func farTooManyConnectionsAreClosed() async throws {
        try await RPCBed.with(server: ServerLimits(maxConnections: 2), Self.echo) { bed in
            var open: [RawConnection] = []
            for _ in 0..<100 { open.append(try RawConnection(port: bed.port)) }
            let last = try RawConnection(port: bed.port)
            #expect(await last.readToEnd() == "")
            last.close()
            for connection in open { connection.close() }
            let isServed = await eventually {
                await failure { _ = try await bed.client.call(EchoV1.say, SayRequest(""), context: .test) } == nil
            }
            #expect(isServed)
        }
    }

    /// Two callers, and a procedure that runs until it is let go.
    private func withHeldCalls(
        _ calls: CallLimits,
        _ body: @escaping @Sendable (RPCBed, Tally<String>, @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        let started = Tally<String>()
        let (held, release) = AsyncStream.makeStream(of: Never.self)
        let entries = ["first", "second"].map {
            CallerDirectory.Entry(
                caller: Caller(name: $0, services: .all, merchants: .all),
                tokens: [Secret("the-token-of-\($0)-caller")]
            )
        }
        try await RPCBed.with(callers: entries, calls: calls) { router in
            router.serve(EchoV1.say) { request, context in
                started.note(context.caller.name)
                for await _ in held {}
                return SayResponse(text: request.text)
            }
        } _: { bed in
            try await body(bed, started) { release.finish() }
        }
    }

    @Test("A caller at its limit is refused with resource_exhausted while others are served")
    func aCallerAtItsLimitIsRefused() async throws {
        try await withHeldCalls(CallLimits(maxCallsPerCaller: 2, maxWaitingPerCaller: 0)) { bed, started, release in
            let first = bed.client(token: "the-token-of-first-caller")
            let second = bed.client(token: "the-token-of-second-caller")
            async let held = (1...2).asyncMap { try await first.call(EchoV1.say, SayRequest("\($0)"), context: .test) }
            #expect(await eventually { started.count == 2 })
            let refused = try await bed.post(headers: ["authorization": "Bearer the-token-of-first-caller"])
            #expect(refused.status == 429)
            #expect(refused.error?.reason == "too_many_calls")
            #expect(refused.header("retry-after") == "1")
            async let other = second.call(EchoV1.say, SayRequest("3"), context: .test)
            #expect(await eventually { started.all.contains("second") })
            release()
            #expect(try await held.count == 2)
            #expect(try await other.text == "3")
        }
    }

    @Test("A call beyond the limit waits its turn; one that waits too long, or hangs up, never runs")
    func aCallWaitsItsTurn() async throws {
        let impatient = CallLimits(maxCalls: 1, maxWait: .milliseconds(300))
        try await withHeldCalls(impatient) { bed, started, release in
            let first = bed.client(token: "the-token-of-first-caller")
            async let held = first.call(EchoV1.say, SayRequest("1"), context: .test)
            #expect(await eventually { started.count == 1 })
            let tooLong = await failure { _ = try await first.call(EchoV1.say, SayRequest("2"), context: .test) }
            #expect(tooLong?.code == .resourceExhausted)
            release()
            let text = try await held.text
            #expect(text == "1")
            #expect(started.count == 1)
        }
        let patient = CallLimits(maxCalls: 1, maxWaitingPerCaller: 1, maxWait: .seconds(100))
        try await withHeldCalls(patient) { bed, started, release in
            let first = bed.client(token: "the-token-of-first-caller")
            let second = bed.client(token: "the-token-of-second-caller")
            async let held = first.call(EchoV1.say, SayRequest("1"), context: .test)
            #expect(await eventually { started.count == 1 })
            let ends = Tally<RPCError?>()
            let two = (1...2).map { _ in
                Task {
                    ends.note(
                        await failure { _ = try await second.call(EchoV1.say, SayRequest("2"), context: .test) }
                    )
                }
            }
            // One of the two may wait: that the other is refused shows that it does.
            #expect(await eventually { ends.count == 1 })
            #expect(ends.all.first??.code == .resourceExhausted)
            #expect(started.all == ["first"])
            release()
            let text = try await held.text
            #expect(text == "1")
            for task in two { _ = await task.value }
            #expect(ends.all.map { $0 == nil } == [false, true])
            #expect(started.all == ["first", "second"])
        }
    }

    // MARK: Leaving

    @Test("A caller that hangs up ends its read; a write goes on to its end")
    func hangingUpEndsReadsOnly() async throws {
        let began = Tally<String>()
        let cancelled = Tally<String>()
        let finished = Tally<String>()
        let (writes, release) = AsyncStream.makeStream(of: Never.self)
        try await RPCBed.with { router in
            router.serve(EchoV1.look) { _, _ in
                began.note("look")
                await untilCancelled()
                cancelled.note("look")
                return SayResponse(text: "")
            }
            for method in [EchoV1.say, EchoV1.keep] {
                router.serve(method) { _, _ in
                    began.note(method.name)
                    for await _ in writes {}
                    if Task.isCancelled { cancelled.note(method.name) } else { finished.note(method.name) }
                    return SayResponse(text: "")
                }
            }
        } _: { bed in
            let paths = [EchoV1.look.path, EchoV1.say.path, EchoV1.keep.path]
            let connections = try paths.map { path in
                let connection = try RawConnection(port: bed.port)
                connection.send(Self.post(path) + Self.body)
                return connection
            }
            #expect(await eventually { began.count == 3 })
            for connection in connections { connection.close() }
            #expect(await eventually { cancelled.all == ["look"] })
            release.finish()
            #expect(await eventually { Set(finished.all) == ["Say", "Keep"] })
            #expect(cancelled.all == ["look"])
        }
    }

    @Test("A service that is going down refuses new calls as having done nothing")
    func aDrainingServiceRefusesCalls() async throws {
        let ran = Tally<Void>()
        let drains = Tally<Drain>()
        try await RPCBed.with { router in
            drains.note(router.drain)
            router.serve(EchoV1.say) { request, _ in
                ran.note()
                return SayResponse(text: request.text)
            }
        } _: { bed in
            drains.all.first?.begin()
            let answer = try await bed.post()
            #expect(answer.status == 503)
            #expect(answer.error?.reason == "shutting_down")
            #expect(answer.header("retry-after") == "1")
            #expect(ran.count == 0)
        }
    }

    @Test("An answer that stops halfway is given up at the deadline")
    func anAnswerThatStallsEndsAtTheDeadline() async throws {
        let (held, release) = AsyncStream.makeStream(of: Never.self)
        try await RPCBed.with { router in
            router.http.post(RouterPath(EchoV1.say.path)) { _, _ in
                Response(
                    status: .ok,
                    headers: [.contentType: "application/json"],
                    body: ResponseBody { writer in
                        try await writer.write(ByteBuffer(string: #"{"text":"#))
                        for await _ in held {}
                    }
                )
            }
        } _: { bed in
            let context = CallContext.test.limited(to: .milliseconds(200))
            let error = await failure { _ = try await bed.client.call(EchoV1.say, SayRequest(""), context: context) }
            release.finish()
            #expect(error?.code == .deadlineExceeded)
        }
    }
}

extension Sequence where Element: Sendable {
    /// All at once, in order.
    fileprivate func asyncMap<Value: Sendable>(
        _ transform: @escaping @Sendable (Element) async throws -> Value
    ) async throws -> [Value] {
        let tasks = map { element in Task { try await transform(element) } }
        var values: [Value] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }
}
