import Foundation
import RPC
import RPCClient
import RPCServer
import Secrets
import Testing

/// Who may call what for whom.
@Suite(.timeLimit(.minutes(5))) struct CallerTests {
    private static let kiosk = CallerDirectory.Entry(
        caller: Caller(
            name: "kiosk",
            services: .only([EchoV1.service]),
            merchants: .only([MerchantID(unchecked: "m1"), MerchantID(unchecked: "m2")])
        ),
        tokens: [Secret("kiosk-token-number-one"), Secret("kiosk-token-number-two")]
    )
    private static let clerk = CallerDirectory.Entry(
        caller: Caller(name: "clerk", services: .only(["upvendo.menus.v1.MenuSync"]), merchants: .all),
        tokens: [Secret("clerk-token-number-one")]
    )

    private func withCallers(
        _ body: @escaping @Sendable (RPCBed, Tally<String>) async throws -> Void
    ) async throws {
        let callers = Tally<String>()
        try await RPCBed.with(callers: [Self.kiosk, Self.clerk]) { router in
            router.serve(EchoV1.say) { request, context in
                callers.note(context.caller.name)
                return SayResponse(text: request.text)
            }
        } _: { bed in
            try await body(bed, callers)
        }
    }

    @Test func bothTokensOfACallerAreValid() async throws {
        try await withCallers { bed, callers in
            for token in ["kiosk-token-number-one", "kiosk-token-number-two"] {
                _ = try await bed.client(token: token).call(EchoV1.say, SayRequest("hi"), context: .test)
            }
            #expect(try await bed.post(headers: ["authorization": "bearer kiosk-token-number-one"]).status == 200)
            #expect(callers.all == ["kiosk", "kiosk", "kiosk"])
        }
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer some-other-long-token", "Basic kiosk-token-number-one",
        "kiosk-token-number-one", "Bearer kiosk-token-number-on", "Bearer kiosk-token-number-one,x",
        "Bearer KIOSK-TOKEN-NUMBER-ONE",
    ])
    func anUnknownTokenIsUnauthenticated(header: String?) async throws {
        try await withCallers { bed, callers in
            let answer = try await bed.post(headers: ["authorization": header])
            #expect(answer.status == 401)
            #expect(answer.error?.code == .unauthenticated)
            #expect(answer.error?.reason == "unknown_token")
            #expect(callers.count == 0)
        }
    }

    @Test func aTokenOpensOnlyTheServicesItLists() async throws {
        try await withCallers { bed, callers in
            let client = bed.client(token: "clerk-token-number-one")
            let error = await failure { _ = try await client.call(EchoV1.say, SayRequest("hi"), context: .test) }
            #expect(error?.code == .permissionDenied)
            #expect(error?.reason == "service_not_allowed")
            #expect(error?.message.contains("token-number") == false)
            #expect(callers.count == 0)
        }
    }

    @Test func aTokenOpensOnlyTheMerchantsItLists() async throws {
        try await withCallers { bed, callers in
            let client = bed.client(token: "kiosk-token-number-one")
            _ = try await client.call(EchoV1.say, SayRequest("hi", merchant: "m2"), context: .test)
            let error = await failure {
                _ = try await client.call(EchoV1.say, SayRequest("hi", merchant: "m3"), context: .test)
            }
            #expect(error?.code == .permissionDenied)
            #expect(error?.reason == "merchant_not_allowed")
            #expect(callers.count == 1)
        }
    }

    @Test func aStrangerLearnsNothingOfTheBody() async throws {
        try await withCallers { bed, _ in
            let answer = try await bed.post(body: "{".utf8, headers: ["authorization": nil])
            #expect(answer.error?.code == .unauthenticated)
        }
    }
}

/// The `CALLERS` setting.
struct CallerDirectoryTests {
    @Test func aListIsRead() throws {
        let json = """
            [{"name": "kiosk", "tokens": ["one-long-enough-token", "two-long-enough-token"],
              "services": ["a.v1.A"], "merchants": ["m1"]},
             {"name": "ops", "tokens": ["ops-long-enough-token"], "services": ["*"], "merchants": ["m1", "*"]}]
            """
        let directory = try CallerDirectory(json: Secret(json))
        let kiosk = directory.caller(withToken: "two-long-enough-token")
        #expect(kiosk == directory.caller(withToken: "one-long-enough-token"))
        #expect(kiosk?.services == .only(["a.v1.A"]))
        #expect(kiosk?.merchants == .only([MerchantID(unchecked: "m1")]))
        let ops = directory.caller(withToken: "ops-long-enough-token")
        #expect(ops?.services == .all)
        #expect(ops?.merchants == .all)
        #expect(directory.caller(withToken: "") == nil)
        #expect(CallerDirectory.nobody.caller(withToken: "") == nil)
    }

    private static func entry(_ tokens: String, merchants: String = #"["*"]"#) -> String {
        #"{"name": "kiosk", "tokens": [\#(tokens)], "services": ["*"], "merchants": \#(merchants)}"#
    }

    @Test(arguments: [
        ("[\(entry(#""hush-short""#))]", "fewer than 16 characters"),
        ("[\(entry(""))]", "0 tokens"),
        (#"[\#(entry(#""hush-1234567890-a", "hush-1234567890-b", "hush-1234567890-c""#))]"#, "3 tokens"),
        (#"[\#(entry(#""hush-1234567890-a", "hush-1234567890-a""#))]"#, "token that another entry has"),
        (#"[\#(entry(#""hush-1234567890-a""#)), \#(entry(#""hush-1234567890-a""#))]"#, "token that another entry has"),
        (#"{"hush-1234567890-a": 1}"#, "is not a JSON array"),
        (#"[{"name": "kiosk", "tokens": "hush-1234567890-a"}]"#, "is not a JSON array"),
        (#"[\#(entry(#""hush-1234567890-a""#, merchants: #"["m 1"]"#))]"#, "is not a JSON array"),
        ("hush-1234567890-a", "is not a JSON array"),
    ])
    func aWrongListIsRefusedWithoutRepeatingATokenOfIt(json: String, words: String) {
        #expect {
            try CallerDirectory(json: Secret(json))
        } throws: { error in
            let all = "\(error) \(String(reflecting: error)) \(error.localizedDescription)"
            return "\(error)".contains(words) && !all.contains("hush")
        }
    }

    @Test func theDirectoryDoesNotKeepTokens() throws {
        let entry = CallerDirectory.Entry(
            caller: Caller(name: "kiosk", services: .all, merchants: .all),
            tokens: [Secret("hush-1234567890-a")]
        )
        var text = ""
        dump(try CallerDirectory([entry]), to: &text)
        dump(entry, to: &text)
        #expect(text.contains("kiosk"))
        #expect(!text.contains("hush"))
    }
}
