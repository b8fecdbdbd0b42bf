import Contracts
import Foundation
import Postgres
import RPC
import TestBed
import Testing

@testable import MenuSync

/// F33, rule K21: workers that vanish in the middle of an import, and some that come back.
@Suite(.timeLimit(.minutes(5))) struct KilledImportTests {
    static let steps: [ImportStep] = [.read, .categories, .products, .displayGroups, .plan, .apply, .tables, .stock]

    /// A worker that is driven step by step, and can be dropped anywhere.
    private struct Hand {
        let store: SyncStore
        let imports: ImportRun

        init(_ bed: ImportBed) {
            let store = SyncStore(pool: bed.pool, owner: UUID(), timing: ImportBed.timing)
            self.store = store
            imports = ImportRun(
                pool: bed.pool,
                syncs: store,
                locations: LocationStore(pool: bed.pool),
                plans: PlanStore(pool: bed.pool),
                menus: MenuStore(pool: bed.pool),
                stock: StockStore(pool: bed.pool),
                desk: RegisterDesk(gateways: ["kassanet": bed.client], allocator: bed.client),
                watch: SyncWatch(syncs: store, capacity: 10, logger: ImportBed.logger),
                planGuard: PlanGuard(),
                announce: {},
                logger: ImportBed.logger
            )
        }
    }

    @Test("An import killed at a step goes on there, and makes the same menu", arguments: steps)
    func killed(at step: ImportStep) async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let hand = Hand(bed)
            let begun = try await hand.store.start(ImportBed.key, SyncStore.Wish(actor: "anna", trigger: .person))
                .record
            var record = try #require(try await hand.store.claim())
            while record.step != step { record = try await hand.imports.perform(record) }
            // The worker dies here: nobody gives the import back.
            try await bed.pool.execute("UPDATE syncs SET lease_until = now() - interval '1 second'")
            let process = bed.process()
            try await process.run {
                let sync = try await process.end(of: begun.id)
                #expect(sync.state == .known(.succeeded))
                #expect(sync.menuVersion == 1)
            }
            #expect(try await bed.menu().count == 42)
            #expect(try await bed.parts().count == 4)
            #expect(try await bed.count("versions") == 1)
            // What was done was not done again.
            #expect(bed.register.ledger.reads == 1)
        }
    }

    @Test("A worker that was taken for dead changes nothing when it comes back", arguments: steps)
    func zombie(at step: ImportStep) async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let hand = Hand(bed)
            let begun = try await hand.store.start(ImportBed.key, SyncStore.Wish(actor: "anna", trigger: .person))
                .record
            var record = try #require(try await hand.store.claim())
            while record.step != step { record = try await hand.imports.perform(record) }
            try await bed.pool.execute("UPDATE syncs SET lease_until = now() - interval '1 second'")
            // Another takes it, and the first goes on with its step in between.
            let other = Hand(bed)
            var taken = try #require(try await other.store.claim())
            #expect(taken.generation == record.generation + 1)
            let zombie = record
            await #expect(throws: ImportLost.self) { _ = try await hand.imports.perform(zombie) }
            while taken.state == .inProgress { taken = try await other.imports.perform(taken) }
            #expect(taken.id == begun.id)
            #expect(taken.state == .succeeded)
            #expect(try await bed.menu().count == 42)
            #expect(try await bed.count("versions") == 1)
        }
    }

    @Test("A graceful stop gives the import back at once, and it goes on elsewhere")
    func gracefulStop() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            bed.register.change { $0.readings = { $0 == 1 ? .waits : .whole } }
            // Without being given back it would be the first process's for ten minutes.
            var timing = ImportBed.timing
            timing.lease = .seconds(600)
            let first = bed.process(timing)
            let begun = try await first.run {
                let begun = try await first.start()
                try await until("the register is being read") { bed.register.ledger.reads == 1 }
                return begun
            }
            let second = bed.process(timing)
            try await second.run {
                let sync = try await second.end(of: begun.sync.syncId)
                #expect(sync.state == .known(.succeeded))
                // A stop is no failure.
                #expect(sync.stages.first?.attempt == 1)
            }
            #expect(bed.register.ledger.reads == 2)
        }
    }

    @Test("An import that kills its workers again and again is given up, and says so")
    func killer() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let hand = Hand(bed)
            let begun = try await hand.store.start(ImportBed.key, SyncStore.Wish(actor: "anna", trigger: .person))
                .record
            for _ in 0..<10 {
                _ = try #require(try await hand.store.claim())
                try await bed.pool.execute("UPDATE syncs SET lease_until = now() - interval '1 second'")
            }
            let process = bed.process()
            try await process.run {
                let sync = try await process.end(of: begun.id)
                #expect(sync.state == .known(.failed))
                #expect(sync.reason == "interrupted_too_often")
            }
        }
    }

    @Test("A location that is deleted meanwhile ends the import, and no menu comes of it")
    func deletedMeanwhile() async throws {
        try await ImportBed.with { bed in
            try await bed.connect()
            let hand = Hand(bed)
            let begun = try await hand.store.start(ImportBed.key, SyncStore.Wish(actor: "anna", trigger: .person))
                .record
            var record = try #require(try await hand.store.claim())
            while record.step != .apply { record = try await hand.imports.perform(record) }
            try await bed.connect(FakeRegister.connection(version: 2, isDeleted: true))
            let late = record
            await #expect(throws: ImportLost.self) { _ = try await hand.imports.perform(late) }
            let ended = try #require(try await hand.store.find(ImportBed.merchant, begun.id))
            #expect(ended.state == .failed)
            #expect(ended.reason == "location_deleted")
            #expect(try await bed.count("menus") == 0)
            #expect(try await bed.count("items") == 0)
        }
    }
}
