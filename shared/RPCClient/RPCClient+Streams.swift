import AsyncHTTPClient
import Foundation
import NIOCore
package import RPC

extension RPCClient {
    /// Calls a streaming procedure; the elements come as they are asked for.
    ///
    /// Nothing is sent before the first element is asked for. The context's deadline holds until that element; after it
    /// the contract's idle limit holds between elements, and no total. Leaving the loop, or cancelling its task, closes
    /// the connection, which the server's handler notices.
    package func stream<Message, Element>(
        _ stream: RPCStream<Message, Element>,
        _ message: Message,
        context: CallContext
    ) -> RPCElements<Message, Element> {
        RPCElements(client: self, stream: stream, message: message, context: context)
    }
}

/// The elements of one streaming call, for one reader.
///
/// Asking for the next element throws ``RPCError``: what the server said at the end, `unavailable` with the reason
/// `stream_cut` when the connection ended before the server said that the stream had, or what a unary call would throw.
/// No more than one element and one read from the connection are in memory: a reader that takes its time slows the
/// server down.
package struct RPCElements<Message: Codable & Sendable, Element: Codable & Sendable>: AsyncSequence, Sendable {
    let client: RPCClient
    let stream: RPCStream<Message, Element>
    let message: Message
    let context: CallContext

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: StreamReader(client: client, stream: stream, message: message, context: context))
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let reader: StreamReader<Message, Element>

        package mutating func next() async throws -> Element? {
            try await reader.next()
        }
    }
}
