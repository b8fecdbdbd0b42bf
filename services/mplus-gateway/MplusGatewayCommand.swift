import ArgumentParser
import OpenAPI
import ServiceKit

/// The command line of mplus-gateway.
@main
struct MplusGatewayCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        MplusGatewayApp.name,
        abstract: "\(MplusGatewayApp.purpose) It starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, OpenAPICommand<MplusGatewayApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until stopped (the default).")

        func run() async throws {
            try await MplusGatewayApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }
}

/// What runs: nothing yet but health checks.
struct MplusGatewayApp: DescribedService {
    static let name = "mplus-gateway"
    static let purpose = "Will bring orders to MplusKASSA registers and receive their webhooks. Not built yet."
    static let operations: [APIOperation] = []

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        try await runtime.run([], serving: runtime.router(configuration.http), on: configuration.http)
    }
}

/// Every setting of mplus-gateway.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8082)
        log = LogSettings(settings)
    }
}
