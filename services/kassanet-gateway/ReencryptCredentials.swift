import ArgumentParser
import Foundation
import Logging
import Postgres
import Secrets
import ServiceKit

/// Encrypts stored credentials under the newest key, so that an older one can be dropped.
struct ReencryptCredentials: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reencrypt-credentials",
        abstract: "Encrypt stored credentials under the newest of CREDENTIAL_KEYS, then exit.",
        discussion: """
            Safe beside running replicas, and to be run again after it was stopped. Ends with 0 when nothing is left under \
            an older key.
            """
    )

    func run() async throws {
        let configuration = try await SettingsReader.load(Configuration.init)
        guard let keys = configuration.keys else { throw StartError("CREDENTIAL_KEYS is not set.") }
        let pool = PostgresPool(configuration.postgres, logger: Logger(label: "kassanet-gateway"))
        let result: Result<Reencryption, any Error>
        do {
            let store = ConnectionStore(pool: pool, keys: keys)
            result = .success(
                try await store.reencrypt { print("\($0.done) encrypted under \(keys.currentKeyID) so far") }
            )
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        let pass = try result.get()
        print(
            "\(pass.done) encrypted under \(keys.currentKeyID), \(pass.changed) changed meanwhile, \(pass.left) left under older keys"
        )
        for unreadable in pass.unreadable { print("cannot be read: \(unreadable)") }
        guard pass.left == 0 else { throw ExitCode(1) }
    }
}
