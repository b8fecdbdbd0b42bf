import Foundation
import Synchronization

/// A TCP proxy on the loopback interface that breaks connections in chosen ways.
package final class FaultProxy: Sendable {
    package enum Behavior: Sendable, Hashable {
        case forward
        /// Connections stay open and nothing passes, in either direction.
        case blackHole
        /// Once the client has sent this text, the server gets it and the client's connection is cut before the answer.
        case loseAnswer(to: String)
        /// New connections are closed at once.
        case refuse
    }

    package enum Target: Sendable {
        case socket(String)
        case port(Int)
    }

    private struct Shared {
        var behavior = Behavior.forward
        var open: [StreamSocket] = []
        var isStopped = false
    }

    package let port: Int
    private let listener: StreamSocket
    private let target: Target
    private let shared = Mutex(Shared())

    package init(to target: Target) throws {
        self.target = target
        listener = try StreamSocket.listening(port: 0)
        port = try listener.port()
        Self.onThread("proxy") {
            while let client = self.listener.accepted() {
                self.serve(client)
            }
        }
    }

    package func behave(_ behavior: Behavior) {
        shared.withLock { $0.behavior = behavior }
    }

    /// Cuts every connection there is.
    package func cut() {
        // With the lock held: once a socket is closed, its descriptor may be somebody else's.
        shared.withLock { shared in
            for socket in shared.open { socket.shutDown() }
        }
    }

    /// Stops listening and cuts every connection.
    package func stop() {
        shared.withLock { $0.isStopped = true }
        listener.shutDown()
        cut()
    }

    // MARK: -

    private func serve(_ client: StreamSocket) {
        guard shared.withLock({ $0.behavior != .refuse && !$0.isStopped }), let server = try? connect() else {
            return client.close()
        }
        shared.withLock { $0.open += [client, server] }
        let isAnswerLost = Flag()
        let pumps = DispatchGroup()
        pumps.enter()
        pumps.enter()
        Self.onThread("proxy-up") {
            self.pump(from: client, to: server) { bytes in
                if case .loseAnswer(let text) = self.shared.withLock(\.behavior), bytes.contains(Array(text.utf8)) {
                    isAnswerLost.raise()
                }
                return true
            }
            pumps.leave()
        }
        Self.onThread("proxy-down") {
            self.pump(from: server, to: client) { _ in !isAnswerLost.isRaised }
            pumps.leave()
        }
        Self.onThread("proxy-end") {
            pumps.wait()
            self.shared.withLock { shared in
                shared.open.removeAll { $0.descriptor == client.descriptor || $0.descriptor == server.descriptor }
            }
            client.close()
            server.close()
        }
    }

    private func connect() throws -> StreamSocket {
        switch target {
        case .socket(let path): try StreamSocket.connected(toSocket: path)
        case .port(let port): try StreamSocket.connected(toPort: port)
        }
    }

    /// Passes bytes on until one side ends or `passes` says no; then ends both.
    private func pump(from source: StreamSocket, to sink: StreamSocket, _ passes: ([UInt8]) -> Bool) {
        while let bytes = source.read(), passes(bytes) {
            guard shared.withLock({ $0.behavior != .blackHole }) else {
                continue
            }
            guard sink.write(bytes) else {
                break
            }
        }
        source.shutDown()
        sink.shutDown()
    }

    private static func onThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread { body() }
        thread.name = name
        thread.start()
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .acquiring) }

    func raise() {
        value.store(true, ordering: .releasing)
    }
}
