import AsyncHTTPClient
import Foundation
import Logging
import Notifications
import OpenAPI
import Postgres
import RPC
import RPCClient
import RPCServer
import ServiceKit

/// The composition root: the one place that knows every concrete type.
struct OrderRouterApp: DescribedService {
    static let name = "order-router"
    static let purpose = "Takes paid orders and brings each to the register of its location, once."
    static let operations =
        OrderRouterService.endpoints.map(\.operation) + NotificationsService.endpoints.map(\.operation)

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        let logger = runtime.logger
        let instance = UUID()
        let pool = PostgresPool(configuration.postgres, logger: logger)
        if configuration.migratesAtStart {
            try await migrate(OrderRouterSchema.migrations, schema: OrderRouterSchema.name, in: pool, logger: logger)
        }
        let calls = InternalCalls(token: configuration.callerToken)
        let gateways = configuration.gatewayURLs.mapValues { calls.client($0) }
        let liveness = InstanceLock(
            configuration.postgres,
            namespace: Dispatcher.namespace,
            instance: instance,
            logger: logger
        )
        let orders = OrderStore(pool: pool, timing: configuration.timing)
        let routes = RouteStore(pool: pool, drainBatch: configuration.drainBatch)
        let watch = OrderWatch(orders: orders, capacity: configuration.waiters, logger: logger)
        let alerts = AlertDesk(gateways: gateways)
        let sender = NotificationSender(pool: pool, settings: configuration.notifications, logger: logger)
        let lanes = LaneStore(pool: pool, owner: instance, lease: configuration.laneLease)
        let board = LaneBoard(capacity: configuration.lanes)
        let clock = LaneClock(lease: configuration.laneLease)
        let follower = ConnectionFollower(
            gateways: gateways,
            routes: routes,
            lanes: board,
            interval: configuration.followInterval,
            logger: logger
        )
        let worker = LaneWorker(
            lanes: lanes,
            routes: routes,
            board: board,
            journey: Journey(),
            desk: OrderDesk(
                allocator: calls.client(configuration.allocatorURL),
                gateways: gateways,
                sendWindow: configuration.sendWindow,
                readTimeout: configuration.readTimeout
            ),
            alerts: alerts,
            clock: clock,
            logger: logger,
            watch: watch,
            sender: sender
        )
        let dispatcher = Dispatcher(
            lanes: lanes,
            board: board,
            worker: worker,
            pool: pool,
            liveness: liveness,
            clock: clock,
            pollInterval: configuration.pollInterval,
            logger: logger
        )

        let router = runtime.router(configuration.http)
        OrderRouterService(
            orders: orders,
            routes: routes,
            follower: follower,
            board: board,
            watch: watch,
            reader: RegisterReader(gateways: gateways, readTimeout: configuration.readTimeout),
            knowledge: KnowledgeReader(
                menuSync: calls.client(configuration.menuSyncURL),
                allocator: calls.client(configuration.allocatorURL),
                patience: configuration.checkTimeout,
                logger: logger
            ),
            retention: configuration.retention,
            sender: sender
        ).serve(on: router)
        NotificationsService(pool: pool, sender: sender).serve(on: router)
        let sweeper = OrderSweeper(
            orders: orders,
            board: board,
            alerts: alerts,
            interval: .seconds(5),
            logger: logger
        )

        try await runtime.run(
            [calls, pool, liveness, sender, watch, follower, sweeper, dispatcher],
            serving: router,
            on: configuration.http,
            readiness: [.database(pool)]
        )
    }
}
