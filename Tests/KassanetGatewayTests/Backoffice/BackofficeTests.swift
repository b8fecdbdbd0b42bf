import Contracts
import Foundation
import KassanetSimulator
import RPC
import Secrets
import Testing

@testable import KassanetGateway

@Suite("The backoffice's routes, over HTTP", .timeLimit(.minutes(5)), .serialized)
struct BackofficeTests {
    private func with(
        configure: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: (GatewayBed, Backoffice) async throws -> Void
    ) async throws {
        try await GatewayBed.with(configure: configure) { bed in
            try await Backoffice.with(bed) { try await body(bed, $0) }
        }
    }

    // MARK: - Connect

    @Test("Connecting saves credentials and settings, and says what to do next (K1)", arguments: Provider.allCases)
    func connects(_ provider: Provider) async throws {
        try await with { bed, backoffice in
            let answer = try await backoffice.call(
                "POST",
                backoffice.integration(provider.rawValue),
                bed.connectBody(#", "sync_time": "05:30", "time_zone": "Europe/Amsterdam", "fee_plu": 106"#)
            )
            #expect(answer.status == 200)
            #expect(answer["provider"] == provider.rawValue)
            #expect(answer["location_id"] == "location-1")
            #expect(answer["settings", "sync_time"] == "05:30")
            #expect(answer["settings", "time_zone"] == "Europe/Amsterdam")
            #expect(answer["settings", "fee_plu"] == "106")
            #expect(answer["settings", "table_section"] == "\(provider.displayName) Tables")
            #expect(answer["settings", "stock_threshold"] == nil)
            #expect(answer["connection", "status"] == "untested")
            let saved = try await bed.connection()
            #expect(saved.provider == provider)
            #expect(saved.credentials == bed.secrets)
            #expect(saved.settings.baseURL == bed.register.baseURL)
            #expect(try await bed.log().first?.message.contains("Test the connection next") == true)
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("Every field that is wrong is named at once, and nothing is saved (K1)")
    func everyProblemIsNamed() async throws {
        try await with { bed, backoffice in
            let answer = try await backoffice.call(
                "POST",
                backoffice.integration(),
                """
                {"base_url": "ftp://register", "encryption_token": "abc", "sync_time": "24:00", "time_zone": "Mars/Base",
                 "date_zone": "moon", "signature_encoding": "base32", "padding": "none", "settle_delay_ms": -1,
                 "table_mode": "named", "on_mismatch": "ignore", "fee_plu": 0, "stock_threshold": -1,
                 "table_section": "Hendrickx"}
                """
            )
            #expect(answer.status == 400)
            let fields = try #require(answer.error?.fields)
            #expect(
                Set(fields.map(\.field)) == [
                    "base_url", "signature_key", "encryption_token", "sync_time", "time_zone", "date_zone",
                    "signature_encoding", "padding", "settle_delay_ms", "table_mode", "on_mismatch", "fee_plu",
                    "stock_threshold", "table_section",
                ]
            )
            #expect(fields.count == 14)
            #expect(fields.allSatisfy { $0.accepted?.isEmpty == false })
            #expect(answer.error?.nextAction == "fix_request")
            await #expect(throws: GatewayError.notConnected) { try await bed.connection() }
        }
    }

    @Test(
        "One wrong field is one problem (K1)",
        arguments: [
            ("base_url", #""""#), ("base_url", #""register:8080""#), ("base_url", #""http://user:pw@register""#),
            ("base_url", #""http://register/?a=b""#), ("encryption_token", #""abc""#),
            ("encryption_token", #""\#(String(repeating: "x", count: 57))""#), ("signature_key", #""""#),
            ("sync_time", #""5:00""#), ("sync_time", #""05:60""#), ("sync_time", #""05:0x""#), ("fee_plu", "-1"),
            ("settle_delay_ms", "600001"), ("enable_encryption", #""yes""#), ("stock_threshold", "1000001"),
            ("table_section", #""Tables""#), ("table_section", #""Vanhoutte, in the garden, left""#),
            ("table_section", #""Vanhoutte\u0000""#),
        ]
    )
    func oneProblemIsNamed(_ field: String, _ value: String) async throws {
        var body = ["base_url": #""http://r""#, "signature_key": #""key""#, "encryption_token": #""token""#]
        body[field] = value
        let text = "{\(body.map { #""\#($0)": \#($1)"# }.joined(separator: ","))}"
        let error = #expect(throws: RPCError.self) {
            try RPCCoding.decode(ConnectRequest.self, from: Data(text.utf8)).validated(for: .vanhoutte)
        }
        #expect(error?.fields.map(\.field) == [field])
    }

    @Test("What is left out has its default, and encryption is on (K1)")
    func defaultsHold() async throws {
        let body = #"{"base_url": "http://r:1/", "signature_key": "key", "encryption_token": "token", "sync_time": ""}"#
        let (_, settings) = try RPCCoding.decode(ConnectRequest.self, from: Data(body.utf8)).validated(for: .vanhoutte)
        var expected = ConnectionSettings.sample
        expected.baseURL = "http://r:1"
        #expect(settings == expected)
    }

    @Test("Connecting again updates credentials and makes no second integration (K2)")
    func connectsAgain() async throws {
        try await with { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let first = try await bed.connection()
            let body = bed.connectBody(#", "webshop_payment_type": "online""#)
                .replacing(bed.secrets.signatureKey.reveal(), with: "another-key")
            let answer = try await backoffice.call("POST", backoffice.integration(), body)
            #expect(answer.status == 200)
            let second = try await bed.connection()
            #expect(second.credentials.signatureKey.reveal() == "another-key")
            #expect(second.settings.webshopPaymentType == "online")
            #expect(second.epoch == first.epoch + 1)
            #expect(try await bed.connections.changes(since: 0, limit: 9, visibleTo: .all).count == 1)
        }
    }

    // MARK: - Show

    @Test("GET shows details, masked credentials, settings, status and log, and no secret (K3)")
    func showsTheIntegration() async throws {
        try await with(configure: {
            $0.signatureKey = "planted-signature-key"
            $0.encryptionToken = "planted-token-77"
        }) { bed, backoffice in
            let connected = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            _ = try await backoffice.call("GET", "\(backoffice.integration())/test")
            let answer = try await backoffice.call("GET", backoffice.integration())
            #expect(answer.status == 200)
            #expect(answer["credentials", "base_url"] == bed.register.baseURL)
            #expect(answer["credentials", "signature_key"] == "********")
            #expect(answer["credentials", "encryption_token"] == "********")
            #expect(answer["settings", "enable_encryption"] == "1")
            #expect(answer["connection", "status"] == "connected")
            #expect(answer["connection", "webshop_payment_type"] == "1")
            #expect(answer["connection", "tested_at"].flatMap(RFC3339.date) != nil)
            #expect(answer["logs"]?.contains("Connection test succeeded") == true)
            for text in [connected.text, answer.text] {
                #expect(!text.contains("planted"))
            }
        }
    }

    @Test("A location without the integration says so (K3)", arguments: ["GET", "DELETE"])
    func unconnectedIsNotFound(_ method: String) async throws {
        try await with { bed, backoffice in
            try await bed.connect(provider: .hendrickx)
            for path in [backoffice.integration(), backoffice.integration("hendrickx", "location-9")] {
                let answer = try await backoffice.call(method, path)
                #expect(answer.status == 404)
                #expect(answer.error?.reason == "not_connected")
            }
            #expect(try await bed.connection().provider == .hendrickx)
        }
    }

    // MARK: - Test

    @Test("A test updates status, tips and payment type, and raises the epoch (K4)", arguments: [true, false])
    func testUpdates(_ tips: Bool) async throws {
        try await with(configure: { $0.settings.tips = tips }) { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let before = try await bed.connection()
            let answer = try await backoffice.call("GET", "\(backoffice.integration())/test")
            #expect(answer.status == 200)
            #expect(answer["status"] == "connected")
            #expect(answer["tips"] == (tips ? "1" : "0"))
            #expect(answer["webshop_payment_type"] == "1")
            #expect(answer["system_name"] == "Kassanet Simulator")
            let after = try await bed.connection()
            #expect(after.status == .connected)
            #expect(after.takesTips == tips)
            #expect(after.paymentType == KassanetPaymentType(number: 9, name: "Webshop"))
            #expect(after.testedAt != nil)
            #expect(after.epoch == before.epoch + 1)
            let feed = try await bed.connections.changes(since: before.version, limit: 9, visibleTo: .all)
            #expect(feed.map(\.epoch) == [after.epoch])
            #expect(feed.map(\.capabilities.tips) == [tips])
        }
    }

    @Test("A missing webshop payment type is a warning that says so, and stops nothing (K4)")
    func missingPaymentTypeIsAWarning() async throws {
        try await with { bed, backoffice in
            let body = bed.connectBody(#", "webshop_payment_type": "Upvendo""#)
            _ = try await backoffice.call("POST", backoffice.integration(), body)
            let answer = try await backoffice.call("GET", "\(backoffice.integration())/test")
            #expect(answer["status"] == "connected")
            #expect(answer["webshop_payment_type"] == "0")
            #expect(answer["warnings"]?.contains("Upvendo") == true)
            #expect(try await bed.connection().status == .connected)
            #expect(try await bed.log().first?.type == "info")
            #expect(try await bed.log().first?.message.contains("Upvendo") == true)
        }
    }

    @Test("A certificate that is not checked is a warning")
    func uncheckedCertificateIsAWarning() async throws {
        try await with { bed, backoffice in
            let body = bed.connectBody(#", "verify_tls": false"#)
            let connected = try await backoffice.call("POST", backoffice.integration(), body)
            #expect(connected["connection", "warnings"]?.contains("verify_tls") == true)
            let tested = try await backoffice.call("GET", "\(backoffice.integration())/test")
            #expect(tested["warnings"]?.contains("verify_tls") == true)
        }
    }

    @Test(
        "A test that fails says why and marks the location (K4, K7)",
        arguments: [
            (RegisterFault(.status, on: "test", times: 0, status: 500), "disconnected"),
            (RegisterFault(.status, on: "test", times: 0, status: 401), "misconfigured"),
            (RegisterFault(.refuse, on: "test", times: 0, message: "Licence expired"), "disconnected"),
            (RegisterFault(.wrongKey, on: "test", times: 0), "disconnected"),
            (RegisterFault(.resetBeforeEffect, on: "GetPaymentTypes", times: 0), "disconnected"),
        ]
    )
    func failedTestIsTold(_ fault: RegisterFault, _ status: String) async throws {
        try await with { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let before = try await bed.connection()
            await bed.register.add(fault)
            let answer = try await backoffice.call("GET", "\(backoffice.integration())/test")
            #expect(answer.status == 200)
            #expect(answer["status"] == status)
            #expect(answer["message"]?.isEmpty == false)
            let after = try await bed.connection()
            #expect(after.status.rawValue == status)
            #expect(after.statusMessage == answer["message"])
            #expect(after.epoch == before.epoch)
            #expect(try await bed.log().first?.type == "error")
            if fault.kind == .refuse { #expect(after.statusMessage.contains("Licence expired")) }
        }
    }

    // MARK: - Delete

    @Test("The other provider is refused until the first is deleted (K6)")
    func otherProviderIsRefused() async throws {
        try await with { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration("hendrickx"), bed.connectBody())
            let refused = try await backoffice.call("POST", backoffice.integration("vanhoutte"), bed.connectBody())
            #expect(refused.status == 409)
            #expect(refused.error?.reason == "other_provider_connected")
            #expect(try await bed.connection().provider == .hendrickx)
            let test = try await backoffice.call("GET", "\(backoffice.integration("vanhoutte"))/test")
            #expect(test.error?.reason == "not_connected")
            let deleted = try await backoffice.call("DELETE", backoffice.integration("hendrickx"))
            #expect(deleted.status == 200)
            let connected = try await backoffice.call("POST", backoffice.integration("vanhoutte"), bed.connectBody())
            #expect(connected.status == 200)
            #expect(connected["logs"]?.contains("Hendrickx") == false)
        }
    }

    @Test("Deleting leaves a tombstone in the feed, and nothing to show (K5)")
    func deletionIsFollowed() async throws {
        try await with { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let version = try await bed.connection().version
            #expect(try await backoffice.call("DELETE", backoffice.integration()).status == 200)
            #expect(try await backoffice.call("GET", backoffice.integration()).status == 404)
            let feed = try await bed.connections.changes(since: version, limit: 9, visibleTo: .all)
            #expect(feed.map(\.isDeleted) == [true])
            #expect(feed.map(\.provider) == ["vanhoutte"])
            #expect(feed.map(\.syncRequestedAt) == [nil])
            let report = await rpcError { _ = try await bed.service.placeOrder(Place.first.place(), bed.context()) }
            #expect(report?.reason == "not_connected")
        }
    }

    @Test("Rule K5: Connected again after a deletion, the feed tells another instant; changed settings tell the same")
    func connectedAgainIsToldApart() async throws {
        try await with { bed, backoffice in
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let first = try #require(try await bed.connection().feedEntry.connectedAt)
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody(#", "fee_plu": 2"#))
            #expect(try await bed.connection().feedEntry.connectedAt == first)
            _ = try await backoffice.call("DELETE", backoffice.integration())
            _ = try await backoffice.call("POST", backoffice.integration(), bed.connectBody())
            let feed = try await bed.connections.changes(since: 0, limit: 9, visibleTo: .all)
            let again = try #require(feed.first?.connectedAt)
            #expect(again > first)
        }
    }

    // MARK: - Whose it is

    @Test("Two merchants with a location of the same id never meet")
    func merchantsNeverMeet() async throws {
        try await with { bed, backoffice in
            let path = backoffice.integration()
            _ = try await backoffice.call("POST", path, as: .first, bed.connectBody(#", "fee_plu": 1"#))
            #expect(try await backoffice.call("GET", path, as: .second).status == 404)
            _ = try await backoffice.call("POST", path, as: .second, bed.connectBody(#", "fee_plu": 2"#))
            #expect(try await backoffice.call("GET", path, as: .first)["settings", "fee_plu"] == "1")
            #expect(try await backoffice.call("GET", path, as: .second)["settings", "fee_plu"] == "2")
            #expect(try await backoffice.call("DELETE", path, as: .second).status == 200)
            #expect(try await backoffice.call("GET", path, as: .first).status == 200)
            #expect(try await bed.log(.elsewhere).isEmpty)
            #expect(try await bed.log(.first).count == 1)
        }
    }

    @Test(
        "The merchant is the token's own; a token for several names it in x-merchant-id",
        arguments: [
            (.first, nil, 200, nil), (.first, "merchant-1", 200, nil),
            (.first, "merchant-2", 403, "merchant_not_allowed"),
            (.both, nil, 400, "invalid_request"), (.both, "merchant-1", 200, nil),
            (.both, "merchant-3", 403, "merchant_not_allowed"), (.all, nil, 400, "invalid_request"),
            (.all, "merchant-1", 200, nil), (.all, "merchant 1", 400, "invalid_request"),
            (.all, "", 400, "invalid_request"), (.router, "merchant-1", 403, "service_not_allowed"),
            (.unknown, "merchant-1", 401, "unknown_token"),
        ] as [(Backoffice.Token, String?, Int, String?)]
    )
    func merchantIsNamed(_ token: Backoffice.Token, _ merchant: String?, _ status: Int, _ reason: String?) async throws
    {
        try await with { bed, backoffice in
            try await bed.connect()
            let answer = try await backoffice.call("GET", backoffice.integration(), as: token, merchant: merchant)
            #expect(answer.status == status)
            #expect(answer.error?.reason == reason)
            if reason == "invalid_request" { #expect(answer.error?.fields?.map(\.field) == ["x-merchant-id"]) }
        }
    }

    @Test(
        "An unknown provider and a malformed location are named",
        arguments: [
            ("mplus", "location-1", "provider"), ("Hendrickx", "location-1", "provider"),
            ("hendrickx", "location%201", "locationId"),
            ("hendrickx", String(repeating: "x", count: 65), "locationId"),
        ]
    )
    func wrongPathIsNamed(_ provider: String, _ location: String, _ field: String) async throws {
        try await with { _, backoffice in
            let answer = try await backoffice.call("GET", backoffice.integration(provider, location))
            #expect(answer.status == 400)
            #expect(answer.error?.fields?.map(\.field) == [field])
        }
    }
}
