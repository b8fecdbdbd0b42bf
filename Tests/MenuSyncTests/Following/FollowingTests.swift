import Contracts
import Following
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import MenuSync

/// What menu-sync makes of the gateways' feeds.
@Suite(.timeLimit(.minutes(5))) struct FollowingTests {
    @Test("Rule K5: A wish for an import is granted once, however many replicas see it and however often")
    func syncNowOnce() async throws {
        try await ImportBed.with { bed in
            let wish = Date(timeIntervalSince1970: 1_767_225_600.123)
            bed.register.change { $0.connections = [FakeRegister.connection(version: 1)] }
            let (first, second) = (bed.process(), bed.process())
            try await first.run {
                try await second.run {
                    try await until("the location is known") { try await bed.count("locations") == 1 }
                    #expect(try await bed.count("syncs") == 0)
                    bed.register.change {
                        $0.connections = [FakeRegister.connection(version: 2, syncRequestedAt: wish)]
                    }
                    try await until("the menu is imported") { try await bed.menu().count == 42 }
                    // Every change of the connection names the wish again.
                    bed.register.change {
                        $0.connections = [FakeRegister.connection(version: 3, syncRequestedAt: wish)]
                    }
                    try await until("the change is seen") {
                        try await LocationStore(pool: bed.pool).find(ImportBed.key)?.version == 3
                    }
                    #expect(try await bed.count("syncs") == 1)
                }
            }
            let sync = try await bed.process().service.listSyncs(
                ListSyncsRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location),
                ImportBed.context()
            ).syncs.first
            #expect(sync?.trigger == .known(.backoffice))
            // A process that starts later and reads everything anew grants nothing again.
            let third = bed.process()
            try await third.run {
                await third.parts.feed.refresh()
                let count = try await bed.count("syncs")
                #expect(count == 1)
            }
        }
    }

    @Test("A later wish is granted, and joins an import that is under way")
    func laterWish() async throws {
        try await ImportBed.with { bed in
            let store = LocationStore(pool: bed.pool)
            let wish = Date(timeIntervalSince1970: 1_767_225_600)
            let first = try await store.take(
                FakeRegister.connection(version: 1, syncRequestedAt: wish),
                gateway: "kassanet"
            )
            let second = try await store.take(
                FakeRegister.connection(version: 2, syncRequestedAt: wish + 1),
                gateway: "kassanet"
            )
            guard case .importBegun(let sync) = first else {
                Issue.record("\(first)")
                return
            }
            #expect(second == .importBegun(sync))
            #expect(try await bed.count("syncs") == 1)
        }
    }

    @Test("An older entry of the feed changes nothing")
    func olderEntry() async throws {
        try await ImportBed.with { bed in
            let store = LocationStore(pool: bed.pool)
            try await bed.connect(FakeRegister.connection(version: 5))
            let old = FakeRegister.connection(version: 4, isDeleted: true)
            #expect(try await store.take(old, gateway: "kassanet") == .unchanged)
            #expect(try await store.find(ImportBed.key)?.isDeleted == false)
            // Nor does another gateway's tombstone of it.
            let foreign = FakeRegister.connection(version: 9, provider: "mplus", isDeleted: true)
            #expect(try await store.take(foreign, gateway: "mplus") == .unchanged)
        }
    }

    @Test("Rule K5: Deleting an integration takes away everything it imported, of this merchant alone")
    func deletion() async throws {
        try await ImportBed.with { bed in
            let other = MenuKey(merchantID: MerchantID(unchecked: "m-2"), locationID: ImportBed.location)
            bed.register.change {
                $0.stock = [StockLevel(plu: "100", quantity: 3)]
                $0.connections = [
                    FakeRegister.connection(version: 1), FakeRegister.connection(other.merchantID, version: 2),
                ]
            }
            let (process, replica) = (bed.process(), bed.process())
            try await process.run {
                try await until("both are known") { try await bed.count("locations") == 2 }
                _ = try await process.importMenu()
                _ = try await process.importMenu(other)
                bed.register.change { ledger in
                    // A section that somebody made by hand stays.
                    ledger.sections.append(SectionView(name: "Terrace", provider: nil, label: "Table", tables: []))
                    ledger.isAllocatorAway = true
                    ledger.connections[0] = FakeRegister.connection(version: 3, isDeleted: true)
                }
                try await replica.run {
                    try await until("the menu is gone") { try await bed.menu().isEmpty }
                    #expect(try await bed.count("removals") == 1)
                    bed.register.change { $0.isAllocatorAway = false }
                    try await bed.pool.execute("UPDATE removals SET run_at = now()")
                    try await until("all of it is gone") { try await bed.count("removals") == 0 }
                }
                await #expect(throws: SyncError.unknownLocation) { _ = try await process.start() }
            }
            #expect(bed.register.ledger.sections.map(\.name) == ["Terrace"])
            let tables = ["menus", "versions", "items", "parts", "stock_levels", "stock_readings"]
            for table in tables {
                let ours = try await bed.pool.queryOne(
                    "SELECT count(*) AS n FROM \(unescaped: table) WHERE merchant_id = \(ImportBed.merchant)"
                )
                #expect(try ours?["n", as: Int.self] == 0, "\(table)")
            }
            #expect(try await bed.menu(other).count == 42)
        }
    }

    @Test("A location that is connected again is imported when the deleted integration is gone")
    func connectedAgain() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run { _ = try await process.importMenu() }
            bed.register.change { $0.isAllocatorAway = true }
            try await bed.connect(FakeRegister.connection(version: 2, isDeleted: true))
            try await bed.connect(FakeRegister.connection(version: 3, provider: "hendrickx", tableSection: nil))
            let again = bed.process()
            try await again.run {
                let begun = try await again.start()
                try await until("the menu is gone") { try await bed.menu().isEmpty }
                #expect(try await bed.count("removals") == 1)
                bed.register.change { $0.isAllocatorAway = false }
                try await bed.pool.execute("UPDATE removals SET run_at = now()")
                let sync = try await again.end(of: begun.sync.syncId)
                #expect(sync.state == .known(.succeeded))
                #expect(sync.provider == "hendrickx")
            }
            #expect(try await bed.menu().count == 42)
            #expect(bed.register.ledger.sections.isEmpty)
        }
    }

    @Test("Rule K5: Deleted and connected again before anybody looked, what it imported goes all the same")
    func deletionMissed() async throws {
        try await ImportBed.with { bed in
            let first = Date(timeIntervalSince1970: 1_767_225_600.123)
            try await bed.connect(FakeRegister.connection(version: 1, connectedAt: first))
            let store = LocationStore(pool: bed.pool)
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                // The same integration, changed: its instant comes with milliseconds.
                let changed = FakeRegister.connection(version: 2, connectedAt: first + 0.000_4)
                #expect(try await store.take(changed, gateway: "kassanet") == .updated)
                #expect(try await bed.menu().count == 42)
                let again = FakeRegister.connection(version: 4, connectedAt: first + 1)
                #expect(try await store.take(again, gateway: "kassanet") == .removalBegun)
                try await until("all of it is gone") { try await bed.count("removals") == 0 }
                #expect(try await bed.menu().isEmpty)
                #expect(try await process.importMenu().state == .known(.succeeded))
            }
        }
    }

    @Test("Another provider at the location takes the place of the first, and of what that imported")
    func otherProvider() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                try await bed.connect(FakeRegister.connection(version: 2, provider: "hendrickx", tableSection: nil))
                process.parts.removals.wake()
                try await until("the menu is gone") { try await bed.count("removals") == 0 }
                #expect(try await bed.menu().isEmpty)
                await #expect(throws: SyncError.otherProvider("hendrickx")) {
                    _ = try await process.service.startSync(
                        StartSyncRequest(
                            merchantId: ImportBed.merchant,
                            locationId: ImportBed.location,
                            actor: "anna",
                            trigger: .commandLine,
                            provider: "vanhoutte"
                        ),
                        ImportBed.context()
                    )
                }
            }
        }
    }

    @Test(
        "Rule K5: What a register tells while its integration is deleted is not kept",
        arguments: ["ListTables", "PutSection", "ReadStock"]
    )
    func deletedMeanwhile(_ procedure: String) async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { ledger in
                ledger.stock = [StockLevel(plu: "100", quantity: 3)]
                ledger.meanwhile[procedure] = {
                    try await bed.connect(FakeRegister.connection(version: 2, isDeleted: true))
                    // The first round of the removal is through: it found nothing of what comes now.
                    try await until("the menu is gone") {
                        let waiting = try await bed.pool.queryOne("SELECT again_at FROM removals")
                        return try waiting.map { try $0["again_at", as: Date?.self] == nil } ?? true
                    }
                }
            }
            var timing = ImportBed.timing
            timing.lease = .seconds(4)
            let process = bed.process(timing)
            try await process.run {
                let sync = try await process.importMenu()
                #expect(sync.reason == "location_deleted")
                try await until("all of it is gone") { try await bed.count("removals") == 0 }
            }
            for table in ["menus", "items", "stock_levels", "stock_readings"] {
                #expect(try await bed.count(table) == 0, "\(table)")
            }
            #expect(bed.register.ledger.sections.isEmpty)
        }
    }

    @Test("Rule K5: A stock reading that a deletion overtakes is not kept")
    func stockReadMeanwhile() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { ledger in
                ledger.stock = [StockLevel(plu: "100", quantity: 3)]
                ledger.meanwhile["ReadStock"] = {
                    try await bed.connect(FakeRegister.connection(version: 2, isDeleted: true))
                }
            }
            let service = bed.process().service
            await #expect(throws: SyncError.locationDeleted) {
                _ = try await service.syncStock(
                    SyncStockRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location),
                    ImportBed.context()
                )
            }
            #expect(try await bed.count("stock_levels") == 0)
            #expect(try await bed.count("stock_readings") == 0)
        }
    }
}
