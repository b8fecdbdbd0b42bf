/// Brings a schema up to date, one transaction per migration.
///
/// Any number of processes may do so at once: they take turns under an advisory lock and each migration is applied once.
/// Migrations that were applied and are not known here are left alone, so that a newer version of the program may run
/// beside this one. The history is kept in `schema_migrations` in the schema itself.
package struct Migrator: Sendable {
    package let migrations: [Migration]

    package init(_ migrations: [Migration]) {
        self.migrations = migrations.sorted { $0.version < $1.version }
    }

    /// How long one statement of a migration may take, and how long a process waits for another one's migrations.
    private static let patience: Duration = .seconds(15 * 60)

    /// Applies what is missing and returns it.
    ///
    /// Creates the schema where that is allowed. Unqualified names in a migration mean this schema. A migration waits for
    /// locks no longer than the pool's lock timeout, so that it fails rather than holds up everyone else.
    ///
    /// - Throws: ``MigrationError``, or a database error; migrations before the failed one stay applied.
    @discardableResult
    package func apply(_ pool: PostgresPool, schema: String) async throws -> [Migration] {
        for (earlier, later) in zip(migrations, migrations.dropFirst()) where earlier.version == later.version {
            throw MigrationError.duplicateVersion(later.version)
        }
        var configuration = pool.configuration
        configuration.maxConnections = 1
        configuration.searchPath = "\"\(schema)\""
        configuration.statementTimeout = Self.patience
        configuration.idleInTransactionTimeout = .seconds(60)
        configuration.applicationName += "-migrator"
        let own = PostgresPool(configuration, logger: pool.logger)
        let result: Result<[Migration], any Error>
        do {
            result = .success(
                try await own.withConnection { connection in
                    try await lock(schema, with: connection)
                    try await createHistory(schema, with: connection)
                    return try await applyMissing(schema, with: connection)
                }
            )
        } catch {
            result = .failure(error)
        }
        await own.shutdown()
        return try result.get()
    }

    /// The migrations that are not applied yet, without applying any; all of them where the schema does not exist.
    ///
    /// - Throws: ``MigrationError/changed(version:name:)``, or a database error.
    package func pending(_ pool: PostgresPool, schema: String) async throws -> [Migration] {
        guard try await hasHistory(schema, in: pool) else {
            return migrations
        }
        return try await missing(schema, in: pool)
    }

    // MARK: -

    private func lock(_ schema: String, with connection: PostgresConnection) async throws {
        let key = AdvisoryKey(schema, "migrations")
        let lockTimeout = connection.connection.configuration.lockTimeout.milliseconds
        try await connection.execute("SET lock_timeout = 0")
        _ = try await connection.query("SELECT pg_advisory_lock(\(key))")
        try await connection.execute("SET lock_timeout = \(unescaped: String(lockTimeout))")
    }

    private func createHistory(_ schema: String, with connection: PostgresConnection) async throws {
        // CREATE SCHEMA IF NOT EXISTS asks for the privilege even where there is nothing to create.
        if try await connection.queryOne("SELECT 1 FROM pg_namespace WHERE nspname = \(schema)") == nil {
            do {
                try await connection.execute("CREATE SCHEMA \(identifier: schema)")
            } catch let error as PostgresError where error.sqlState == .insufficientPrivilege {
                throw MigrationError.missingSchema(schema)
            }
        }
        guard try await !hasHistory(schema, in: connection) else {
            return
        }
        try await connection.execute(
            """
            CREATE TABLE \(identifier: schema).schema_migrations (
                version bigint CONSTRAINT schema_migrations_pkey PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        )
    }

    private func hasHistory(_ schema: String, in database: some PostgresStatements) async throws -> Bool {
        let row = try await database.queryOne(
            "SELECT 1 FROM pg_tables WHERE schemaname = \(schema) AND tablename = 'schema_migrations'"
        )
        return row != nil
    }

    private func applyMissing(_ schema: String, with connection: PostgresConnection) async throws -> [Migration] {
        let missing = try await missing(schema, in: connection)
        for migration in missing {
            try await connection.transaction { transaction in
                try await transaction.executeScript(migration.sql)
                guard !(await connection.connection.isIdle(in: connection.lease)) else {
                    throw MigrationError.endedItsTransaction(version: migration.version, name: migration.name)
                }
                try await transaction.execute(
                    """
                    INSERT INTO \(identifier: schema).schema_migrations (version, name, checksum)
                    VALUES (\(migration.version), \(migration.name), \(checksum(of: migration)))
                    """
                )
            }
        }
        return missing
    }

    /// The migrations that are not applied, after a look at the texts of those that are.
    private func missing(_ schema: String, in database: some PostgresStatements) async throws -> [Migration] {
        let rows = try await database.query(
            """
            SELECT known.version,
                applied.checksum = encode(sha256(convert_to(known.sql, 'UTF8')), 'hex') AS is_same
            FROM unnest(\(migrations.map(\.version)), \(migrations.map(\.sql))) AS known (version, sql)
            JOIN \(identifier: schema).schema_migrations AS applied ON applied.version = known.version
            """
        )
        var applied: Set<Int> = []
        for row in rows {
            let (version, isSame) = try row.decode(Int.self, Bool.self)
            applied.insert(version)
            if !isSame, let migration = migrations.first(where: { $0.version == version }) {
                throw MigrationError.changed(version: version, name: migration.name)
            }
        }
        return migrations.filter { !applied.contains($0.version) }
    }

    /// The SHA-256 of the migration's text, computed by the database.
    private func checksum(of migration: Migration) -> Query {
        "encode(sha256(convert_to(\(migration.sql), 'UTF8')), 'hex')"
    }
}
