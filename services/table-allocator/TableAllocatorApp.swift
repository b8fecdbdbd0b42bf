import OpenAPI
import Postgres
import RPCServer
import ServiceKit
import TableAllocatorStorage

/// The composition root of table-allocator: the one place that knows every concrete type.
struct TableAllocatorApp: DescribedService {
    static let name = "table-allocator"
    static let purpose = "Gives each order a table that no other live order has."
    static let operations = TableAllocatorService.endpoints.map(\.operation) + TableRoutes.endpoints.map(\.operation)

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
        let calls = InternalCalls(token: configuration.callerToken)
        let codes = TableCodeStore(postgres: postgres)
        let service = TableAllocatorService(
            leases: LeaseStore(postgres: postgres, policy: configuration.policy),
            sections: SectionStore(postgres: postgres),
            codes: codes,
            sweeps: SweepStore(
                postgres: postgres,
                waiterTime: configuration.policy.waiterTime,
                historyTime: configuration.historyTime
            ),
            registers: configuration.gatewayURLs.mapValues { GatewayRegister(client: calls.client($0)) },
            policy: configuration.policy
        )
        let router = runtime.router(configuration.http)
        service.serve(on: router)
        TableRoutes(codes: codes, address: configuration.qrAddress).serve(on: router)
        try await runtime.run(
            [calls, postgres],
            serving: router,
            on: configuration.http,
            readiness: [.database(postgres)]
        )
    }

    /// Brings the schema up to date and returns.
    func migrate() async throws {
        try await ServiceKit.migrate(Migrations.all, schema: Migrations.schema, configuration.postgres)
    }
}
