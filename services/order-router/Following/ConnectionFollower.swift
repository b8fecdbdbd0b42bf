import Contracts
import Following
import Foundation
import Logging
import RPC
import RPCClient
import ServiceLifecycle
import Synchronization

/// Keeps routes as the gateways' feeds have them, and lets parked orders go where a register is back.
///
/// Every replica follows on its own; what they write is the same, and the database keeps the newest.
struct ConnectionFollower: Service {
    private let feed: ConnectionFeed
    private let drain: ParkedOrders

    init(gateways: [String: RPCClient], routes: RouteStore, lanes: LaneBoard, interval: Duration, logger: Logger) {
        let drain = ParkedOrders(routes: routes, lanes: lanes, logger: logger)
        self.drain = drain
        let round = Mutex(0)
        feed = ConnectionFeed(
            gateways: gateways,
            interval: interval,
            logger: logger,
            take: { connection, gateway in
                try await routes.apply(connection, gateway: gateway)
                await drain.letGo(LaneKey(merchantID: connection.merchantId, locationID: connection.locationId))
            },
            afterRound: {
                // What a crash left half drained, and what parked while its register was already back.
                let isDue = round.withLock { round in
                    round = (round + 1) % 5
                    return round == 0
                }
                if isDue { await drain.letAllGo() }
            }
        )
    }

    func run() async throws { try await feed.run() }

    /// Reads what is new in all feeds now.
    ///
    /// Used when an order names a location that is not known yet.
    func refresh() async { await feed.refresh() }

    /// When this process last heard from a gateway; `nil` where it never did.
    func heardAt(_ gateway: String) -> Date? { feed.heardAt(gateway) }

    /// Lets a location's parked orders go, where its register is back.
    func drain(_ key: LaneKey) async { await drain.letGo(key) }
}

/// The orders that wait for a register to be back.
private struct ParkedOrders: Sendable {
    let routes: RouteStore
    let lanes: LaneBoard
    let logger: Logger

    func letGo(_ key: LaneKey) async {
        do {
            if try await routes.drain(key) { lanes.wake(key) }
        } catch {
            logger.warning(
                "Parked orders not looked at",
                metadata: ["location": "\(key.locationID)", "error": "\(error)"]
            )
        }
    }

    func letAllGo() async {
        do {
            for key in try await routes.drainable() { await letGo(key) }
        } catch {
            logger.warning("Parked orders not looked at", metadata: ["error": "\(error)"])
        }
    }
}
