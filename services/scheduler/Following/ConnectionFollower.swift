import Contracts
import Following
import Logging
import RPCClient
import ServiceLifecycle

/// Keeps daily times and tests of connections as the gateways' feeds have them.
///
/// Every replica follows on its own; what they write is the same, and the database keeps the newest.
struct ConnectionFollower: Service {
    private let feed: ConnectionFeed

    init(gateways: [String: RPCClient], connections: ConnectionStore, interval: Duration, logger: Logger) {
        feed = ConnectionFeed(
            gateways: gateways,
            interval: interval,
            logger: logger,
            take: { connection, gateway in try await connections.apply(connection, gateway: gateway) }
        )
    }

    func run() async throws { try await feed.run() }

    /// Reads what is new in all feeds now.
    func refresh() async { await feed.refresh() }
}
