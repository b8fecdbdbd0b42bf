import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import MenuSync

/// Imports from their request to the menu, with a register that may fail.
@Suite(.timeLimit(.minutes(5))) struct ImportTests {
    @Test("Rules K21, K22: An import goes through its four stages and brings menu, tables and stock")
    func wholeImport() async throws {
        try await ImportBed.with { bed in
            bed.register.change {
                $0.stock = [StockLevel(plu: "100", quantity: 3), StockLevel(plu: "101", quantity: 0)]
            }
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                let sync = try await process.importMenu()
                #expect(sync.state == .known(.succeeded))
                #expect(sync.menuVersion == 1)
                #expect(sync.stages.map(\.state) == Array(repeating: .known(.done), count: 4))
                #expect(sync.stages.map(\.attempt) == [1, 1, 1, 1])
                #expect(sync.stages.map(\.done) == [45, 2, 42, 1])
                #expect(sync.message.hasPrefix("Successfully synced 42 products in 2 categories"))
                #expect(sync.notices.contains { $0.message.contains("Article 7000") })
                #expect(sync.plan?.added ?? 0 > 42)
            }
            #expect(try await bed.menu().count == 42)
            let ledger = bed.register.ledger
            #expect(ledger.sections.map(\.name) == ["Vanhoutte"])
            #expect(ledger.sections.first?.provider == "vanhoutte")
            #expect(ledger.sections.first?.tables.map(\.name) == ["Window"])
            // Rule K27: the threshold goes with the question.
            #expect(ledger.stockThresholds == [10])
            let stock = try await process.service.listStock(
                ListStockRequest(merchantId: ImportBed.merchant, locationId: ImportBed.location),
                ImportBed.context()
            )
            #expect(stock.levels.map(\.isOutOfStock) == [false, true])
        }
    }

    @Test("Rules K10, K11: The gateway is told how an import stands and what it brought")
    func told() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                try await until("success is told") { bed.register.ledger.syncs.last?.status == .known(.success) }
                try await until("the log has it") { !bed.register.ledger.activities.isEmpty }
            }
            let ledger = bed.register.ledger
            let known = ["pending", "in_progress", "success"]
            let order = ledger.syncs.compactMap { known.firstIndex(of: $0.status.text) }
            #expect(order.count == ledger.syncs.count)
            #expect(order == order.sorted())
            let told = try #require(ledger.syncs.last)
            #expect(told.merchantId == ImportBed.merchant)
            #expect(told.lastSyncAt != nil)
            let details = Dictionary(
                (told.details ?? []).map { ($0.name, $0.value) },
                uniquingKeysWith: { first, _ in first }
            )
            #expect(details["items_imported"] == "42")
            #expect(details["categories_imported"] == "2")
            #expect(details["modifier_groups_imported"] == "1")
            #expect(details["display_groups_imported"] == "1")
            #expect(details["tables"] == "1")
            #expect(details["table_section"] == "Vanhoutte")
            #expect(details["skipped"] == "1")
            #expect(details["menu_id"].flatMap(UUID.init(uuidString:)) != nil)
            #expect(ledger.activities.map(\.type) == [.known(.success)])
            #expect(ledger.activities.first?.message.hasPrefix("Successfully synced 42 products") == true)
        }
    }

    @Test("A backoffice that is away delays what it is told, and no import")
    func backofficeAway() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { $0.isBackofficeAway = true }
            let process = bed.process()
            try await process.run {
                #expect(try await process.importMenu().state == .known(.succeeded))
                #expect(bed.register.ledger.syncs.isEmpty)
                bed.register.change { $0.isBackofficeAway = false }
                try await bed.pool.execute("UPDATE syncs SET tell_at = now()")
                try await until("it is told at last") { bed.register.ledger.syncs.last?.status == .known(.success) }
            }
        }
    }

    @Test("Rule K21: A stage is tried three times, with a pause between, and then the import fails by cause")
    func threeAttempts() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { ledger in
                ledger.readings = { _ in
                    .fails(
                        RPCError(
                            .failedPrecondition,
                            "The register is off. Switch it on.",
                            reason: "register_unreachable"
                        )
                    )
                }
            }
            var timing = ImportBed.timing
            timing.pause = .milliseconds(200)
            let process = bed.process(timing)
            try await process.run {
                let start = ContinuousClock.now
                let sync = try await process.importMenu()
                #expect(start.duration(to: .now) >= .milliseconds(400))
                #expect(sync.state == .known(.failed))
                #expect(sync.reason == "register_unreachable")
                #expect(sync.message == "The register is off. Switch it on.")
                #expect(sync.stages.first?.attempt == 3)
                #expect(sync.stages.first?.problem == "The register is off. Switch it on.")
                #expect(sync.stages.dropFirst().allSatisfy { $0.state == .known(.waiting) && $0.attempt == 0 })
            }
            #expect(bed.register.ledger.reads == 3)
            #expect(try await bed.count("menus") == 0)
        }
    }

    @Test("Rule K21: The usual patience is three attempts, 30 s apart, 300 s each")
    func usualPatience() {
        let timing = ImportTiming()
        #expect(timing.attempts == 3)
        #expect(timing.pause == .seconds(30))
        #expect(timing.limit == .seconds(300))
    }

    @Test("An attempt that takes longer than it may is cut off, and told so")
    func slowStage() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { $0.readings = { _ in .waits } }
            var timing = ImportBed.timing
            timing.attempts = 1
            timing.limit = .seconds(1)
            let process = bed.process(timing)
            try await process.run {
                let sync = try await process.importMenu()
                #expect(sync.state == .known(.failed))
                #expect(sync.reason == "stage_too_slow")
            }
        }
    }

    @Test("I12: A catalogue that breaks off is read again from the beginning")
    func cutCatalog() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { $0.readings = { $0 == 1 ? .cut : .whole } }
            let process = bed.process()
            try await process.run {
                let sync = try await process.importMenu()
                #expect(sync.state == .known(.succeeded))
                #expect(sync.stages.first?.attempt == 2)
            }
            #expect(bed.register.ledger.reads == 2)
            #expect(try await bed.menu().count == 42)
        }
    }

    @Test("Rule K28: No products is an error that says so, at once, and the menu stays")
    func noProducts() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                bed.register.change { $0.catalog = FakeRegister.catalog(products: 0) }
                let sync = try await process.importMenu()
                #expect(sync.state == .known(.failed))
                #expect(sync.reason == "no_products")
                #expect(sync.message.contains("no products"))
                #expect(sync.stages[2].attempt == 1)
                try await until("the log has it") {
                    bed.register.ledger.activities.contains { $0.type == .known(.error) }
                }
            }
            #expect(try await bed.menu().count == 42)
        }
    }

    @Test("I12: An import that finds nothing new makes no version, and says so")
    func nothingNew() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            try await process.run {
                _ = try await process.importMenu()
                let again = try await process.importMenu()
                #expect(again.state == .known(.succeeded))
                #expect(again.menuVersion == nil)
                #expect(again.message.contains("nothing had changed"))
            }
            #expect(try await bed.count("versions") == 1)
        }
    }

    @Test("F33: Two imports at once become one")
    func twoBecomeOne() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            let begun = try await withThrowingTaskGroup(of: StartSyncResponse.self) { group in
                for _ in 0..<8 { group.addTask { try await process.start() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(begun.map(\.sync.syncId)).count == 1)
            #expect(begun.count { !$0.joined } == 1)
            #expect(try await bed.count("syncs") == 1)
            // Afterwards another one can begin.
            try await process.run {
                _ = try await process.end(of: begun[0].sync.syncId)
                #expect(try await !process.start().joined)
            }
        }
    }

    @Test("Whoever wants the menu imported gets it imported, also by an import that was only to be looked at")
    func joiningAPlan() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let process = bed.process()
            let plan = try await process.start(planOnly: true)
            let wanted = try await process.start()
            #expect(wanted.joined)
            #expect(!wanted.sync.planOnly)
            try await process.run {
                let ended = try await process.end(of: plan.sync.syncId)
                #expect(ended.state == .known(.succeeded))
            }
        }
    }

    @Test("A slow register holds no transaction and no lock")
    func noTransactionWhileRegisterIsSlow() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { $0.readings = { _ in .waits } }
            let process = bed.process()
            try await process.run {
                let begun = try await process.start()
                try await until("the register is being read") { bed.register.ledger.reads == 1 }
                try await until("the first part is through") {
                    try await process.service.getSync(
                        GetSyncRequest(merchantId: ImportBed.merchant, syncId: begun.sync.syncId),
                        ImportBed.context()
                    ).sync.stages.first?.done ?? 0 > 0
                }
                // One that is held is there each time one looks; those of anything that goes on by itself come and go.
                var held: Set<String>?
                for _ in 0..<50 {
                    let open = try await bed.pool.query(
                        """
                        SELECT pid || ' since ' || xact_start AS line
                        FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
                        """
                    ).map { try $0["line", as: String.self] }
                    held = held?.intersection(open) ?? Set(open)
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(held == [])
                #expect(bed.register.ledger.reads == 1, "the register was being read all the while")
                bed.register.openGate()
                #expect(try await process.end(of: begun.sync.syncId).state == .known(.succeeded))
            }
        }
    }

    @Test("Stock or tables that cannot be brought do not undo the menu: the import names them")
    func menuStandsWithoutStock() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change {
                $0.isStockAway = true
                $0.isAllocatorAway = true
            }
            let process = bed.process()
            try await process.run {
                let sync = try await process.importMenu()
                #expect(sync.state == .known(.succeeded))
                #expect(
                    sync.notices.contains { $0.message.contains("stock could not be brought: The register is off.") }
                )
                #expect(sync.notices.contains { $0.message.contains("tables could not be brought") })
            }
            #expect(bed.register.ledger.stockThresholds.count == 3)
            #expect(try await bed.menu().count == 42)
        }
    }

    @Test("Two merchants with one location's name have menus of their own, and see nothing of each other")
    func twoMerchants() async throws {
        try await ImportBed.with { bed in
            let other = MenuKey(merchantID: MerchantID(unchecked: "m-2"), locationID: ImportBed.location)
            try await bed.connect()
            try await bed.connect(FakeRegister.connection(other.merchantID, version: 2))
            let process = bed.process()
            try await process.run {
                let ours = try await process.importMenu()
                bed.register.change { $0.catalog = FakeRegister.catalog(products: 3) }
                let theirs = try await process.importMenu(other)
                #expect(try await bed.menu().count == 42)
                #expect(try await bed.menu(other).count == 3)
                await #expect(throws: SyncError.unknownSync) {
                    _ = try await process.service.getSync(
                        GetSyncRequest(merchantId: other.merchantID, syncId: ours.syncId),
                        ImportBed.context()
                    )
                }
                await #expect(throws: SyncError.unknownSync) {
                    _ = try await process.service.discardPlan(
                        DiscardPlanRequest(merchantId: ImportBed.merchant, syncId: theirs.syncId, actor: "eve"),
                        ImportBed.context()
                    )
                }
                let listed = try await process.service.listSyncs(
                    ListSyncsRequest(merchantId: other.merchantID, locationId: other.locationID),
                    ImportBed.context()
                )
                #expect(listed.syncs.map(\.syncId) == [theirs.syncId])
            }
        }
    }
}
