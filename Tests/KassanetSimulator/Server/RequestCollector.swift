import NIOCore
import NIOHTTP1

/// Answers whole requests; what the register and the control API look like to a connection.
struct Responder: Sendable {
    let answer: @Sendable (RawRequest) async -> Reply
    /// Told of bytes that were no request.
    let nonsense: @Sendable (String) async -> Void
}

/// Collects the parts of one request after another and has each answered.
///
/// A caller that sends its next request before it has its answer is cut off: nobody here pipelines.
final class RequestCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let largestBody = 8 * 1024 * 1024
    private let responder: Responder
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private let exchange = Exchange()
    /// Whether the caller was cut off; what it still sends is not looked at.
    private var isRefused = false

    /// Whether an answer is still owed on this connection.
    private final class Exchange {
        var isOpen = false
    }

    init(_ responder: Responder) {
        self.responder = responder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !exchange.isOpen else { return refuse("a second request before the first answer", context) }
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= Self.largestBody else { return refuse("a huge body", context) }
            body += part.readableBytesView
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context)
        }
    }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = RawRequest(
            method: head.method.rawValue,
            target: head.uri,
            headers: head.headers.map { ReceivedHeader(name: $0.name, value: $0.value) },
            body: body
        )
        exchange.isOpen = true
        let writer = ReplyWriter(channel: context.channel, keepAlive: head.isKeepAlive)
        let answer = responder.answer
        let answered = context.eventLoop.makePromise(of: Void.self)
        let exchange = NIOLoopBound(exchange, eventLoop: context.eventLoop)
        // The answer's last byte and the end of the exchange meet on the event loop, before the next request is read.
        Task { await writer.write(await answer(request), answered: answered) }
        answered.futureResult.whenComplete { _ in exchange.value.isOpen = false }
    }

    /// Cuts the caller off once it is noted, so that whoever sees the end of the connection finds the note.
    private func refuse(_ detail: String, _ context: ChannelHandlerContext) {
        guard !isRefused else { return }
        isRefused = true
        let nonsense = responder.nonsense
        let channel = context.channel
        Task {
            await nonsense(detail)
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            context.close(promise: nil)
            return
        }
        refuse("\(error)", context)
    }
}
