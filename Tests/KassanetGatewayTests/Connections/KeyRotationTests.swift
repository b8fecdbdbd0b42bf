import Foundation
import Postgres
import RPC
import Secrets
import ServiceKit
import TestBed
import Testing

@testable import KassanetGateway

/// Keys come and go while replicas run; credentials stay readable all the while.
@Suite("Rotation of the keys that credentials are stored under", .timeLimit(.minutes(5)), .serialized)
struct KeyRotationTests {
    private static func key(_ byte: UInt8) -> String { Data(repeating: byte, count: 32).base64EncodedString() }
    private static let old = "k1:\(key(7))"
    private static let new = "k2:\(key(8))"

    private static func store(_ pool: PostgresPool, _ keys: String) throws -> ConnectionStore {
        ConnectionStore(pool: pool, keys: try KeyRing(Secret(keys)))
    }

    private static func save(_ store: ConnectionStore, _ place: Place, _ secret: String) async throws {
        let credentials = Credentials(signatureKey: Secret(secret), encryptionToken: Secret("token-\(secret)"))
        _ = try await store.save(
            merchant: place.merchant,
            location: place.location,
            provider: .vanhoutte,
            credentials,
            .sample
        )
    }

    private static func secret(_ store: ConnectionStore, _ place: Place) async throws -> String? {
        try await store.find(merchant: place.merchant, location: place.location)?.credentials.signatureKey.reveal()
    }

    private static func keyIDs(_ pool: PostgresPool) async throws -> [String: Int] {
        let rows = try await pool.query(
            "SELECT credentials_key, count(*) AS n FROM connections WHERE deleted_at IS NULL GROUP BY 1"
        )
        return try rows.reduce(into: [:]) { counts, row in
            counts[try row["credentials_key", as: String.self]] = try row["n", as: Int.self]
        }
    }

