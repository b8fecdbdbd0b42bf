import Contracts
import Foundation
import KassanetSimulator
import RPC
import Testing

@testable import KassanetGateway

@Suite("Settings that are changed without credentials", .timeLimit(.minutes(5)), .serialized)
struct SettingsTests {
    private func with(_ body: (GatewayBed, Backoffice) async throws -> Void) async throws {
        try await GatewayBed.with { bed in
            try await Backoffice.with(bed) { try await body(bed, $0) }
        }
    }

    private func feed(_ bed: GatewayBed, since version: Int = 0) async throws -> [PosConnection] {
        try await bed.connections.changes(since: version, limit: 9, visibleTo: .all)
    }

    @Test("What is named changes, the rest and the credentials stay, and no new epoch begins (K9, K12, K27)")
    func whatIsNamedChanges() async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect { $0.settleDelayMs = 3_000 }
            let answer = try await backoffice.call(
                "PATCH",
                backoffice.integration(),
                """
                {"sync_time": "04:45", "table_mode": "physical", "table_section": "Vanhoutte Terrace", "stock_threshold": 10,
                 "on_mismatch": "deposit", "fee_plu": 106}
                """
            )
            #expect(answer.status == 200)
            #expect(answer["settings", "sync_time"] == "04:45")
            #expect(answer["settings", "table_section"] == "Vanhoutte Terrace")
            #expect(answer["settings", "stock_threshold"] == "10")
            let after = try await bed.connection()
            var expected = before.settings
            expected.syncTime = "04:45"
            expected.tableMode = .physical
            expected.tableSection = "Vanhoutte Terrace"
            expected.stockThreshold = 10
            expected.onMismatch = .deposit
            expected.feePlu = 106
            #expect(after.settings == expected)
            #expect(after.credentials == before.credentials)
            #expect(after.epoch == before.epoch)
            #expect(after.status == .connected)
            #expect(after.paymentType == before.paymentType)
            let told = try #require(try await feed(bed, since: before.version).first)
            #expect(told.version > before.version)
            #expect(told.epoch == before.epoch)
            #expect(told.syncTime == "04:45")
            #expect(told.tableMode.knownValue == .physical)
            #expect(told.onMismatch.knownValue == .deposit)
            #expect(told.tableSection == "Vanhoutte Terrace")
            #expect(told.stockThreshold == 10)
            #expect(try await bed.log().first?.message.hasPrefix("Settings were changed by") == true)
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("Null puts a setting back to its default, and an empty time turns the daily import off (K9)")
    func nullIsTheDefault() async throws {
        try await with { bed, backoffice in
            try await bed.connect {
                $0.syncTime = "05:00"
                $0.tableMode = .physical
                $0.tableSection = "Vanhoutte Bar"
                $0.stockThreshold = 3
                $0.feePlu = 106
            }
            func patch(_ body: String) async throws -> KassanetGateway.Connection {
                #expect(try await backoffice.call("PATCH", backoffice.integration(), body).status == 200)
                return try await bed.connection()
            }
            #expect(try await patch(#"{"sync_time": null}"#).settings.syncTime == nil)
            #expect(try await patch(#"{"sync_time": "05:15"}"#).settings.syncTime == "05:15")
            let off = try await patch(#"{"sync_time": "", "table_section": "", "fee_plu": null}"#)
            #expect(off.settings.syncTime == nil)
            #expect(off.tableSection == "Vanhoutte Tables")
            #expect(off.settings.feePlu == nil)
            #expect(off.settings.stockThreshold == 3)
            let usual = try await patch(#"{"table_mode": null, "stock_threshold": null}"#)
            #expect(usual.settings.tableMode == .virtual)
            #expect(usual.settings.stockThreshold == nil)
            let told = try await feed(bed)
            #expect(told.map(\.syncTime) == [nil])
            #expect(told.map(\.stockThreshold) == [nil])
            #expect(told.map(\.tableSection) == ["Vanhoutte Tables"])
        }
    }

    @Test("A change that changes nothing is no news")
    func nothingChanges() async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect { $0.syncTime = "05:00" }
            for body in ["{}", #"{"sync_time": "05:00", "table_mode": "virtual"}"#] {
                #expect(try await backoffice.call("PATCH", backoffice.integration(), body).status == 200)
            }
            #expect(try await bed.connection().version == before.version)
            #expect(try await bed.log().isEmpty)
        }
    }

