package import Hummingbird
import NIOCore

/// What Hummingbird carries through one request of a service.
package struct ServiceRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The connection the request came on.
    let connection: ServedConnection?
    /// Where that connection's bytes are written.
    let eventLoop: any EventLoop

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        connection = ServedConnection.current
        eventLoop = source.channel.eventLoop
    }
}