    @Test("Credentials go under the newest key in batches; epoch and version stay; then the old key can go")
    func everythingIsReencrypted() async throws {
        try await GatewayBed.withDatabase { pool in
            let before = try Self.store(pool, Self.old)
            let places = (0..<25).map { Place("merchant-\($0 % 3)", "location-\($0)") }
            for place in places { try await Self.save(before, place, "secret of \(place.location)") }
            let deleted = Place("merchant-9", "gone")
            try await Self.save(before, deleted, "x")
            _ = try await before.delete(merchant: deleted.merchant, location: deleted.location, provider: .vanhoutte)
            let feed = try await before.changes(since: 0, limit: 100, visibleTo: .all)

            let both = try Self.store(pool, "\(Self.new),\(Self.old)")
            var told: [Int] = []
            let pass = try await both.reencrypt(batch: 10) { told.append($0.done) }
            #expect(pass == Reencryption(done: 25))
            #expect(told == [10, 20, 25])
            #expect(try await Self.keyIDs(pool) == ["k2": 25])
            let after = try Self.store(pool, Self.new)
            try await after.checkKeys()
            for place in places { #expect(try await Self.secret(after, place) == "secret of \(place.location)") }
            #expect(try await after.changes(since: 0, limit: 100, visibleTo: .all) == feed)
            #expect(try await both.reencrypt() == Reencryption())
        }
    }

    @Test("Credentials that are saved while they are encrypted anew stay as they were saved")
    func savingWins() async throws {
        try await GatewayBed.withDatabase { pool in
            // A replica that does not know the new key yet.
            let replica = try Self.store(pool, Self.old)
            try await Self.save(replica, .first, "first")
            try await Self.save(replica, .second, "second")
            let both = try Self.store(pool, "\(Self.new),\(Self.old)")
            let saved = try KeyRing(Secret(Self.old)).seal(
                Credentials(signatureKey: Secret("changed"), encryptionToken: Secret("token")).text,
                for: ConnectionStore.owner(Place.first.merchant, Place.first.location)
            )
            let pass = try await pool.transaction { transaction in
                _ = try await transaction.execute(
                    """
                    UPDATE connections SET credentials = \(saved.bytes)
                    WHERE merchant_id = \(Place.first.merchant) AND location_id = \(Place.first.location)
                    """
                )
                let run = Task { try await both.reencrypt() }
                // It has read the record as it was and waits for this transaction.
                let waits = try await firstValue {
                    try await pool.queryOne(
                        """
                        SELECT 1 FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND query LIKE '%SET credentials = %'
                        """
                    )
                }
                #expect(waits != nil)
                return run
            }
            #expect(try await pass.value == Reencryption(done: 1, changed: 1, left: 1))
            #expect(try await Self.secret(both, .first) == "changed")
            #expect(try await both.reencrypt() == Reencryption(done: 1))
            #expect(try await Self.secret(try Self.store(pool, Self.new), .first) == "changed")
        }
    }

    @Test("A command that is killed in the middle leaves every record readable, and the next run ends the work")
    func killedCommandIsRunAgain() async throws {
        let database = try await PrivatePostgres.shared.freshDatabase()
        try await Fleet.prepare(database)
        let url = PrivatePostgres.url(database, role: KassanetGatewaySchema.name)
        let pool = GatewayBed.pool(url, CapturedLogs().logger)
        do {
            try await Migrator(KassanetGatewaySchema.migrations).apply(pool, schema: KassanetGatewaySchema.name)
            let before = try Self.store(pool, Self.old)
            let places = (0..<250).map { Place("merchant-1", "location-\($0)") }
            for place in places { try await Self.save(before, place, "\(place.location)") }
            // The record in the middle cannot be replaced yet, so the command is killed where it waits.
            try await pool.transaction { transaction in
                _ = try await transaction.query(
                    """
                    SELECT 1 FROM connections
                    WHERE location_id = (SELECT location_id FROM connections ORDER BY location_id OFFSET 150 LIMIT 1)
                    FOR UPDATE
                    """
                )
                let first = try Self.command(url)
                _ = try await first.waitForLine(matching: "100 encrypted under k2 so far", timeout: .seconds(120))
                let waits = try await firstValue {
                    try await Self.keyIDs(pool)["k2"] == 150 ? true : nil
                }
                #expect(waits == true)
                first.kill()
                await first.waitForExit()
            }
            let both = try Self.store(pool, "\(Self.new),\(Self.old)")
            for place in places { #expect(try await Self.secret(both, place) == "\(place.location)") }
            let second = try Self.command(url)
            #expect(await second.waitForExit() == .status(0))
            #expect(second.lines().last?.hasSuffix("0 changed meanwhile, 0 left under older keys") == true)
            #expect(try await Self.keyIDs(pool) == ["k2": 250])
        } catch {
            await pool.shutdown()
            throw error
        }
        await pool.shutdown()
    }

    private static func command(_ url: Secret) throws -> ChildProcess {
        try ChildProcess.start(
            TestBed.productsDirectory.appending(path: "kassanet-gateway"),
            ["reencrypt-credentials"],
            environment: [
                "DATABASE_URL": url.reveal(), "CREDENTIAL_KEYS": "\(new),\(old)",
                "CALLERS": #"[{"name":"nobody","tokens":["0123456789abcdef"],"services":["*"],"merchants":["*"]}]"#,
            ]
        )
    }

    @Test(
        "A start without a key that is needed, or with another one under its id, is refused with what to do",
        arguments: [
            ("k2:\(key(8))", "lacks the key k1, under which the credentials of 2 connections are stored"),
            ("k1:\(key(9))", "does not open the credentials that are stored under it (2 connections)"),
        ]
    )
    func wrongKeysAreRefused(_ keys: String, _ expected: String) async throws {
        try await GatewayBed.withDatabase { pool in
            let before = try Self.store(pool, Self.old)
            try await Self.save(before, .first, "a")
            try await Self.save(before, .elsewhere, "b")
            try await before.checkKeys()
            let error = await #expect(throws: StartError.self) { try await Self.store(pool, keys).checkKeys() }
            #expect(error?.description.contains(expected) == true)
            let pass = try await Self.store(pool, "k3:\(Self.key(3)),\(keys)").reencrypt()
            #expect(pass.unreadable.count == 2)
            #expect(pass.left == 2)
            #expect(pass.unreadable.allSatisfy { !$0.contains(Self.key(7)) })
        }
    }
}
