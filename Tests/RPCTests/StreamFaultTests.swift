import Foundation
import Hummingbird
import NIOCore
import RPC
import RPCClient
import RPCServer
import TestBed
import Testing

/// Streams whose reader leaves or dawdles, whose handler falls silent, or whose connection breaks.
@Suite(.timeLimit(.minutes(5))) struct StreamFaultTests {
    /// Sends two elements, then waits to be cancelled, and says so.
    private static func endless(_ cancelled: Tally<Bool>) -> @Sendable (RPCRouter) -> Void {
        { router in
            router.serve(EchoV1.count()) { _, _, elements in
                try await elements.send(contentsOf: [CountElement(number: 1), CountElement(number: 2)])
                await untilCancelled()
                cancelled.note(Task.isCancelled)
            }
        }
    }

    @Test("A reader that leaves the loop is noticed: the handler is cancelled")
    func leavingTheLoopCancelsTheHandler() async throws {
        let cancelled = Tally<Bool>()
        try await RPCBed.with(Self.endless(cancelled)) { bed in
            for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test)
            where element.number == 2 {
                break
            }
            #expect(await eventually { cancelled.all == [true] })
        }
    }

    @Test("A reader whose task is cancelled while it waits hears so, and the handler is cancelled")
    func cancellingTheReaderCancelsTheHandler() async throws {
        let cancelled = Tally<Bool>()
        let seen = Tally<Int>()
        try await RPCBed.with(Self.endless(cancelled)) { bed in
            let reader = Task {
                await failure {
                    for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {
                        seen.note(element.number)
                    }
                }
            }
            #expect(await eventually { seen.count == 2 })
            reader.cancel()
            #expect(await reader.value?.code == .canceled)
            #expect(await eventually { cancelled.all == [true] })
        }
    }

    // F34: a reader that takes its time costs no memory.
    @Test("A slow reader slows the handler down instead of filling memory")
    func aSlowReaderHoldsTheHandlerBack() async throws {
        let sent = Tally<Void>()
        let filling = String(repeating: "x", count: 100_000)
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { _, _, elements in
                for number in 1...2_000 {
                    try await elements.send(CountElement(number: number, filling: filling))
                    sent.note()
                }
            }
        } _: { bed in
            var read = 0
            var furthest = 0
            for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {
                read += 1
                #expect(element.number == read)
                // Time for the handler to run ahead, if anything let it.
                if read % 500 == 1 { try await Task.sleep(for: .milliseconds(100)) }
                furthest = max(furthest, sent.count - read)
            }
            #expect(read == 2_000)
            // 200 MB went through. The kernel alone may hold 37 MB of it (tcp_rmem and tcp_wmem).
            #expect(furthest < 500, "\(furthest) elements ahead")
        }
    }

    @Test("A reader that takes nothing for the idle limit is cut off, and the handler is cancelled")
    func aReaderThatTakesNothingIsCutOff() async throws {
        let cancelled = Tally<Bool>()
        let impatient = EchoV1.count(idleLimit: .seconds(2))
        let filling = String(repeating: "x", count: 100_000)
        try await RPCBed.with { router in
            router.serve(impatient) { _, _, elements in
                defer { cancelled.note(Task.isCancelled) }
                while true { try await elements.send(CountElement(number: 1, filling: filling)) }
            }
        } _: { bed in
            var elements = bed.client.stream(EchoV1.count(), SayRequest(""), context: .test).makeAsyncIterator()
            _ = try await elements.next()
            #expect(await eventually { cancelled.all == [true] })
            let error = await failure { while try await elements.next() != nil {} }
            #expect(error?.reason == "stream_cut")
        }
    }

    @Test("A handler that falls silent is ended with stream_idle")
    func aSilentHandlerIsEnded() async throws {
        let cancelled = Tally<Bool>()
        try await RPCBed.with { router in
            router.serve(EchoV1.count(idleLimit: .seconds(2))) { _, _, elements in
                try await elements.send(CountElement(number: 1))
                await untilCancelled()
                cancelled.note(Task.isCancelled)
            }
        } _: { bed in
            var read = 0
            let error = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) { read += 1 }
            }
            #expect(read == 1)
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.reason == "stream_idle")
            #expect(cancelled.all == [true])
        }
    }

    @Test("A server that falls silent is given up by the client")
    func aSilentServerIsGivenUp() async throws {
        let cancelled = Tally<Bool>()
        try await RPCBed.with(Self.endless(cancelled)) { bed in
            let impatient = EchoV1.count(idleLimit: .milliseconds(100))
            let error = await failure {
                for try await _ in bed.client.stream(impatient, SayRequest(""), context: .test) {}
            }
            #expect(error?.reason == "stream_idle")
            #expect(await eventually { cancelled.all == [true] })
        }
    }

    @Test("The deadline is for the first element, and not for the rest")
    func theDeadlineIsForTheFirstElement() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { request, _, elements in
                if request.text == "late" { await untilCancelled() }
                try await elements.send(CountElement(number: 1))
                try await Task.sleep(for: .milliseconds(6_200))
                try await elements.send(CountElement(number: 2))
            }
        } _: { bed in
            let short = CallContext.test.limited(to: .seconds(6))
            var read = 0
            for try await _ in bed.client.stream(EchoV1.count(), SayRequest(""), context: short) { read += 1 }
            #expect(read == 2)
            let shorter = CallContext.test.limited(to: .milliseconds(50))
            let late = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest("late"), context: shorter) {}
            }
            #expect(late?.reason == "deadline_exceeded")
        }
    }

    @Test("The total that the contract names ends a stream that never ends by itself")
    func theTotalEndsTheStream() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count(maxDuration: .milliseconds(200))) { _, _, elements in
                while true {
                    try await elements.send(CountElement(number: 1))
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        } _: { bed in
            let error = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {}
            }
            #expect(error?.code == .deadlineExceeded)
        }
    }

    private static let cuts: [(String, @Sendable (inout any ResponseBodyWriter) async throws -> Void)] = [
        ("an answer that ends without saying so", { try await $0.finish(nil) }),
        (
            "an answer that ends inside a message",
            {
                try await $0.write(ByteBuffer(bytes: [0, 0, 0, 0, 99, 123]))
                try await $0.finish(nil)
            }
        ),
        ("a connection that breaks", { _ in throw CancellationError() }),
    ]

    @Test("A stream that breaks off is an error, never an end")
    func aCutStreamIsAnError() async throws {
        for (name, cut) in Self.cuts {
            try await RPCBed.with { router in
                router.http.post(RouterPath(EchoV1.count().path)) { _, _ in
                    Response(
                        status: .ok,
                        headers: [.contentType: ConnectStreaming.contentType],
                        body: ResponseBody { writer in
                            try await writer.write(ByteBuffer(bytes: RPCBed.envelope(#"{"number":1}"#)))
                            try await cut(&writer)
                        }
                    )
                }
            } _: { bed in
                let read = Tally<Int>()
                let error = await failure {
                    for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {
                        read.note(element.number)
                    }
                }
                #expect(read.all == [1], "\(name)")
                #expect(error?.code == .unavailable, "\(name)")
                #expect(error?.reason == "stream_cut", "\(name)")
            }
        }
    }

    @Test("A server that is not there is unreachable, and one that refuses says why")
    func aStreamThatNeverBegan() async throws {
        try await RPCBed.with { router in
            router.http.post(RouterPath(EchoV1.count().path)) { _, _ in
                Response(status: .badGateway, body: ResponseBody(byteBuffer: ByteBuffer(string: "<html>no</html>")))
            }
        } _: { bed in
            let refused = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {}
            }
            #expect(refused?.code == .unavailable)
            let nobody = bed.client(port: try TestBed.freePort())
            let absent = await failure {
                for try await _ in nobody.stream(EchoV1.count(), SayRequest(""), context: .test) {}
            }
            #expect(absent?.reason == "service_unreachable")
        }
    }
}
