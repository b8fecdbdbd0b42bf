import Contracts
import Foundation
import Logging
import RPC
import RPCClient
import ServiceLifecycle
import Synchronization

/// Follows the gateways' feeds of connections, a moment behind: routes, their status, and registers that are back.
///
/// Every replica follows on its own; what they write is the same, and the database keeps the newest.
final class ConnectionFollower: Service {
    private let gateways: [String: RPCClient]
    private let routes: RouteStore
    private let lanes: LaneBoard
    private let interval: Duration
    private let logger: Logger
    /// Up to which version each gateway's feed is known.
    private let seen = Mutex<[String: Int]>([:])
    /// When each gateway's feed was last read.
    private let heard = Mutex<[String: Date]>([:])

    init(gateways: [String: RPCClient], routes: RouteStore, lanes: LaneBoard, interval: Duration, logger: Logger) {
        self.gateways = gateways
        self.routes = routes
        self.lanes = lanes
        self.interval = interval
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var failing: Set<String> = []
            var round = 0
            while !Task.isCancelled {
                for gateway in gateways.keys.sorted() {
                    do {
                        try await follow(gateway)
                        if failing.remove(gateway) != nil {
                            logger.info("Gateway answers again", metadata: ["gateway": "\(gateway)"])
                        }
                    } catch is CancellationError {
                        return
                    } catch {
                        // Said once per outage: a gateway that is away is away for every one of these rounds.
                        if failing.insert(gateway).inserted {
                            logger.warning(
                                "Gateway feed not read",
                                metadata: ["gateway": "\(gateway)", "error": "\(error)"]
                            )
                        }
                    }
                }
                // What a crash left half drained, and what parked while its register was already back.
                round += 1
                if round % 5 == 0 { await drainAll() }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Reads what is new in all feeds now.
    ///
    /// Used when an order names a location that is not known yet.
    func refresh() async {
        for gateway in gateways.keys {
            do {
                try await follow(gateway)
            } catch {
                logger.warning("Gateway feed not read", metadata: ["gateway": "\(gateway)", "error": "\(error)"])
            }
        }
    }

    /// When this process last heard from a gateway; `nil` where it never did.
    func heardAt(_ gateway: String) -> Date? { heard.withLock { $0[gateway] } }

    private func follow(_ gateway: String) async throws {
        guard let client = gateways[gateway] else { return }
        while true {
            let since = seen.withLock { $0[gateway] ?? 0 }
            let page = try await client.call(
                PosGatewayV1.listConnections,
                ListConnectionsRequest(sinceVersion: since),
                context: .background(timeout: .seconds(5), logger: logger)
            )
            for connection in page.connections {
                try await routes.apply(connection, gateway: gateway)
                await drain(LaneKey(merchantID: connection.merchantId, locationID: connection.locationId))
            }
            heard.withLock { $0[gateway] = Date() }
            seen.withLock { $0[gateway] = max($0[gateway] ?? 0, page.version) }
            guard page.connections.count == 500 else { return }
        }
    }

    /// Lets a location's parked orders go, where its register is back.
    func drain(_ key: LaneKey) async {
        do {
            if try await routes.drain(key) { lanes.wake(key) }
        } catch {
            logger.warning(
                "Parked orders not looked at",
                metadata: ["location": "\(key.locationID)", "error": "\(error)"]
            )
        }
    }

    private func drainAll() async {
        do {
            for key in try await routes.drainable() { await drain(key) }
        } catch {
            logger.warning("Parked orders not looked at", metadata: ["error": "\(error)"])
        }
    }
}
