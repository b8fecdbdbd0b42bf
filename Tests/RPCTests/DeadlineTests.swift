import Foundation
import RPC
import RPCClient
import RPCServer
import Testing

@Suite(.timeLimit(.minutes(5))) struct DeadlineTests {
    @Test func theHeaderBoundsTheHandler() async throws {
        let cancelled = Tally<Bool>()
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { request, _ in
                await untilCancelled()
                cancelled.note(Task.isCancelled)
                return SayResponse(text: "too late")
            }
        } _: { bed in
            // Time enough for the handler to begin.
            let answer = try await bed.post(headers: ["Connect-Timeout-Ms": "3000"])
            #expect(answer.status == 504)
            #expect(answer.error?.code == .deadlineExceeded)
            #expect(answer.error?.reason == "deadline_exceeded")
            // The handler was waited for: nothing goes on behind the answer.
            #expect(cancelled.all == [true])
        }
    }

    @Test func noCallGetsMoreThanTheServiceAllows() async throws {
        try await RPCBed.with(maxTimeout: .milliseconds(300)) { router in
            router.serve(EchoV1.say) { _, _ in
                await untilCancelled()
                return SayResponse(text: "too late")
            }
        } _: { bed in
            for timeout in [nil, "9999999999"] {
                let answer = try await bed.post(headers: ["Connect-Timeout-Ms": timeout])
                #expect(answer.error?.code == .deadlineExceeded)
            }
        }
    }

    @Test func aHandlerSeesWhatIsLeft() async throws {
        let left = Tally<Duration>()
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { request, context in
                left.note(context.deadline.remaining)
                return SayResponse(text: "")
            }
        } _: { bed in
            _ = try await bed.post(headers: ["Connect-Timeout-Ms": "110000"])
            _ = try await bed.client.call(EchoV1.say, SayRequest(""), context: .test.limited(to: .seconds(100)))
            #expect(left.all.map { $0 <= .seconds(110) } == [true, true])
            #expect(left.all.last.map { $0 <= .seconds(100) && $0 > .seconds(1) } == true)
        }
    }

    @Test(arguments: ["0", "-5", "+5", "1.5", "12345678901", "soon", "", "1e3", "٣"])
    func aMalformedTimeoutIsRefused(header: String) async throws {
        #expect(Deadline(timeoutHeader: header) == nil)
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { _, _ in SayResponse(text: "") }
        } _: { bed in
            let answer = try await bed.post(headers: ["Connect-Timeout-Ms": header])
            #expect(answer.status == 400)
            #expect(answer.error?.fields.map(\.field) == ["Connect-Timeout-Ms"])
        }
    }

    @Test(arguments: ["1", "15000", "9999999999", "0000000001"]) func aTimeoutIsRead(header: String) {
        #expect(Deadline(timeoutHeader: header) != nil)
    }

    @Test func aMomentIsNeverSentAsNoTimeAtAll() {
        #expect(Deadline(after: .microseconds(300)).timeoutHeader == "1")
        #expect(Deadline(after: .seconds(100_000_000_000)).timeoutHeader == "9999999999")
    }

    @Test func theClientStopsWaitingAtTheDeadline() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.keep) { _, _ in
                await untilCancelled()
                return SayResponse(text: "too late")
            }
        } _: { bed in
            let context = CallContext.test.limited(to: .milliseconds(50))
            let error = await failure { _ = try await bed.client.call(EchoV1.keep, SayRequest(""), context: context) }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.reason == "deadline_exceeded")
        }
    }

    @Test func aCallWithoutTimeIsNotSent() async throws {
        let calls = Tally<Void>()
        try await RPCBed.with { router in
            router.serve(EchoV1.keep) { _, _ in
                calls.note()
                return SayResponse(text: "")
            }
        } _: { bed in
            let context = CallContext.test.limited(to: .zero)
            let error = await failure { _ = try await bed.client.call(EchoV1.keep, SayRequest(""), context: context) }
            #expect(error?.code == .deadlineExceeded)
            #expect(calls.count == 0)
        }
    }

    @Test func whatTheOperationThrowsComesThrough() async {
        let error = await failure {
            try await withDeadline(Deadline(after: .seconds(30))) { throw RPCError(.aborted, "Changed.") }
        }
        #expect(error?.code == .aborted)
    }

    @Test func cancellingTheCallerIsNotADeadline() async {
        let task = Task {
            try await withDeadline(Deadline(after: .seconds(30))) {
                await untilCancelled()
                try Task.checkCancellation()
            }
        }
        task.cancel()
        let error = await failure { do { try await task.value } catch { throw RPCError(mapping: error) } }
        #expect(error?.code == .canceled)
    }

    @Test func aBodyThatNeverComesEndsAtTheDeadline() async throws {
        let calls = Tally<Void>()
        try await RPCBed.with(maxTimeout: .milliseconds(50)) { router in
            router.serve(EchoV1.say) { _, _ in
                calls.note()
                return SayResponse(text: "")
            }
        } _: { bed in
            let half = AsyncStream<String> { pieces in pieces.yield(#"{"merchantId":"m1","#) }
            let answer = try await bed.post(pieces: half)
            #expect(answer.error?.code == .deadlineExceeded)
            #expect(calls.count == 0)
        }
    }
}
