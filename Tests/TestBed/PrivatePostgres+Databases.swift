import Foundation
import Logging
import Postgres
package import Secrets

extension PrivatePostgres {
    /// The cluster all tests of this process share, started by whoever asks first.
    package static var shared: PrivatePostgres {
        get async throws {
            try await sharedStart.value
        }
    }

    private static let sharedStart = Task { try await PrivatePostgres.start() }

    /// The URL of a database of this cluster, over its Unix socket.
    package nonisolated func url(of database: String = "postgres") -> Secret {
        let host = socketFolder.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return Secret("postgresql://postgres@/\(database)?host=\(host)&port=\(port)")
    }

    /// The file of the server's Unix socket.
    package nonisolated var socketPath: String {
        socketFolder.appending(path: ".s.PGSQL.\(port)").path
    }

    /// Makes an empty database nobody else has, and returns its URL.
    package func freshDatabase() async throws -> Secret {
        url(of: try await createDatabase(from: "template0"))
    }

    /// Makes a database nobody else has, a copy of one that was migrated once per key.
    ///
    /// The same key must mean the same migration. It is given the URL of an empty database, and must have closed its
    /// connections when it returns.
    package func freshDatabase(
        template key: String,
        migratedBy migrate: @escaping @Sendable (Secret) async throws -> Void
    ) async throws -> Secret {
        let template =
            templates[key]
            ?? Task {
                let name = try await createDatabase(from: "template0")
                try await migrate(url(of: name))
                return name
            }
        templates[key] = template
        return url(of: try await createDatabase(from: template.value))
    }

    /// A pool for this cluster's own housekeeping.
    func pool() -> PostgresPool {
        let configuration = PostgresConfiguration(
            url: url(),
            maxConnections: 1,
            acquireTimeout: .seconds(120),
            connectTimeout: .seconds(60),
            statementTimeout: .seconds(120),
            applicationName: "test-bed"
        )
        return PostgresPool(configuration, logger: Logger(label: "test-bed") { _ in SwiftLogNoOpLogHandler() })
    }

    private func createDatabase(from template: String) async throws -> String {
        databaseCount += 1
        let name = "test_\(getpid())_\(databaseCount)"
        let admin = pool()
        let result: Result<Int, any Error>
        do {
            let isReused = try await admin.queryOne("SELECT 1 FROM pg_database WHERE datname = \(name)") != nil
            if isReused {
                try await admin.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
            }
            result = .success(
                try await admin.execute("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template)")
            )
        } catch {
            result = .failure(error)
        }
        await admin.shutdown()
        _ = try result.get()
        return name
    }
}
