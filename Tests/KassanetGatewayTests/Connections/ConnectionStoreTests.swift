import Contracts
import Foundation
import Postgres
import RPC
import Secrets
import Synchronization
import Testing

@testable import KassanetGateway

@Suite("Connections as they are kept", .timeLimit(.minutes(5)), .serialized)
struct ConnectionStoreTests {
    private static let planted = Credentials(
        signatureKey: Secret("planted-signature-key"),
        encryptionToken: Secret("planted-token-77")
    )

    private func store(_ pool: PostgresPool, keys: String = GatewayBed.keys) throws -> ConnectionStore {
        ConnectionStore(pool: pool, keys: try KeyRing(Secret(keys)))
    }

    // MARK: - Credentials

    @Test("Credentials are encrypted in the database, under the id of their key (K1)")
    func credentialsAreEncrypted() async throws {
        try await GatewayBed.withDatabase { pool in
            let saved = try await store(pool).save(.first, Self.planted)
            #expect(saved?.credentials == Self.planted)
            let row = try #require(
                try await pool.queryOne("SELECT credentials, credentials_key, c::text AS everything FROM connections c")
            )
            let bytes = try row["credentials", as: Data.self]
            for secret in ["planted-signature-key", "planted-token-77"] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil)
                #expect(try !row["everything", as: String.self].contains(secret))
            }
            #expect(try row["credentials_key", as: String.self] == "k1")
            #expect(try await store(pool).find(.first)?.credentials == Self.planted)
        }
    }

    @Test("A record whose key is gone says which key to put back")
    func missingKeyIsNamed() async throws {
        try await GatewayBed.withDatabase { pool in
            try await store(pool).save(.first, Self.planted)
            let other = "k2:\(Data(repeating: 8, count: 32).base64EncodedString())"
            let error = await #expect(throws: KeyRingError.self) { try await store(pool, keys: other).find(.first) }
            #expect(error == .unknownKey("k1"))
            #expect(error?.description.contains("k1") == true)
            let rotated = try store(pool, keys: "\(other),\(GatewayBed.keys)")
            #expect(try await rotated.find(.first)?.credentials == Self.planted)
        }
    }

    @Test("A record that is copied to another location does not open")
    func recordsAreTheirOwners() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            try await store.save(.first, Self.planted)
            try await store.save(.elsewhere, Credentials(signatureKey: Secret("own"), encryptionToken: Secret("own-1")))
            try await pool.execute(
                """
                UPDATE connections
                SET credentials = (SELECT credentials FROM connections WHERE merchant_id = 'merchant-1')
                WHERE merchant_id = 'merchant-2'
                """
            )
            await #expect(throws: KeyRingError.unreadable) { try await store.find(.elsewhere) }
        }
    }

    // MARK: - One location, one provider

    @Test("Connecting again replaces credentials and settings in the one row there is, in a new epoch (K2)")
    func connectingAgainUpdates() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let first = try #require(try await store.save(.first, Self.planted))
            let tested = try #require(
                try await store.recordSuccess(
                    first,
                    TestOutcome(message: "Fine.", tips: true, paymentType: .init(number: 9, name: "Webshop"))
                )
            )
            let other = Credentials(signatureKey: Secret("new-key"), encryptionToken: Secret("new-token"))
            let again = try #require(try await store.save(.first, other))
            #expect(again.credentials == other)
            #expect(again.epoch > tested.epoch)
            #expect(again.version > tested.version)
            // Nothing that was learned of the register before is believed of the one that is connected now.
            #expect(again.status == .untested)
            #expect(again.statusMessage.isEmpty)
            #expect(again.paymentType == nil)
            #expect(!again.takesTips)
            #expect(again.testedAt == nil)
            let rows = try await pool.query("SELECT merchant_id FROM connections")
            #expect(rows.count == 1)
        }
    }

    @Test("Of sixteen that connect two providers at once, one provider wins (K6)")
    func oneProviderWins() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let saved = try await withThrowingTaskGroup { group in
                for number in 0..<16 {
                    let provider = Provider.allCases[number % 2]
                    group.addTask { try await store.save(.first, Self.planted, provider)?.provider }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(saved.compactMap(\.self)).count == 1)
            #expect(saved.count { $0 == nil } == 8)
        }
    }

    // MARK: - Status and epochs

    @Test("A failure that races with a newer epoch does not overwrite it (K7)")
    func oldFailureIsForgotten() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let seen = try #require(try await store.save(.first, Self.planted))
            let outcome = TestOutcome(message: "Fine.", tips: false, paymentType: nil)
            let tested = try #require(try await store.recordSuccess(seen, outcome))
            try await store.recordFailure(seen, .disconnected, message: "Off.")
            #expect(try await store.find(.first)?.status == .connected)
            #expect(try await store.find(.first)?.version == tested.version)
            try await store.recordFailure(tested, .disconnected, message: "Off.")
            #expect(try await store.find(.first)?.status == .disconnected)
            try await store.recordPaymentType(seen, KassanetPaymentType(number: 3, name: "Old"))
            #expect(try await store.find(.first)?.paymentType == nil)
        }
    }

    @Test("The same failure again is no change for those who follow the feed")
    func repeatedFailureIsNoNews() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let seen = try #require(try await store.save(.first, Self.planted))
            try await store.recordFailure(seen, .disconnected, message: "Off.")
            let version = try await store.find(.first)?.version
            try await store.recordFailure(seen, .disconnected, message: "Off.")
            #expect(try await store.find(.first)?.version == version)
        }
    }

    // MARK: - Deletion

    @Test("A deleted connection is gone with its credentials and log; a tombstone stays in the feed (K5)")
    func deletionLeavesATombstone() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let log = ActivityStore(pool: pool)
            let saved = try #require(try await store.save(.first, Self.planted))
            try await log.record(saved.merchantID, saved.locationID, .info, "Connected.")
            #expect(try await store.delete(.first, .vanhoutte))
            #expect(try await store.find(.first) == nil)
            #expect(try await log.entries(saved.merchantID, saved.locationID).isEmpty)
            let row = try #require(try await pool.queryOne("SELECT credentials IS NULL AS gone FROM connections"))
            #expect(try row["gone", as: Bool.self])
            let feed = try await store.changes(since: saved.version, limit: 500, visibleTo: .all)
            #expect(feed.map(\.isDeleted) == [true])
            #expect(feed.map(\.locationId) == [saved.locationID])
            #expect(try await !store.delete(.first, .vanhoutte))
            let next = try #require(try await store.save(.first, Self.planted, .hendrickx))
            #expect(next.epoch > saved.epoch)
            #expect(!next.isDeleted)
        }
    }

    @Test("Deleting a provider that is not connected leaves the log of the one that is (K5, K6)")
    func deletingTheOtherProviderDoesNothing() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let log = ActivityStore(pool: pool)
            let saved = try #require(try await store.save(.first, Self.planted, .hendrickx))
            try await log.record(saved.merchantID, saved.locationID, .info, "Connected.")
            #expect(try await !store.delete(.first, .vanhoutte))
            #expect(try await store.find(.first)?.provider == .hendrickx)
            #expect(try await log.entries(saved.merchantID, saved.locationID).map(\.message) == ["Connected."])
        }
    }

    // MARK: - The feed

    @Test("Whoever follows the feed while eight write misses nothing and sees versions in order")
    func feedSkipsNothing() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            let isDone = Mutex(false)
            let follower = Task {
                var seen: [PosConnection] = []
                while true {
                    // Asked before reading: what is written before the end is read by the last page.
                    let isLast = isDone.withLock { $0 }
                    let page = try await store.changes(since: seen.last?.version ?? 0, limit: 7, visibleTo: .all)
                    seen += page
                    if isLast, page.isEmpty { return seen }
                }
            }
            try await withThrowingTaskGroup { group in
                for writer in 0..<8 {
                    group.addTask {
                        for number in 0..<20 {
                            try await store.save(Place("merchant-\(writer)", "location-\(number)"), Self.planted)
                        }
                    }
                }
                try await group.waitForAll()
            }
            isDone.withLock { $0 = true }
            let seen = try await follower.value
            #expect(seen.map(\.version) == seen.map(\.version).sorted())
            #expect(Set(seen.map(\.version)).count == seen.count)
            #expect(seen.count == 160)
            #expect(Set(seen.map { Place($0.merchantId.rawValue, $0.locationId.rawValue) }).count == 160)
        }
    }

    @Test("The feed shows a caller its own merchants only, a page at a time")
    func feedIsFiltered() async throws {
        try await GatewayBed.withDatabase { pool in
            let store = try store(pool)
            for place in [Place.first, .elsewhere, .second] { try await store.save(place, Self.planted) }
            let own = try await store.changes(since: 0, limit: 500, visibleTo: .only([Place.first.merchant]))
            #expect(own.map(\.locationId) == [Place.first.location, Place.second.location])
            let page = try await store.changes(since: 0, limit: 1, visibleTo: .only([Place.elsewhere.merchant]))
            #expect(page.map(\.merchantId) == [Place.elsewhere.merchant])
            #expect(try await store.changes(since: 0, limit: 500, visibleTo: .only([])).isEmpty)
            #expect(try await store.changes(since: 0, limit: 2, visibleTo: .all).count == 2)
        }
    }
}

extension ConnectionStore {
    @discardableResult
    fileprivate func save(
        _ place: Place,
        _ credentials: Credentials,
        _ provider: Provider = .vanhoutte
    ) async throws -> KassanetGateway.Connection? {
        try await save(
            merchant: place.merchant,
            location: place.location,
            provider: provider,
            credentials,
            .sample
        )
    }

    fileprivate func find(_ place: Place) async throws -> KassanetGateway.Connection? {
        try await find(merchant: place.merchant, location: place.location)
    }

    fileprivate func delete(_ place: Place, _ provider: Provider) async throws -> Bool {
        try await delete(merchant: place.merchant, location: place.location, provider: provider)
    }
}
