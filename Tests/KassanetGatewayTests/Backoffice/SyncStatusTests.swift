import Contracts
import Foundation
import KassanetSimulator
import Postgres
import RPC
import Testing

@testable import KassanetGateway

@Suite("How an import stands", .timeLimit(.minutes(5)), .serialized)
struct SyncStatusTests {
    private func record(
        _ bed: GatewayBed,
        of place: Place = .first,
        _ status: SyncStatus,
        _ message: String,
        _ details: [SyncDetail]? = [SyncDetail(name: "menu_id", value: "menu-1")],
        at last: Date? = nil
    ) async throws {
        _ = try await bed.service.recordSync(
            RecordSyncRequest(
                merchantId: place.merchant,
                locationId: place.location,
                status: status,
                message: message,
                details: details,
                lastSyncAt: last
            ),
            bed.context()
        )
    }

    @Test("What is recorded is shown to its own merchant with status, message, details and last sync (K3, K10)")
    func statusIsShown() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(.elsewhere)
            let version = try await bed.connection().version
            try await Backoffice.with(bed) { backoffice in
                let path = backoffice.integration()
                #expect(try await backoffice.call("GET", path)["sync"] == nil)
                try await record(bed, .inProgress, "Products are being read.")
                try await record(bed, .success, "212 products.", at: instant("2026-03-10T05:00:12Z"))
                let shown = try await backoffice.call("GET", path)
                #expect(shown["sync", "status"] == "success")
                #expect(shown["sync", "message"] == "212 products.")
                #expect(shown["sync", "details", "menu_id"] == "menu-1")
                #expect(shown["sync", "last_sync"]?.hasPrefix("2026-03-10T05:00:12") == true)
                #expect(shown["sync", "imported"] == nil)
                #expect(try await backoffice.call("GET", path, as: .second)["sync"] == nil)
            }
            #expect(try await bed.connection().version == version)
            #expect(await rpcError { try await record(bed, of: .second, .error, "") }?.reason == "not_connected")
        }
    }

    @Test("The tables and the time of the last import that succeeded outlive what comes after it (K9, K10)")
    func whatWasImportedStays() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await Backoffice.with(bed) { backoffice in
                let path = backoffice.integration()
                let none = try await backoffice.call("GET", path)
                #expect(none["settings", "tables"] == nil)
                try await record(
                    bed,
                    .success,
                    "40 tables.",
                    [
                        SyncDetail(name: "tables", value: "1-40"),
                        SyncDetail(name: "table_section", value: "Vanhoutte Tables"),
                        SyncDetail(name: "tables_usage", value: "7: 2026-03-09T19:00:00Z"),
                    ],
                    at: instant("2026-03-10T05:00:12Z")
                )
                func check(_ status: String) async throws {
                    let shown = try await backoffice.call("GET", path)
                    #expect(shown["sync", "status"] == status)
                    #expect(shown["sync", "last_sync"]?.hasPrefix("2026-03-10T05:00:12") == true)
                    #expect(shown["settings", "tables"] == "1-40")
                    #expect(shown["settings", "table_section_id"] == "Vanhoutte Tables")
                    #expect(shown["settings", "tables_usage"] == "7: 2026-03-09T19:00:00Z")
                }
                try await check("success")
                _ = try await backoffice.call("POST", "\(path)/sync-menu")
                try await check("pending")
                try await record(bed, .inProgress, "Products are being read.", nil)
                try await check("in_progress")
                try await record(bed, .error, "The register lists no products.", [])
                try await check("error")
                try await record(bed, .success, "Nothing changed.", [], at: instant("2026-03-11T05:00:00Z"))
                let shown = try await backoffice.call("GET", path)
                #expect(shown["settings", "tables"] == nil)
                #expect(shown["sync", "last_sync"]?.hasPrefix("2026-03-11") == true)
            }
        }
    }

    // MARK: - Sync now

    @Test("An import that is asked for is pending and told in the feed; asking again is no error (K5, K10)")
    func importIsAskedFor() async throws {
        try await GatewayBed.with { bed in
            let before = try await bed.connect()
            let other = try await bed.connect(.elsewhere)
            try await Backoffice.with(bed) { backoffice in
                let path = "\(backoffice.integration())/sync-menu"
                let started = Date()
                let answer = try await backoffice.call("POST", path)
                #expect(answer.status == 200)
                #expect(answer["status"] == "pending")
                #expect(answer["message"]?.isEmpty == false)
                let told = try await bed.connections.changes(since: other.version, limit: 9, visibleTo: .all)
                #expect(told.map(\.locationId) == [before.locationID])
                #expect(told.map(\.merchantId) == [before.merchantID])
                #expect(told.map(\.epoch) == [before.epoch])
                let asked = try #require(told.first?.syncRequestedAt)
                #expect(abs(asked.timeIntervalSince(started)) < 30)
                #expect(try await backoffice.call("GET", backoffice.integration())["sync", "status"] == "pending")

                #expect(try await backoffice.call("POST", path)["status"] == "pending")
                let again = try #require(try await bed.connection().syncRequestedAt)
                #expect(again > asked)

                // While it runs, its progress stays, and another import follows.
                try await record(bed, .inProgress, "Products are being read.")
                let running = try await backoffice.call("POST", path)
                #expect(running["status"] == "in_progress")
                #expect(running["message"] == "Products are being read.")
                #expect(try #require(try await bed.connection().syncRequestedAt) > again)
                let asking = try await bed.log().filter { $0.message.contains("was asked for by") }
                #expect(asking.count == 1)
            }
            #expect(try await bed.connection(.elsewhere).version == other.version)
            #expect(try await bed.connection(.elsewhere).syncRequestedAt == nil)
            #expect(await bed.register.requests.isEmpty)
        }
    }

    @Test("An import is asked for by its own merchant, of the provider that is connected (K5, K6)")
    func onlyWhatIsConnected() async throws {
        try await GatewayBed.with { bed in
            let before = try await bed.connect()
            try await Backoffice.with(bed) { backoffice in
                for (path, token) in [
                    (backoffice.integration("hendrickx"), Backoffice.Token.first), (backoffice.integration(), .second),
                ] {
                    let answer = try await backoffice.call("POST", "\(path)/sync-menu", as: token)
                    #expect(answer.status == 404)
                    #expect(answer.error?.reason == "not_connected")
                }
            }
            #expect(try await bed.connection().version == before.version)
        }
    }

    @Test("A request of before is gone with the integration, and with it what was imported; attempts stay (K5)")
    func deletionForgetsImports() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            _ = try await bed.service.placeOrder(Place.first.place(), bed.context())
            try await Backoffice.with(bed) { backoffice in
                let path = backoffice.integration()
                try await record(bed, .success, "40 tables.", [SyncDetail(name: "tables", value: "1-40")], at: Date())
                _ = try await backoffice.call("POST", "\(path)/sync-menu")
                #expect(try await backoffice.call("DELETE", path).status == 200)
                let rest = try await bed.postgres.queryOne(
                    """
                    SELECT c::text AS rest, (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM activity) AS log
                    FROM connections c
                    """
                )
                let text = try #require(try rest?["rest", as: String.self])
                for gone in ["1-40", "pending", bed.register.baseURL, "answers"] { #expect(!text.contains(gone)) }
                #expect(try rest?["attempts", as: Int.self] == 1)
                #expect(try rest?["log", as: Int.self] == 0)
                _ = try await backoffice.call("POST", path, bed.connectBody())
                let shown = try await backoffice.call("GET", path)
                #expect(shown["sync"] == nil)
                #expect(shown["settings", "tables"] == nil)
                #expect(try await bed.connection().syncRequestedAt == nil)
            }
        }
    }

    // MARK: - The daily import

    @Test(
        "The next daily import is shown, in the location's zone and as UTC has it, through both changes of the clock (K9)",
        arguments: [
            ("05:00", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00", "03:00"),
            ("05:00", "2026-10-24T12:00:00Z", "2026-10-25T04:00:00", "04:00"),
            ("02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00", "01:00"),
            ("02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00", "00:30"),
        ]
    )
    func nextRunIsShown(_ time: String, _ now: String, _ next: String, _ utc: String) async throws {
        try await GatewayBed.with { bed in
            try await bed.connect { $0.syncTime = time }
            try await bed.connect(.elsewhere)
            try await Backoffice.with(bed, now: { instant(now) }) { backoffice in
                let path = backoffice.integration()
                let shown = try await backoffice.call("GET", path)
                #expect(shown["settings", "sync_time"] == time)
                #expect(shown["settings", "sync_time_utc"] == utc)
                #expect(shown["settings", "next_run_time"]?.hasPrefix(next) == true)
                let off = try await backoffice.call("GET", path, as: .second)
                #expect(off["settings", "sync_time"] == nil)
                #expect(off["settings", "sync_time_utc"] == nil)
                #expect(off["settings", "next_run_time"] == nil)
            }
        }
    }
}
