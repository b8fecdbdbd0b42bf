import Logging
import RPCServer
import ServiceLifecycle

/// A service's HTTP server, which goes down in two steps.
///
/// First it answers every new call, and `/readyz`, with 503, so that callers and balancers turn to others; after the
/// drain delay it stops listening, finishes the calls it has and ends.
struct DrainingServer: Service {
    let server: any Service
    let drain: Drain
    let delay: Duration
    let logger: Logger

    func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: logger)
        )
        // Detached, so that the shutdown of the services around it does not reach it before the delay is over.
        let running = Task.detached { try await group.run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await running.value
            } onGracefulShutdown: {
                drain.begin()
                Task {
                    try? await Task.sleep(for: delay)
                    await group.triggerGracefulShutdown()
                }
            }
        } onCancel: {
            running.cancel()
        }
    }
}
