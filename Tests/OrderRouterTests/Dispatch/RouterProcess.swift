import Contracts
import Foundation
import Postgres
import RPC
import RPCClient
import ServiceLifecycle

@testable import OrderRouter

/// A whole process of order-router but its front door: procedures are called as the router would call them.
struct RouterProcess {
    let service: OrderRouterService
    /// To the services around it.
    let client: RPCClient
    let board: LaneBoard
    let watch: OrderWatch
    let sweeper: OrderSweeper
    let follower: ConnectionFollower
    let group: ServiceGroup

    init(
        _ bed: RouterBed,
        _ client: RPCClient,
        waiters: Int = 100,
        timing: OrderTiming = OrderTiming(),
        patience: Duration = .seconds(20)
    ) {
        self.client = client
        let owner = UUID()
        let orders = OrderStore(pool: bed.pool, timing: timing)
        let lanes = LaneStore(pool: bed.pool, owner: owner, lease: .seconds(60))
        let clock = LaneClock(lease: .seconds(60))
        let gateways = ["kassanet": client]
        let alerts = AlertDesk(gateways: gateways)
        board = LaneBoard(capacity: 16)
        watch = OrderWatch(orders: orders, capacity: waiters, interval: .milliseconds(50), logger: RouterBed.logger)
        follower = ConnectionFollower(
            gateways: gateways,
            routes: bed.routes,
            lanes: board,
            interval: .milliseconds(20),
            logger: RouterBed.logger
        )
        let liveness = InstanceLock(
            RouterBed.configuration(bed.url),
            namespace: Dispatcher.namespace,
            instance: owner,
            logger: RouterBed.logger
        )
        let worker = LaneWorker(
            lanes: lanes,
            routes: bed.routes,
            board: board,
            journey: Journey(),
            desk: OrderDesk(
                allocator: client,
                gateways: gateways,
                sendWindow: .seconds(20),
                readTimeout: .seconds(20)
            ),
            alerts: alerts,
            clock: clock,
            logger: RouterBed.logger,
            watch: watch
        )
        let dispatcher = Dispatcher(
            lanes: lanes,
            board: board,
            worker: worker,
            pool: bed.pool,
            liveness: liveness,
            clock: clock,
            pollInterval: .milliseconds(20),
            logger: RouterBed.logger
        )
        sweeper = OrderSweeper(
            orders: orders,
            board: board,
            alerts: alerts,
            interval: .milliseconds(50),
            logger: RouterBed.logger
        )
        service = OrderRouterService(
            orders: orders,
            routes: bed.routes,
            follower: follower,
            board: board,
            watch: watch,
            reader: RegisterReader(gateways: gateways, readTimeout: .seconds(60)),
            knowledge: KnowledgeReader(
                menuSync: client,
                allocator: client,
                patience: patience,
                logger: RouterBed.logger
            ),
            retention: .seconds(30 * 86_400)
        )
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: liveness), .init(service: watch), .init(service: follower),
                    .init(service: sweeper), .init(service: dispatcher),
                ],
                logger: RouterBed.logger
            )
        )
    }

    /// Runs the body while the process runs, and stops it gracefully.
    func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        let running = Task { [group] in try await group.run() }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running.value
        return try result.get()
    }

    static func context(_ timeout: Duration = .seconds(120)) -> CallContext {
        .background(timeout: timeout, logger: RouterBed.logger)
    }

    /// Takes in an order of the sample's location.
    func submit(_ number: Int, table: Int? = nil, pickupAt: Date? = nil) async throws -> UUID {
        var content = Sample.content(transaction: "t-\(number)", number: "\(number)", table: table)
        content.pickupAt = pickupAt
        return try await service.submitOrder(content, Self.context()).orderId
    }

    /// The order when it is in one of these states; the suite's time limit ends it otherwise.
    func order(_ id: UUID, in states: OrderState..., timeout: Duration = .seconds(120)) async throws -> OrderView {
        let request = GetOrderRequest(
            merchantId: Sample.merchant,
            orderId: id,
            waitForStates: states,
            withoutAttempts: true
        )
        return try await service.getOrder(request, Self.context(timeout)).order
    }

    func cancel(_ id: UUID, timeout: Duration = .seconds(120)) async throws -> OrderView {
        let request = CancelOrderRequest(
            merchantId: Sample.merchant,
            orderId: id,
            actor: "anna",
            reason: "The guest left."
        )
        return try await service.cancelOrder(request, Self.context(timeout)).order
    }
}
