import Foundation
import Postgres
import RPC
import Secrets
import ServiceKit

/// What a pass over the stored credentials came to.
struct Reencryption: Sendable, Equatable {
    /// Encrypted under the newest key now.
    var done = 0
    /// Changed by somebody else at that moment; they count with what is left, if that was under an old key.
    var changed = 0
    /// Under a key that is not given, or changed in storage.
    var unreadable: [String] = []
    /// How many are not under the newest key.
    var left = 0
}

/// The keys that credentials are stored under, and their replacement.
extension ConnectionStore {
    /// Refuses to go on where the keys do not open what is stored: better at the start than at the first order.
    ///
    /// One record under each key is tried.
    func checkKeys() async throws {
        let rows = try await pool.query(
            """
            SELECT DISTINCT ON (credentials_key) credentials_key, credentials, merchant_id, location_id,
                count(*) OVER (PARTITION BY credentials_key) AS stored
            FROM connections
            WHERE deleted_at IS NULL
            ORDER BY credentials_key, merchant_id, location_id
            """
        )
        for row in rows {
            let record = try StoredCredentials(row)
            let stored = try row["stored", as: Int.self]
            do throws(KeyRingError) {
                _ = try keys.open(record.sealed, for: record.owner)
            } catch .unknownKey(let id) {
                throw StartError(
                    "CREDENTIAL_KEYS lacks the key \(id), under which the credentials of \(stored) connections are stored. Put it back, after the newest one."
                )
            } catch {
                throw StartError(
                    "The key \(record.sealed.keyID) in CREDENTIAL_KEYS does not open the credentials that are stored under it (\(stored) connections). It is another key under the same id: put the right one back, and give a new key a new id."
                )
            }
        }
    }

    /// Encrypts credentials under the newest key that are stored under an older one, in batches.
    ///
    /// Safe beside running replicas: a record is replaced only as it was read, so a connection that is saved meanwhile stays
    /// as it was saved. Each record is one commit; whoever is stopped goes on where it was.
    func reencrypt(batch: Int = 100, progress: (Reencryption) -> Void = { _ in }) async throws -> Reencryption {
        var pass = Reencryption()
        var after = ("", "")
        while true {
            let rows = try await pool.query(
                """
                SELECT merchant_id, location_id, credentials_key, credentials
                FROM connections
                WHERE deleted_at IS NULL AND credentials_key <> \(keys.currentKeyID)
                    AND (merchant_id, location_id) > (\(after.0), \(after.1))
                ORDER BY merchant_id, location_id
                LIMIT \(batch)
                """
            )
            for row in rows {
                let record = try StoredCredentials(row)
                after = (record.merchant, record.location)
                try await reencrypt(record, &pass)
            }
            guard !rows.isEmpty else { break }
            progress(pass)
        }
        pass.left = try await outdatedCredentials()
        return pass
    }

    private func reencrypt(_ record: StoredCredentials, _ pass: inout Reencryption) async throws {
        let text: Secret
        do throws(KeyRingError) {
            text = try keys.open(record.sealed, for: record.owner)
        } catch {
            pass.unreadable.append("\(record.merchant)/\(record.location): CREDENTIAL_KEYS \(error)")
            return
        }
        let sealed = try keys.seal(text, for: record.owner)
        let replaced = try await pool.execute(
            """
            UPDATE connections
            SET credentials = \(sealed.bytes), credentials_key = \(sealed.keyID)
            WHERE merchant_id = \(record.merchant) AND location_id = \(record.location) AND deleted_at IS NULL
                AND credentials_key = \(record.sealed.keyID) AND credentials = \(record.sealed.bytes)
            """
        )
        if replaced == 0 { pass.changed += 1 } else { pass.done += 1 }
    }

    private func outdatedCredentials() async throws -> Int {
        let row = try await pool.queryOne(
            """
            SELECT count(*) AS outdated
            FROM connections
            WHERE deleted_at IS NULL AND credentials_key <> \(keys.currentKeyID)
            """
        )
        return try row?["outdated", as: Int.self] ?? 0
    }
}

private struct StoredCredentials {
    let merchant: String
    let location: String
    let sealed: SealedSecret

    init(_ row: Row) throws {
        merchant = try row["merchant_id", as: String.self]
        location = try row["location_id", as: String.self]
        sealed = SealedSecret(
            keyID: try row["credentials_key", as: String.self],
            bytes: try row["credentials", as: Data.self]
        )
    }

    var owner: String {
        ConnectionStore.owner(MerchantID(unchecked: merchant), LocationID(unchecked: location))
    }
}
