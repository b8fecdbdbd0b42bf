import Foundation
import Hummingbird
import HummingbirdCore
package import Logging
import Metrics
import NIOCore
package import RPCServer
package import ServiceLifecycle
import UnixSignals

/// What every service gets, once: logs, metrics, health, a server, and an orderly end.
package struct ServiceRuntime: Sendable {
    /// The version in `/` and in the logs of a start.
    package static let version = "0.1.0"

    package let name: String
    package let purpose: String
    package let logger: Logger
    private let metrics: PrometheusRegistry

    /// Sets up logging and metrics for the process.
    ///
    /// Once per process.
    package init(name: String, purpose: String, log: LogSettings) {
        self.name = name
        self.purpose = purpose
        let level = log.level
        LoggingSystem.bootstrap { _ in JSONLogHandler(service: name, level: level) }
        metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        logger = Logger(label: name)
    }

    /// A runtime with a logger and metrics of its own, of which a process may have several.
    init(name: String, purpose: String, logger: Logger, metrics: PrometheusRegistry) {
        self.name = name
        self.purpose = purpose
        self.logger = logger
        self.metrics = metrics
    }

    /// An empty set of routes behind the gate that `http` describes.
    package func router(_ http: HTTPSettings) -> RPCRouter {
        RPCRouter(gate: CallGate(callers: http.callers, maxTimeout: http.maxTimeout, logger: logger))
    }

    /// Runs until a signal or a failure: `services` first to last up, the server last, all down in reverse.
    ///
    /// So at the end the server stops taking calls and finishes those it has, then background work hands back what it
    /// holds, then connections close.
    package func run(
        _ services: [any Service],
        serving router: RPCRouter,
        on http: HTTPSettings,
        readiness: [ReadinessCheck] = []
    ) async throws {
        let identity = Identity(service: name, purpose: purpose, version: Self.version)
        router.serveHealth(identity, checks: readiness, metrics: metrics)
        try router.serveDocument(identity)
        let logger = logger
        let server = Application(
            router: router.http,
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: TimeAmount.milliseconds(http.idleTimeout.wholeMilliseconds)
                )
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(http.host, port: http.port),
                serverName: name,
                backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(http.maxConnections, logger: logger)
            ),
            onServerRunning: { channel in
                logger.info(
                    "Service started",
                    metadata: [
                        "address": "\(http.host)", "port": "\(channel.localAddress?.port ?? http.port)",
                        "version": "\(Self.version)",
                    ]
                )
            },
            logger: logger
        )
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) } + [.init(service: server)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = Duration.seconds(30)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartError("Port \(http.port) on \(http.host) is in use. Stop what listens there, or set HTTP_PORT.")
        }
        logger.info("Service stopped")
    }
}

/// Why a service did not start, in a sentence for whoever started it.
package struct StartError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
