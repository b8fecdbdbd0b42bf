package import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// `SERVICE healthcheck`: whether the service of this container can do its work, for a container engine that asks.
///
/// Ends with 0 when `/readyz` answers 200, else with 1 and the answer.
package struct HealthCheck: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Ask the service on this machine whether it is ready; for a container's health check."
    )

    @Option(help: "The service's port; HTTP_PORT without it.")
    package var port: Int?

    package init() {}

    package func run() async throws {
        let named = ProcessInfo.processInfo.environment["HTTP_PORT"].flatMap(Int.init)
        guard let port = port ?? named, (1...65_535).contains(port) else {
            throw ValidationError("Set HTTP_PORT or give --port: the port that the service listens on.")
        }
        let answer = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "http://127.0.0.1:\(port)/readyz"),
            timeout: .seconds(4)
        )
        let body = try await answer.body.collect(upTo: 64 * 1024)
        guard answer.status == .ok else {
            print(String(buffer: body))
            throw ExitCode(1)
        }
    }
}
