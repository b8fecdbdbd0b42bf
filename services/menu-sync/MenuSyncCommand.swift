import ArgumentParser
import ServiceKit

/// The command line of menu-sync.
@main
struct MenuSyncCommand: AsyncParsableCommand {
    static let configuration = ServiceCommand.configuration(
        MenuSyncApp.name,
        abstract: MenuSyncApp.purpose,
        settings: { _ = Configuration($0) },
        subcommands: [Serve.self, Migrate.self, ImportCommand.self, OpenAPICommand<MenuSyncApp>.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve calls until stopped (the default).")

        func run() async throws {
            try await MenuSyncApp(configuration: SettingsReader.load(Configuration.init)).run()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring the database schema up to date, then exit.")

        func run() async throws {
            let configuration = try await SettingsReader.load(Configuration.init)
            try await migrate(Migrations.all, schema: Migrations.schema, configuration.postgres)
        }
    }
}
