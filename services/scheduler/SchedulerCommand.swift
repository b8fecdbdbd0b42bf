import ArgumentParser
import ServiceKit

/// The command line of scheduler.
@main
struct SchedulerCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        SchedulerApp.name,
        abstract: SchedulerApp.purpose,
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, Migrate.self, RunCommand.self, OpenAPICommand<SchedulerApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until stopped (the default).")

        func run() async throws {
            try await SchedulerApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database schema up to date, then exit.")

        func run() async throws {
            let configuration = try await SettingsReader.load(Configuration.init)
            try await migrate(SchedulerSchema.migrations, schema: SchedulerSchema.name, configuration.postgres)
        }
    }
}
