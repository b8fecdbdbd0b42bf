package import HummingbirdCore
package import Logging
package import NIOCore

/// HTTP/1.1 as our services serve it: Hummingbird's, and around it what each connection is held to.
package struct ServedHTTP1: ServerChildChannel {
    private let base: HTTP1Channel

    package struct Value: ServerChildChannelValue {
        let base: HTTP1Channel.Value
        let connection: ServedConnection

        package var channel: any Channel { base.channel }
    }

    init(responder: @escaping HTTPChannelHandler.Responder, configuration: HTTP1Channel.Configuration) {
        base = HTTP1Channel(responder: responder, configuration: configuration)
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let connection = ServedConnection()
        return channel.eventLoop
            .makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ConnectionPresence(connection))
            }
            .flatMap { base.setup(channel: channel, logger: logger) }
            .map { Value(base: $0, connection: connection) }
    }

    package func handle(value: Value, logger: Logger) async {
        await ServedConnection.$current.withValue(value.connection) {
            await base.handle(value: value.base, logger: logger)
        }
    }
}

extension HTTPServerBuilder {
    /// The server of our services.
    package static func served(_ configuration: HTTP1Channel.Configuration = .init()) -> HTTPServerBuilder {
        HTTPServerBuilder { ServedHTTP1(responder: $0, configuration: configuration) }
    }
}
