import NIOCore

/// Stands first in a connection's pipeline and tells its calls when the other side hangs up.
///
/// A caller that closes only its sending half looks the same as one that is gone until something is written to it, so it
/// counts as gone. What that means is each call's business: a read is given up, a write goes on.
final class ConnectionPresence: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let connection: ServedConnection

    init(_ connection: ServedConnection) {
        self.connection = connection
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
