import ArgumentParser
import ServiceKit

/// The command line of scheduler.
@main
struct SchedulerCommand: AsyncParsableCommand {
    static let purpose = "Will run due tasks: daily menu syncs, connection checks, retention."

    static let configuration = ServiceCommand.configuration(
        "scheduler",
        abstract: "\(purpose) Not built yet: it starts, answers health checks and says what it is.",
        settings: { _ = Configuration($0) }
    )

    func run() async throws {
        let configuration = try await SettingsReader.load(Configuration.init)
        let runtime = ServiceRuntime(
            name: "scheduler",
            purpose: "\(Self.purpose) Not built yet.",
            log: configuration.log
        )
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
