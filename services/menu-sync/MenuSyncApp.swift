import Contracts
import Following
import Foundation
import Notifications
import OpenAPI
import Postgres
import RPC
import RPCServer
import ServiceKit

/// The composition root: the one place that knows every concrete type.
struct MenuSyncApp: DescribedService {
    static let name = "menu-sync"
    static let purpose = "Brings menus, tables and stock from the registers, and keeps what merchants made of them."
    static let operations =
        MenuSyncService.endpoints.map(\.operation) + NotificationsService.endpoints.map(\.operation)

    let configuration: Configuration

    /// Runs until a signal.
    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        let logger = runtime.logger
        let pool = PostgresPool(configuration.postgres, logger: logger)
        if configuration.migratesAtStart {
            try await ServiceKit.migrate(
                Migrations.all,
                schema: Migrations.schema,
                in: pool,
                logger: logger
            )
        }
        let calls = InternalCalls(token: configuration.callerToken)
        let sender = NotificationSender(pool: pool, settings: configuration.notifications, logger: logger)
        let parts = MenuSyncParts(
            pool: pool,
            gateways: configuration.gatewayURLs.mapValues { calls.client($0) },
            allocator: calls.client(configuration.allocatorURL),
            settings: MenuSyncParts.Settings(
                timing: configuration.timing,
                imports: configuration.imports,
                followInterval: configuration.followInterval,
                planGuard: configuration.planGuard,
                retention: configuration.retention,
                waiters: configuration.waiters
            ),
            announce: { sender.wake() },
            logger: logger
        )
        let router = runtime.router(configuration.http)
        parts.service.serve(on: router)
        NotificationsService(pool: pool, sender: sender).serve(on: router)
        try await runtime.run(
            [calls, pool, sender] + parts.services,
            serving: router,
            on: configuration.http,
            readiness: [.database(pool)]
        )
    }
}
