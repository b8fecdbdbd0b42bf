import Postgres
import RPCServer
import ServiceKit

/// The composition root of table-allocator: the one place that knows every concrete type.
struct TableAllocatorApp {
    static let name = "table-allocator"
    static let purpose = "Gives each order a table that no other live order has."

    let configuration: Configuration

    /// Runs until a signal.
    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        let postgres = PostgresPool(configuration.postgres, logger: runtime.logger)
        if configuration.migratesAtStart {
            try await ServiceKit.migrate(
                Migrations.all,
                schema: Migrations.schema,
                in: postgres,
                logger: runtime.logger
            )
        }
        guard let addresses = configuration.gateways else {
            throw StartError("GATEWAYS names no gateway.")
        }
        let gateways = GatewayClients(addresses, token: configuration.callerToken)
        let service = TableAllocatorService(
            leases: LeaseStore(postgres: postgres, policy: configuration.policy),
            sections: SectionStore(postgres: postgres),
            registers: gateways.registers,
            policy: configuration.policy
        )
        let router = runtime.router(configuration.http)
        service.serve(on: router)
        try await runtime.run(
            [postgres, gateways],
            serving: router,
            on: configuration.http,
            readiness: [Self.canReach(postgres)]
        )
    }

    /// Brings the schema up to date and returns.
    func migrate() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        let postgres = PostgresPool(configuration.postgres, logger: runtime.logger)
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await ServiceKit.migrate(
                    Migrations.all,
                    schema: Migrations.schema,
                    in: postgres,
                    logger: runtime.logger
                )
            )
        } catch {
            result = .failure(error)
        }
        await postgres.shutdown()
        try result.get()
    }

    private static func canReach(_ postgres: PostgresPool) -> ReadinessCheck {
        ReadinessCheck("database") {
            do {
                _ = try await postgres.query("SELECT 1 FROM leases LIMIT 1")
                return nil
            } catch {
                return "The database gives no answer, or its schema is missing: \(error)"
            }
        }
    }
}
