import AsyncHTTPClient
package import RPCClient
package import Secrets
import ServiceLifecycle

/// The clients of a process for calls to other services of ours, over one pool of connections.
///
/// As a service it keeps the pool open until graceful shutdown.
package struct InternalCalls: Service {
    private let token: Secret
    private let http = HTTPClient.forInternalCalls()

    package init(token: Secret) {
        self.token = token
    }

    /// A client for the service at an address.
    package func client(_ baseURL: String) -> RPCClient {
        RPCClient(baseURL: baseURL, token: token, http: http)
    }

    package func run() async throws {
        try? await gracefulShutdown()
        try await close()
    }

    /// Closes the pool, for a command that is no service.
    package func close() async throws {
        try await http.shutdown()
    }
}
