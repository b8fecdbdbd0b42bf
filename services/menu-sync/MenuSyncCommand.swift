import ArgumentParser
import ServiceKit

/// The command line of menu-sync.
@main
struct MenuSyncCommand: AsyncParsableCommand {
    static let purpose = "Will bring menus, tables and stock from the registers."

    static let configuration = ServiceCommand.configuration(
        "menu-sync",
        abstract: "\(purpose) Not built yet: it starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) }
    )

    func run() async throws {
        let configuration = try await SettingsReader.load(Configuration.init)
        let runtime = ServiceRuntime(
            name: "menu-sync",
            purpose: "\(Self.purpose) Not built yet.",
            log: configuration.log
        )
        try await runtime.run([], serving: runtime.router(configuration.http), on: configuration.http)
    }
}

/// Every setting of menu-sync.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8084)
        log = LogSettings(settings)
    }
}
