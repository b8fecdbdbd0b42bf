package import Hummingbird

/// What Hummingbird carries through one request of a service.
package struct ServiceRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}
