import ArgumentParser
import OpenAPI
import ServiceKit

/// The command line of menu-sync.
@main
struct MenuSyncCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        MenuSyncApp.name,
        abstract: "\(MenuSyncApp.purpose) It starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, OpenAPICommand<MenuSyncApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until stopped (the default).")

        func run() async throws {
            try await MenuSyncApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }
}

/// What runs: nothing yet but health checks.
struct MenuSyncApp: DescribedService {
    static let name = "menu-sync"
    static let purpose = "Will bring menus, tables and stock from the registers. Not built yet."
    static let operations: [APIOperation] = []

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
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
