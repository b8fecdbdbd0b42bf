import NIOCore
import NIOHTTP1

/// Closes connections on which a request takes too long to arrive, and those that were answered before it had.
///
/// Hummingbird's own idle timeout starts anew with every piece of a body, so whoever sends a byte a second would stay for
/// ever. The timer is armed once and looks where things stand when it fires: a request in time costs no scheduling.
final class RequestTimer: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Nothing of a request is on its way.
        case quiet
        case headers
        case body
        /// The answer is given and the rest of the request is thrown away.
        case lingering
    }

    private let limits: ServerLimits
    private let connection: ServedConnection
    private var phase = Phase.quiet
    private var phaseEnd = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(_ limits: ServerLimits, _ connection: ServedConnection) {
        self.limits = limits
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    /// Told of all bytes, before anything is made of them.
    func bytesCame() {
        if phase == .quiet { begin(.headers, limits.headerTimeout) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase != .lingering {
            switch unwrapInboundIn(data) {
            case .head: begin(.body, limits.bodyTimeout)
            case .body: break
            case .end: phase = .quiet
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase == .body || connection.isSurplus else {
            context.write(data, promise: promise)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            head.headers.replaceOrAdd(name: "connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            begin(.lingering, ServerLimits.lingering)
        }
    }

    private func begin(_ phase: Phase, _ limit: Duration) {
        self.phase = phase
        phaseEnd = .now() + TimeAmount(limit)
        if timer == nil { arm() }
    }

    private func arm() {
        guard let loop = context?.eventLoop else { return }
        // No later than the shortest phase may need it.
        let soon = NIODeadline.now() + TimeAmount(min(limits.headerTimeout, ServerLimits.lingering))
        timer = loop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: min(phaseEnd, soon)) { self.fired() }
    }

    private func fired() {
        timer = nil
        guard phase != .quiet, let context else { return }
        if phaseEnd <= .now() {
            context.close(promise: nil)
        } else {
            arm()
        }
    }
}
