import Contracts
import Foundation
import RPC
import TestBed
import Testing

/// The published OpenAPI documents: in docs/openapi, by each service's `openapi` command, and at `/openapi.json`.
@Suite(.timeLimit(.minutes(5)))
struct DocumentTests {
    @Test(
        "The committed document of each service is what the service prints; make openapi writes it",
        arguments: Fleet.Member.allCases
    )
    func committed(member: Fleet.Member) async throws {
        let printed = try await Self.printed(member)
        // Compared as a whole, but shown as one line: a difference is found with git after make openapi.
        let isCurrent = try printed == Self.committed(member)
        #expect(isCurrent, "docs/openapi/\(member.rawValue).json is stale. Run make openapi and look at the change.")
        #expect(!printed.contains(#""summary": """#), "A declaration has no summary.")
    }

    @Test("Each running service serves its document without a token, and everything in it is answered")
    func served() async throws {
        try await World.run(connects: false) { world in
            try await world.fleet.start(Fleet.Member.allCases)
            for member in Fleet.Member.allCases {
                let url = world.fleet.url(member)
                let answer = try await world.fleet.request(
                    "GET",
                    "\(url)/openapi.json",
                    headers: ["Authorization": "Bearer nobody-knows-this-token"]
                )
                #expect(answer.status == 200)
                #expect(try answer.body == Self.committed(member), "\(member.rawValue)")

                for (verb, path) in try Self.operations(answer.body) {
                    let path = path.replacing("{provider}", with: "vanhoutte").replacing("{locationId}", with: "x")
                        .replacing("{tableNumber}", with: "x")
                    let call = try await world.fleet.request(verb, url + path, body: "[]")
                    #expect(![404, 405, 501].contains(call.status) || call.body.contains("not_connected"), "\(path)")
                    // A message is an object, also one without members.
                    if path.hasPrefix("/upvendo.") { #expect(call.status == 400, "\(path)") }
                    let wrongVerb = try await world.fleet.request("PUT", url + path, body: "{}")
                    #expect(wrongVerb.status == 405)
                    #expect(try Self.error(wrongVerb.body).reason == "wrong_http_method")
                    let stranger = try await world.fleet.request(
                        verb,
                        url + path,
                        body: "{}",
                        headers: ["Authorization": "Bearer nobody-knows-this-token"]
                    )
                    // A stream is refused for what it is not before anybody is asked for a name.
                    let isStream = path.hasSuffix("/\(PosGatewayV1.readCatalog.name)")
                    #expect(stranger.status == (isStream ? 400 : 401))
                    #expect(try Self.error(stranger.body).code == (isStream ? .invalidArgument : .unauthenticated))
                }
            }
        }
    }

    @Test("What schemathesis broke once: a text with U+0000, and numbers that no arithmetic holds")
    func found() async throws {
        try await World.run { world in
            let gateway = "\(world.fleet.url(.kassanetGateway))/\(PosGatewayV1.service)"
            let whose = #""merchantId":"\#(World.merchant)","locationId":"\#(World.location)""#
            let nul = try await world.fleet.request(
                "POST",
                "\(gateway)/RecordActivity",
                body: #"{\#(whose),"type":"info","message":"a\u0000b"}"#
            )
            #expect(nul.status == 400)
            #expect(try Self.error(nul.body).nextAction == .fixRequest)

            let most = Int.max
            let order = #"""
                {"orderNumber":"1","mark":"m","channel":"kiosk","serviceType":"takeaway","discounts":[
                {"name":"a","amountCents":\#(most)},{"name":"b","amountCents":\#(most)}],"fees":[],"tipCents":0,
                "items":[{"plu":"101","name":"x","quantity":\#(most),"unitPriceCents":\#(most)}],
                "totalCents":\#(most),"currency":"EUR","acceptedAt":"2026-01-01T00:00:00Z"}
                """#
            let baseline = #"{"tableNumber":12,"text":"","openCents":\#(Int.min),"lines":[],"deposits":[]}"#
            let compared = try await world.fleet.request(
                "POST",
                "\(gateway)/ReadBill",
                body: #"{\#(whose),"tableNumber":12,"comparedWith":{"order":\#(order),"baseline":\#(baseline)}}"#
            )
            #expect(compared.status == 400)
            #expect(try Self.error(compared.body).reason == "invalid_order")
            #expect(try await world.status().contains(#""status":"connected""#))
        }
    }

    private static func committed(_ member: Fleet.Member) throws -> String {
        let file = TestBed.projectDirectory.appending(path: "docs/openapi/\(member.rawValue).json")
        return try String(contentsOf: file, encoding: .utf8)
    }

    private static func printed(_ member: Fleet.Member) async throws -> String {
        let process = try ChildProcess.start(
            TestBed.productsDirectory.appending(path: member.rawValue),
            ["openapi"],
            environment: ["PATH": "/usr/bin:/bin"]
        )
        await process.waitForExit()
        return try String(contentsOf: process.output, encoding: .utf8)
    }

    private static func error(_ body: String) throws -> RPCError {
        try JSONDecoder().decode(RPCErrorBody.self, from: Data(body.utf8)).error
    }

    private static func operations(_ document: String) throws -> [(verb: String, path: String)] {
        let json = try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any]
        let paths = try #require(json?["paths"] as? [String: [String: Any]])
        return paths.flatMap { path, item in item.keys.map { (verb: $0.uppercased(), path: path) } }
    }
}
