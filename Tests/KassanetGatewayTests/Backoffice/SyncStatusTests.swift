import Contracts
import Foundation
import RPC
import Testing

@testable import KassanetGateway

@Suite("How an import stands", .timeLimit(.minutes(1)), .serialized)
struct SyncStatusTests {
    @Test("What is recorded is shown to its own merchant with status, message, details and last sync (K3, K10)")
    func statusIsShown() async throws {
        try await GatewayBed.with { bed in
            try await bed.connect()
            try await bed.connect(.elsewhere)
            let version = try await bed.connection().version
            func record(_ place: Place, _ status: SyncStatus, _ message: String, at last: Date? = nil) async throws {
                _ = try await bed.service.recordSync(
                    RecordSyncRequest(
                        merchantId: place.merchant,
                        locationId: place.location,
                        status: status,
                        message: message,
                        details: [SyncDetail(name: "menu_id", value: "menu-1")],
                        lastSyncAt: last
                    ),
                    bed.context()
                )
            }
            try await Backoffice.with(bed) { backoffice in
                let path = backoffice.integration()
                #expect(try await backoffice.call("GET", path)["sync"] == nil)
                try await record(.first, .inProgress, "Products are being read.")
                try await record(.first, .success, "212 products.", at: instant("2026-03-10T05:00:12Z"))
                let shown = try await backoffice.call("GET", path)
                #expect(shown["sync", "status"] == "success")
                #expect(shown["sync", "message"] == "212 products.")
                #expect(shown["sync", "details", "menu_id"] == "menu-1")
                #expect(shown["sync", "last_sync"]?.hasPrefix("2026-03-10T05:00:12") == true)
                #expect(try await backoffice.call("GET", path, as: .second)["sync"] == nil)
            }
            #expect(try await bed.connection().version == version)
            #expect(await rpcError { try await record(.second, .error, "") }?.reason == "not_connected")
        }
    }
}
