import Foundation
import Logging
import OpenAPI
import Postgres
import RPC
import RPCServer
import RegisterHTTP
import ServiceKit

/// The composition root: the one place that knows every concrete type.
struct KassanetGatewayApp: DescribedService {
    static let name = "kassanet-gateway"
    static let purpose = "Speaks Kassanet with Hendrickx and Vanhoutte registers."
    static let operations =
        PosGatewayService.endpoints.map(\.operation) + BackofficeRoutes.endpoints.map(\.operation)
        + RetentionService.endpoints.map(\.operation)

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        guard let keys = configuration.keys else { throw StartError("CREDENTIAL_KEYS is not set.") }
        let instance = UUID()
        let pool = PostgresPool(configuration.postgres, logger: runtime.logger)
        if configuration.migratesAtStart {
            try await migrate(
                KassanetGatewaySchema.migrations,
                schema: KassanetGatewaySchema.name,
                in: pool,
                logger: runtime.logger
            )
        }
        let registers = RegisterHTTPClient(
            .init(
                addressPolicy: configuration.registerAddresses,
                maxInFlight: configuration.slots.reads + configuration.slots.writes
            ),
            logger: runtime.logger
        )
        let register = KassanetClient(
            http: registers,
            limits: .init(connect: configuration.connectTimeout, total: configuration.totalTimeout),
            slots: RegisterSlots(configuration.slots)
        )
        let liveness = InstanceLock(
            configuration.postgres,
            namespace: AttemptRunner.namespace,
            instance: instance,
            logger: runtime.logger
        )
        let connections = ConnectionStore(pool: pool, keys: keys)
        try await connections.checkKeys()
        let activity = ActivityStore(pool: pool)
        let tester = ConnectionTester(connections: connections, activity: activity, register: register)
        let attemptStore = AttemptStore(pool: pool, instance: instance)
        let attempts = AttemptRunner(attempts: attemptStore, pool: pool)

        let router = runtime.router(configuration.http)
        PosGatewayService(
            desk: RegisterDesk(connections: connections, activity: activity, register: register),
            attempts: attempts,
            attemptStore: attemptStore,
            tester: tester,
            catalogTimeout: configuration.catalogTimeout
        ).serve(on: router)
        BackofficeRoutes(connections: connections, activity: activity, tester: tester).serve(on: router)
        RetentionService(attempts: attemptStore, keeping: configuration.attemptRetention).serve(on: router)

        try await runtime.run(
            // Dependencies first: the group stops in reverse, so outcomes are committed before the pool closes.
            [pool, liveness, registers, attempts],
            serving: router,
            on: configuration.http,
            readiness: [.database(pool)]
        )
    }
}
