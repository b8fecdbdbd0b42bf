import Foundation
import Hummingbird
import NIOCore
import RPC
import RPCClient
import RPCServer
import Secrets
import Testing

/// Streams over real HTTP: what arrives, in which order, and how each kind of end looks on the other side.
@Suite(.timeLimit(.minutes(5))) struct StreamTests {
    @Test("Elements arrive in order, each once, and then the stream ends")
    func elementsArriveInOrder() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { request, _, elements in
                for number in 1...2_000 { try await elements.send(CountElement(number: number)) }
                try await elements.send(contentsOf: (2_001...3_000).map { CountElement(number: $0) })
            }
        } _: { bed in
            for _ in 1...2 {
                var numbers: [Int] = []
                for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {
                    numbers.append(element.number)
                }
                #expect(numbers == Array(1...3_000))
            }
        }
    }

    @Test("A stream may be empty, and asking again after its end gives nothing")
    func anEmptyStreamEnds() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { _, _, _ in }
        } _: { bed in
            var elements = bed.client.stream(EchoV1.count(), SayRequest(""), context: .test).makeAsyncIterator()
            let first = try await elements.next()
            let second = try await elements.next()
            #expect(first == nil && second == nil)
        }
    }

    @Test("An error midway arrives as it was thrown, after what was sent before it")
    func anErrorMidwayComesAfterItsElements() async throws {
        let thrown = RPCError(
            .failedPrecondition,
            "The register gave half a catalogue.",
            reason: "catalogue_incomplete",
            nextAction: .wait,
            fields: [FieldProblem("products[7]", "is cut off")],
            cause: CocoaError(.fileNoSuchFile)
        )
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { _, _, elements in
                for number in 1...3 { try await elements.send(CountElement(number: number)) }
                throw thrown
            }
        } _: { bed in
            var numbers: [Int] = []
            let error = await failure {
                for try await element in bed.client.stream(EchoV1.count(), SayRequest(""), context: .test) {
                    numbers.append(element.number)
                }
            }
            #expect(numbers == [1, 2, 3])
            #expect(error?.code == thrown.code)
            #expect(error?.reason == thrown.reason)
            #expect(error?.message == thrown.message)
            #expect(error?.nextAction == thrown.nextAction)
            #expect(error?.fields == thrown.fields)
            #expect(error?.cause == nil)
        }
    }

    @Test("Any Connect client can read the stream: these are its bytes")
    func theWireIsConnects() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { request, _, elements in
                try await elements.send(CountElement(number: 7, filling: request.text))
                throw RPCError(.notFound, "No more.", reason: "gone")
            }
        } _: { bed in
            let answer = try await bed.post(stream: #"{"merchantId":"m1","text":"hi","added_in_v9":[1]}"#)
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "application/connect+json")
            let envelopes = try answer.envelopes
            #expect(envelopes.map(\.flags) == [0, 2])
            let element = try JSONDecoder().decode(CountElement.self, from: envelopes[0].json)
            #expect(element == CountElement(number: 7, filling: "hi"))
            let end = try JSONDecoder().decode(ConnectStreaming.EndOfStream.self, from: envelopes[1].json)
            #expect(end.error?.code == "not_found")
            #expect(end.error?.reason == "gone")
            #expect(end.metadata?["x-request-id"] == answer.header("x-request-id").map { [$0] })
        }
    }

    // MARK: Who may, and with what

    @Test("A caller reads only its merchants' streams")
    func aStreamIsBehindTheSameDoor() async throws {
        let ran = Tally<Void>()
        let caller = Caller(name: "a", services: .all, merchants: .only([MerchantID(unchecked: "m1")]))
        try await RPCBed.with(callers: [.init(caller: caller, tokens: [Secret(RPCBed.token)])]) { router in
            router.serve(EchoV1.count()) { _, _, elements in
                ran.note()
                try await elements.send(CountElement(number: 1))
            }
        } _: { bed in
            let own = bed.client.stream(EchoV1.count(), SayRequest(""), context: .test)
            for try await element in own { #expect(element.number == 1) }
            let other = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest("", merchant: "m2"), context: .test) {}
            }
            #expect(other?.reason == "merchant_not_allowed")
            let stranger = bed.client(token: "another-token-nobody-knows")
            let unknown = await failure {
                for try await _ in stranger.stream(EchoV1.count(), SayRequest(""), context: .test) {}
            }
            #expect(unknown?.reason == "unknown_token")
            #expect(ran.count == 1)
        }
    }

    private static let broken: [(String, [UInt8], String)] = [
        ("empty", [], "malformed_envelope"),
        ("no envelope", Array(#"{"merchantId":"m1","text":"hi"}"#.utf8), "invalid_request"),
        ("compressed", RPCBed.envelope("{}", flags: 1), "invalid_request"),
        ("only an end", RPCBed.envelope("{}", flags: 2), "invalid_request"),
        ("too short", [0, 0, 0, 0, 9] + Array("{}".utf8), "malformed_envelope"),
        ("two messages", RPCBed.envelope("{}") + RPCBed.envelope("{}"), "malformed_envelope"),
        ("length of 4 GB", [0, 255, 255, 255, 255] + Array("{}".utf8), "malformed_envelope"),
        ("not JSON", RPCBed.envelope("merchant=m1"), "malformed_json"),
        ("deep", RPCBed.envelope(String(repeating: "[", count: 10_000)), "body_too_complex"),
        ("too long", RPCBed.envelope(String(repeating: " ", count: 70_000)), "body_too_large"),
    ]

    @Test("A request that is broken or too long ends the stream at once, with the reason")
    func aBrokenRequestIsRefused() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count()) { _, _, elements in try await elements.send(CountElement(number: 1)) }
        } _: { bed in
            for (name, body, reason) in Self.broken {
                let answer = try await bed.post(streamBytes: body)
                let end = try answer.envelopes.first
                let message = try end.map { try JSONDecoder().decode(ConnectStreaming.EndOfStream.self, from: $0.json) }
                #expect(end?.flags == 2, "\(name)")
                #expect(message?.error?.reason == reason, "\(name)")
            }
            let unary = try await bed.post(EchoV1.count().path)
            #expect(unary.status == 400)
            #expect(unary.error?.fields.first?.accepted == "application/connect+json")
        }
    }

    @Test("An element beyond the contract's length is never sent, nor read")
    func aLongElementIsRefusedOnBothEnds() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.count(maxElementBytes: 100_000)) { request, _, elements in
                let length = Int(request.text) ?? 0
                try await elements.send(CountElement(number: 1, filling: String(repeating: "x", count: length)))
            }
        } _: { bed in
            let unsent = await failure {
                for try await _ in bed.client.stream(EchoV1.count(), SayRequest("200000"), context: .test) {}
            }
            #expect(unsent?.code == .internal)
            let narrow = EchoV1.count(maxElementBytes: 70_000)
            let unread = await failure {
                for try await _ in bed.client.stream(narrow, SayRequest("90000"), context: .test) {}
            }
            #expect(unread?.reason == "answer_too_large")
        }
    }
}
