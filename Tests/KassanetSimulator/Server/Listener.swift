import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A port that HTTP is served on, which can be shut and opened again.
actor Listener {
    nonisolated let host: String
    private let responder: Responder
    private let connections = OpenConnections()
    private var server: (any Channel)?
    /// Keeps a port that was not asked for by number while the listener is shut.
    private var hold: PortHold?
    /// The port that was asked for, and once it is open the one that was given, for good.
    private(set) var port: Int

    init(host: String, port: Int, responder: Responder) {
        self.host = host
        self.port = port
        self.responder = responder
    }

    /// Opens the port, if it is not.
    func open() async throws {
        guard server == nil else { return }
        let responder = responder
        let connections = connections
        connections.welcome()
        if port == 0 {
            let hold = try PortHold()
            self.hold = hold
            port = hold.port
        }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(
                ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SO_REUSEPORT),
                value: hold == nil ? 0 : 1
            )
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.add(channel) else { throw ChannelError.ioOnClosedChannel }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false,
                        withErrorHandling: false
                    )
                    try channel.pipeline.syncOperations.addHandler(RequestCollector(responder))
                }
            }
            .bind(host: host, port: port)
            .get()
        server = channel
        port = channel.localAddress?.port ?? port
    }

    /// Shuts the port, so that connecting is refused, and drops every open connection.
    func shut() async {
        guard let server else { return }
        self.server = nil
        try? await server.close()
        for connection in connections.turnAway() { await connection.reset() }
    }
}

/// The connections that are open now.
private final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var areWelcome = true
    }

    private let state = Mutex(State())

    func welcome() { state.withLock { $0.areWelcome = true } }

    /// The open connections, after which no other is let in.
    func turnAway() -> [any Channel] {
        state.withLock {
            $0.areWelcome = false
            return Array($0.channels.values)
        }
    }

    /// Lets a connection in; false when it came as the port was being shut.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isWelcome = state.withLock {
            if $0.areWelcome { $0.channels[id] = channel }
            return $0.areWelcome
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.channels.removeValue(forKey: id) }
        }
        return isWelcome
    }
}