    @Test(
        "A setting that changes how the register is spoken to begins a new epoch, untested",
        arguments: [
            #"{"padding": "pkcs7"}"#, #"{"time_zone": "Europe/London"}"#, #"{"enable_encryption": false}"#,
            #"{"signature_encoding": "hex"}"#, #"{"date_zone": "utc"}"#, #"{"verify_tls": false}"#,
        ]
    )
    func anotherWireIsAnotherEpoch(_ body: String) async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect(tips: true)
            let answer = try await backoffice.call("PATCH", backoffice.integration(), body)
            #expect(answer["connection", "status"] == "untested")
            let after = try await bed.connection()
            #expect(after.epoch == before.epoch + 1)
            #expect(after.paymentType == nil)
            #expect(!after.takesTips)
            #expect(after.testedAt == nil)
            #expect(after.credentials == before.credentials)
            #expect(try await bed.log().first?.message.contains("Test the connection next") == true)
        }
    }

    @Test("Another webshop payment type is looked for anew, in the same epoch")
    func anotherPaymentType() async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect(tips: true)
            _ = try await backoffice.call("PATCH", backoffice.integration(), #"{"webshop_payment_type": "Cash"}"#)
            let after = try await bed.connection()
            #expect(after.paymentType == nil)
            #expect(after.takesTips)
            #expect(after.status == .connected)
            #expect(after.epoch == before.epoch)
        }
    }

    @Test("Every setting that is wrong is named, and nothing changes (K12)")
    func wrongSettingsAreNamed() async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect()
            let answer = try await backoffice.call(
                "PATCH",
                backoffice.integration(),
                """
                {"sync_time": "25:00", "table_mode": "named", "table_section": "Hendrickx Tables", "stock_threshold": -1,
                 "on_mismatch": "ignore", "fee_plu": 0, "settle_delay_ms": 600001}
                """
            )
            #expect(answer.status == 400)
            #expect(
                Set(answer.error?.fields?.map(\.field) ?? []) == [
                    "sync_time", "table_mode", "table_section", "stock_threshold", "on_mismatch", "fee_plu",
                    "settle_delay_ms",
                ]
            )
            for nothing in ["", "[]"] {
                let refused = try await backoffice.call("PATCH", backoffice.integration(), nothing)
                #expect(refused.status == 400, "\(nothing)")
            }
            #expect(try await bed.connection().settings == before.settings)
            #expect(try await bed.connection().version == before.version)
        }
    }

    @Test("Credentials and the address are refused by name, and never ignored without a word (K2)")
    func credentialsAreRefused() async throws {
        try await with { bed, backoffice in
            let before = try await bed.connect()
            let answer = try await backoffice.call(
                "PATCH",
                backoffice.integration(),
                #"{"base_url": "http://127.0.0.1:2", "signature_key": null, "sync_time": "05:00"}"#
            )
            #expect(answer.status == 400)
            #expect(answer.error?.fields?.map(\.field) == ["base_url", "signature_key"])
            #expect(try await bed.connection().version == before.version)
        }
    }

    @Test("Twenty who change different settings at once all get theirs")
    func changesDoNotOverwriteEachOther() async throws {
        try await with { bed, _ in
            let before = try await bed.connect()
            try await withThrowingTaskGroup { group in
                for number in 0..<20 {
                    group.addTask {
                        _ = try await bed.connections.change(
                            merchant: before.merchantID,
                            location: before.locationID,
                            provider: before.provider
                        ) { settings in
                            var settings = settings
                            settings.noBillMessages.append("message \(number)")
                            return settings
                        }
                    }
                }
                try await group.waitForAll()
            }
            let messages = try await bed.connection().settings.noBillMessages
            #expect(Set(messages) == Set((0..<20).map { "message \($0)" }))
            #expect(messages.count == 20)
        }
    }

    @Test("One merchant's change is not the other's, nor another provider's")
    func merchantsNeverMeet() async throws {
        try await with { bed, backoffice in
            try await bed.connect()
            let other = try await bed.connect(.elsewhere)
            let path = backoffice.integration()
            #expect(try await backoffice.call("PATCH", path, #"{"sync_time": "05:00"}"#).status == 200)
            #expect(try await bed.connection(.elsewhere).settings == other.settings)
            #expect(try await bed.connection(.elsewhere).version == other.version)
            let missing = try await backoffice.call("PATCH", backoffice.integration("hendrickx"), "{}")
            #expect(missing.status == 404)
            #expect(missing.error?.reason == "not_connected")
        }
    }
}
