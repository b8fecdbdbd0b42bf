package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
import Synchronization

/// HTTP/1.1 as our services serve it: Hummingbird's, and around it what each connection is held to.
package final class ServedHTTP1: ServerChildChannel {
    private let base: HTTP1Channel
    private let limits: ServerLimits
    private let open = Atomic<Int>(0)

    package struct Value: ServerChildChannelValue {
        let base: HTTP1Channel.Value
        let connection: ServedConnection

        package var channel: any Channel { base.channel }
    }

    init(responder: @escaping HTTPChannelHandler.Responder, limits: ServerLimits) {
        self.limits = limits
        base = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                idleTimeout: TimeAmount(limits.idleTimeout),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.maxHeaderBytes,
                    maxHeaderListSize: limits.maxHeaderBytes,
                    maxHeaderFieldCount: 100
                )
            )
        )
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let count = open.add(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { _ in self.open.subtract(1, ordering: .relaxed) }
        let connection = ServedConnection(isSurplus: count > limits.maxConnections)
        let limits = limits
        return base.setup(channel: channel, logger: logger)
            .map { base in
                // A server that shuts down drops a connection that comes meanwhile, and NIO ends the process for a channel
                // that is dropped before it is closed. So it is kept until then.
                channel.closeFuture.whenComplete { _ in withExtendedLifetime(base) {} }
                do {
                    try Self.hold(channel, to: limits, connection)
                } catch {
                    // Its pipeline is gone already, and so is whoever was at the other end.
                    channel.close(promise: nil)
                }
                if count > limits.maxConnections + ServerLimits.surplus { channel.close(promise: nil) }
                return Value(base: base, connection: connection)
            }
    }

    private static func hold(_ channel: any Channel, to limits: ServerLimits, _ connection: ServedConnection) throws {
        let pipeline = channel.pipeline.syncOperations
        let timer = RequestTimer(limits, connection)
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(timer, position: .after(decoder))
        try pipeline.addHandler(ConnectionPresence(connection, timer), position: .first)
    }

    package func handle(value: Value, logger: Logger) async {
        await ServedConnection.$current.withValue(value.connection) {
            await base.handle(value: value.base, logger: logger)
        }
    }
}

extension HTTPServerBuilder {
    /// The server of our services.
    package static func served(_ limits: ServerLimits = ServerLimits()) -> HTTPServerBuilder {
        HTTPServerBuilder { ServedHTTP1(responder: $0, limits: limits) }
    }
}
