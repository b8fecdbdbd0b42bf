package import Contracts
package import Foundation
package import Logging
package import RPCClient
import ServiceLifecycle
import RPC
import Synchronization

/// Follows the gateways' feeds of connections, a moment behind.
///
/// Calls go one way, down, so what must travel up is followed: connections, their status, what a person asked for in the
/// backoffice, and tombstones. Every replica follows on its own and begins with everything after a start; what is made of an
/// entry must therefore bear repetition, and the newest version must win.
package final class ConnectionFeed: Service {
    /// Takes in one connection of a gateway; throwing leaves it, and all behind it, for the next round.
    package typealias Entry = @Sendable (PosConnection, _ gateway: String) async throws -> Void

    private let gateways: [String: RPCClient]
    private let interval: Duration
    private let logger: Logger
    private let take: Entry
    private let afterRound: (@Sendable () async -> Void)?
    /// Up to which version each gateway's feed is known.
    private let seen = Mutex<[String: Int]>([:])
    /// When each gateway's feed was last read.
    private let heard = Mutex<[String: Date]>([:])

    private static let pageSize = 500

    /// A feed of all gateways, by the names that routes know them by, read every `interval`.
    ///
    /// `afterRound` is what has to be done now and then anyway.
    package init(
        gateways: [String: RPCClient],
        interval: Duration,
        logger: Logger,
        take: @escaping Entry,
        afterRound: (@Sendable () async -> Void)? = nil
    ) {
        self.gateways = gateways
        self.interval = interval
        self.logger = logger
        self.take = take
        self.afterRound = afterRound
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var failing: Set<String> = []
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
                await afterRound?()
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Reads what is new in all feeds now.
    ///
    /// Used when a call names a location that is not known yet.
    package func refresh() async {
        for gateway in gateways.keys {
            do {
                try await follow(gateway)
            } catch {
                logger.warning("Gateway feed not read", metadata: ["gateway": "\(gateway)", "error": "\(error)"])
            }
        }
    }

    /// When this process last heard from a gateway; `nil` where it never did.
    package func heardAt(_ gateway: String) -> Date? { heard.withLock { $0[gateway] } }

    private func follow(_ gateway: String) async throws {
        guard let client = gateways[gateway] else { return }
        while true {
            let since = seen.withLock { $0[gateway] ?? 0 }
            let page = try await client.call(
                PosGatewayV1.listConnections,
                ListConnectionsRequest(sinceVersion: since, limit: Self.pageSize),
                context: .background(timeout: .seconds(5), logger: logger)
            )
            for connection in page.connections { try await take(connection, gateway) }
            heard.withLock { $0[gateway] = Date() }
            seen.withLock { $0[gateway] = max($0[gateway] ?? 0, page.version) }
            guard page.connections.count == Self.pageSize else { return }
        }
    }
}
