import ArgumentParser
import ServiceKit

/// The command line of mplus-gateway.
@main
struct MplusGatewayCommand: AsyncParsableCommand {
    static let purpose = "Will bring orders to MplusKASSA registers and receive their webhooks."

    static let configuration = ServiceCommand.configuration(
        "mplus-gateway",
        abstract: "\(purpose) Not built yet: it starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) }
    )

    func run() async throws {
        let configuration = try await SettingsReader.load(Configuration.init)
        let runtime = ServiceRuntime(
            name: "mplus-gateway",
            purpose: "\(Self.purpose) Not built yet.",
            log: configuration.log
        )
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
