package import Logging
package import Postgres

/// Brings a service's schema up to date, at its start or by its `migrate` command.
package func migrate(
    _ migrations: [Migration],
    schema: String,
    in pool: PostgresPool,
    logger: Logger
) async throws {
    do {
        let applied = try await Migrator(migrations).apply(pool, schema: schema)
        for migration in applied {
            logger.info(
                "Migration applied",
                metadata: ["version": "\(migration.version)", "name": "\(migration.name)"]
            )
        }
    } catch let error as PostgresError where error.kind == .connectionFailed {
        throw StartError(
            "The database cannot be reached. Check DATABASE_URL, and that PostgreSQL runs and accepts connections."
        )
    }
}

extension ReadinessCheck {
    /// Ready while the database answers.
    package static func database(_ pool: PostgresPool) -> ReadinessCheck {
        ReadinessCheck("database") {
            do {
                _ = try await pool.query("SELECT 1")
                return nil
            } catch {
                return "The database does not answer."
            }
        }
    }
}

/// Brings a service's schema up to date and closes the connection: the work of a `migrate` command.
package func migrate(_ migrations: [Migration], schema: String, _ configuration: PostgresConfiguration) async throws {
    let logger = Logger(label: schema)
    let pool = PostgresPool(configuration, logger: logger)
    do {
        try await migrate(migrations, schema: schema, in: pool, logger: logger)
    } catch {
        await pool.shutdown()
        throw error
    }
    await pool.shutdown()
}
