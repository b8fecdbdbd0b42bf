import Foundation
import OpenAPI
import Postgres
import RPCServer
import ServiceKit

/// The composition root: the one place that knows every concrete type.
struct SchedulerApp: DescribedService {
    static let name = "scheduler"
    static let purpose =
        "Runs what is due, once: daily menu syncs, tests of registers that are away, stock, leases, retention."
    static let operations = SchedulerService.endpoints.map(\.operation)

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        let logger = runtime.logger
        let pool = PostgresPool(configuration.postgres, logger: logger)
        if configuration.migratesAtStart {
            try await migrate(SchedulerSchema.migrations, schema: SchedulerSchema.name, in: pool, logger: logger)
        }
        let calls = InternalCalls(token: configuration.callerToken)
        let services = TaskServices(
            gateways: configuration.gatewayURLs.mapValues { calls.client($0) },
            orderRouter: calls.client(configuration.orderRouterURL),
            menuSync: calls.client(configuration.menuSyncURL),
            allocator: calls.client(configuration.allocatorURL)
        )
        let replica = Replica(
            configuration.postgres,
            pool: pool,
            timing: configuration.timing,
            services: services,
            pace: Replica.Pace(
                runLease: configuration.runLease,
                plan: configuration.planInterval,
                poll: configuration.pollInterval,
                follow: configuration.followInterval
            ),
            history: (locations: configuration.historyOfLocations, others: configuration.historyOfOthers),
            logger: logger
        )
        try await replica.tasks.register()
        let router = runtime.router(configuration.http)
        replica.service.serve(on: router)
        try await runtime.run(
            [calls, pool] + replica.services,
            serving: router,
            on: configuration.http,
            readiness: [.database(pool)]
        )
    }
}
