import NIOCore

/// Stands first in a connection's pipeline, where it sees bytes come and the other side hang up.
///
/// A caller that closes only its sending half looks the same as one that is gone until something is written to it, so it
/// counts as gone. What that means is each call's business: a read is given up, a write goes on.
final class ConnectionPresence: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let connection: ServedConnection
    private let timer: RequestTimer

    init(_ connection: ServedConnection, _ timer: RequestTimer) {
        self.connection = connection
        self.timer = timer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        timer.bytesCame()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.hangUp()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { connection.hangUp() }
        context.fireUserInboundEventTriggered(event)
    }
}
