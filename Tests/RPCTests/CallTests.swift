import Foundation
import Hummingbird
import NIOCore
import RPC
import RPCClient
import RPCServer
import Testing

/// One call over real HTTP: what goes in, what comes out, and how a failure arrives.
@Suite(.timeLimit(.minutes(5))) struct CallTests {
    @Test func aCallIsAnswered() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { request, _ in SayResponse(text: request.text + "!") }
        } _: { bed in
            let answer = try await bed.client.call(EchoV1.say, SayRequest("héllo ✓ \"\\\u{1}"), context: .test)
            #expect(answer == SayResponse(text: "héllo ✓ \"\\\u{1}!"))
        }
    }

    @Test func anyConnectClientIsServed() async throws {
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { request, _ in SayResponse(text: request.text) }
        } _: { bed in
            let answer = try await bed.post(
                EchoV1.say.path,
                body: #"{"merchantId":"m1","text":"hi","added_in_v9":[1]}"#.utf8,
                headers: ["Connect-Protocol-Version": "1", "content-type": "application/json; charset=utf-8"]
            )
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "application/json")
            #expect(answer.body == Data(#"{"text":"hi"}"#.utf8))
        }
    }

    @Test func anErrorArrivesAsItWasThrown() async throws {
        let thrown = RPCError(
            .alreadyExists,
            "The order was submitted before, with other content.",
            reason: "content_differs",
            nextAction: .refund,
            fields: [
                FieldProblem("items[2].quantity", "is 0", accepted: "1 to 999"), FieldProblem("note", "differs"),
            ],
            cause: CocoaError(.fileNoSuchFile)
        )
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { _, _ in throw thrown }
        } _: { bed in
            let error = await failure { _ = try await bed.client.call(EchoV1.say, SayRequest("hi"), context: .test) }
            #expect(error?.code == thrown.code)
            #expect(error?.message == thrown.message)
            #expect(error?.reason == thrown.reason)
            #expect(error?.nextAction == thrown.nextAction)
            #expect(error?.fields == thrown.fields)
            #expect(error?.cause == nil)
        }
    }

    private static let statuses: [(RPCCode, Int)] = [
        (.canceled, 499), (.unknown, 500), (.invalidArgument, 400), (.deadlineExceeded, 504), (.notFound, 404),
        (.alreadyExists, 409), (.permissionDenied, 403), (.resourceExhausted, 429), (.failedPrecondition, 400),
        (.aborted, 409), (.outOfRange, 400), (.unimplemented, 501), (.internal, 500), (.unavailable, 503),
        (.dataLoss, 500), (.unauthenticated, 401),
    ]

    @Test func everyCodeHasConnectsStatusAndComesBackAsItself() async throws {
        #expect(Set(Self.statuses.map(\.0)) == Set(RPCCode.allCases))
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { request, _ in
                throw RPCError(RPCCode(rawValue: request.text) ?? .unknown, "As asked.")
            }
        } _: { bed in
            for (code, status) in Self.statuses {
                let body = #"{"merchantId":"m1","text":"\#(code.rawValue)"}"#
                let answer = try await bed.post(body: body.utf8)
                #expect(answer.status == status, "\(code)")
                let error = await failure {
                    _ = try await bed.client.call(EchoV1.say, SayRequest(code.rawValue), context: .test)
                }
                #expect(error?.code == code)
                #expect(error?.message == "As asked.")
            }
        }
    }

    @Test func anErrorNobodyMappedSaysNothingOfItself() async throws {
        struct Leak: Error, CustomStringConvertible {
            var description: String { "password=hunter2" }
        }
        try await RPCBed.with { router in
            router.serve(EchoV1.say) { _, _ in throw Leak() }
        } _: { bed in
            let answer = try await bed.post()
            #expect(answer.status == 500)
            #expect(answer.error?.code == .internal)
            #expect(answer.error?.nextAction == .callSupport)
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(!text.contains("hunter2") && !text.contains("Leak"))
        }
    }

    @Test func anErrorOfANewerServerIsUnderstoodAsFarAsItGoes() throws {
        let body = #"{"code":"on_fire","nextAction":"run","details":[{"type":"x"}]}"#
        let error = try JSONDecoder().decode(RPCErrorBody.self, from: Data(body.utf8)).error
        #expect(error.code == .unknown)
        #expect(error.message == "on_fire")
        #expect(error.nextAction == nil)
        #expect(error.fields.isEmpty)
    }

    @Test func anAnswerThatDoesNotFitTheContractIsInternal() async throws {
        struct Other: Codable, Sendable { var number: Int }
        let other = RPCMethod<SayRequest, Other>(EchoV1.service, "Say", .notIdempotent)
        try await RPCBed.with { router in
            router.serve(other) { _, _ in Other(number: 7) }
        } _: { bed in
            let error = await failure { _ = try await bed.client.call(EchoV1.say, SayRequest("hi"), context: .test) }
            #expect(error?.code == .internal)
            #expect(error?.cause is DecodingError)
        }
    }

    @Test func anAnswerLongerThanTheClientTakesIsInternal() async throws {
        let calls = Tally<Void>()
        try await RPCBed.with { router in
            router.serve(EchoV1.look) { _, _ in
                calls.note()
                return SayResponse(text: String(repeating: "x", count: 4096))
            }
        } _: { bed in
            let client = bed.client(maxAnswerBytes: 1024)
            let error = await failure { _ = try await client.call(EchoV1.look, SayRequest("hi"), context: .test) }
            #expect(error?.code == .internal)
            #expect(error?.reason == "answer_too_large")
            #expect(calls.count == 1)
        }
    }

    @Test(arguments: [
        (400, RPCCode.internal), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented),
        (429, .unavailable), (502, .unavailable), (503, .unavailable), (504, .unavailable), (418, .unknown),
    ])
    func anAnswerOfAProxyHasACodeToo(status: Int, code: RPCCode) async throws {
        try await RPCBed.with { router in
            router.http.post(RouterPath(EchoV1.say.path)) { _, _ in
                Response(
                    status: .init(code: status),
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "<html>no</html>"))
                )
            }
        } _: { bed in
            let error = await failure { _ = try await bed.client.call(EchoV1.say, SayRequest("hi"), context: .test) }
            #expect(error?.code == code)
            #expect(error?.message.contains("\(status)") == true)
        }
    }

    @Test func aPlainRouteStandsBehindTheSameDoor() async throws {
        try await RPCBed.with { router in
            router.route(.put, "/backoffice/:location", service: "upvendo.test.Backoffice") { call, context in
                let asked = try call.decode(SayRequest.self)
                return ["place": call.parameters.get("location") ?? "", "text": asked.text, "who": context.caller.name]
            }
        } _: { bed in
            let answer = try await bed.post("/backoffice/main", method: "PUT")
            #expect(answer.status == 200)
            let fields = try JSONDecoder().decode([String: String].self, from: answer.body)
            #expect(fields == ["place": "main", "text": "hi", "who": "tests"])
            let empty = try await bed.post("/backoffice/main", body: "".utf8, method: "PUT")
            #expect(empty.status == 400)
            let stranger = try await bed.post("/backoffice/main", method: "PUT", headers: ["authorization": nil])
            #expect(stranger.status == 401)
        }
    }
}
