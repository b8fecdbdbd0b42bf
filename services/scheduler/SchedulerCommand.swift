import ArgumentParser
import OpenAPI
import ServiceKit

/// The command line of scheduler.
@main
struct SchedulerCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        SchedulerApp.name,
        abstract: "\(SchedulerApp.purpose) It starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, OpenAPICommand<SchedulerApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until stopped (the default).")

        func run() async throws {
            try await SchedulerApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }
}

/// What runs: nothing yet but health checks.
struct SchedulerApp: DescribedService {
    static let name = "scheduler"
    static let purpose = "Will run due tasks: daily menu syncs, connection checks, retention. Not built yet."
    static let operations: [APIOperation] = []

    let configuration: Configuration

    func run() async throws {
        let runtime = ServiceRuntime(name: Self.name, purpose: Self.purpose, log: configuration.log)
        try await runtime.run([], serving: runtime.router(configuration.http), on: configuration.http)
    }
}

/// Every setting of scheduler.
struct Configuration {
    let http: HTTPSettings
    let log: LogSettings

    init(_ settings: SettingsReader) {
        http = HTTPSettings(settings, port: 8085)
        log = LogSettings(settings)
    }
}
