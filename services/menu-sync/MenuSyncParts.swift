import Contracts
import Following
import Foundation
import Logging
import Postgres
import RPC
import RPCClient
import ServiceLifecycle

/// What a process of menu-sync consists of, put together.
struct MenuSyncParts: Sendable {
    struct Settings: Sendable {
        var timing = ImportTiming()
        var imports = 4
        var followInterval: Duration = .milliseconds(500)
        var planGuard = PlanGuard()
        var retention = RetentionTimes()
        var waiters = 1000
    }

    let service: MenuSyncService
    let worker: ImportWorker
    let teller: SyncTeller
    let removals: RemovalWorker
    let feed: ConnectionFeed
    let watch: SyncWatch

    /// All that runs in the background, in the order in which it starts.
    var services: [any Service] { [watch, teller, removals, worker, feed] }

    /// `announce` is called after something was committed that subscribers are told of.
    init(
        pool: PostgresPool,
        gateways: [String: RPCClient],
        allocator: RPCClient,
        settings: Settings,
        announce: @escaping @Sendable () -> Void = {},
        logger: Logger
    ) {
        let syncs = SyncStore(pool: pool, owner: UUID(), timing: settings.timing)
        let locations = LocationStore(pool: pool)
        let plans = PlanStore(pool: pool)
        let menus = MenuStore(pool: pool)
        let stock = StockStore(pool: pool)
        let desk = RegisterDesk(gateways: gateways, allocator: allocator)
        let poll = settings.timing.poll
        let watch = SyncWatch(syncs: syncs, capacity: settings.waiters, interval: poll, logger: logger)
        let teller = SyncTeller(syncs: syncs, gateways: gateways, interval: poll, logger: logger)
        let removals = RemovalWorker(
            pool: pool,
            menus: menus,
            allocator: allocator,
            interval: poll,
            announce: announce,
            logger: logger
        )
        let worker = ImportWorker(
            syncs: syncs,
            imports: ImportRun(
                pool: pool,
                syncs: syncs,
                locations: locations,
                plans: plans,
                menus: menus,
                stock: stock,
                desk: desk,
                watch: watch,
                planGuard: settings.planGuard,
                announce: announce,
                logger: logger
            ),
            teller: teller,
            concurrency: settings.imports,
            logger: logger
        )
        let wake: @Sendable () -> Void = {
            worker.wake()
            removals.wake()
            teller.wake()
        }
        let feed = ConnectionFeed(gateways: gateways, interval: settings.followInterval, logger: logger) {
            connection,
            gateway in
            switch try await locations.take(connection, gateway: gateway) {
            case .unchanged, .updated: return
            case .importBegun, .removalBegun: wake()
            }
        }
        self.watch = watch
        self.teller = teller
        self.removals = removals
        self.worker = worker
        self.feed = feed
        service = MenuSyncService(
            syncs: syncs,
            locations: locations,
            plans: plans,
            menus: menus,
            stock: stock,
            desk: desk,
            feed: feed,
            watch: watch,
            retention: RetentionStore(pool: pool, times: settings.retention),
            wake: wake,
            announce: announce
        )
    }
}
